"""What each player minimises, given what the discriminator said: the adversarial loss and that of the conditioning."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from fauxto.generate.gan.adversarial import OBJECTIVES, best, multi_hinge
from fauxto.generate.gan.class_losses import contrastive, data_to_data, fake_label, gaussian_code_loss, real_label
from fauxto.generate.gan.interface import CodeGuess, Judgement
from fauxto.generate.gan.latents import Draw
from fauxto.generate.gan.recipe import Recipe


def adversarial_for_discriminator(recipe: Recipe, real: Judgement, fake: Judgement, labels: Tensor | None) -> Tensor:
    """The discriminator's adversarial loss; `labels` are those of the real pictures."""
    if recipe.loss != "multi_hinge":
        return OBJECTIVES[recipe.loss].discriminator(real.adversarial, fake.adversarial)
    assert real.margins is not None and fake.margins is not None and labels is not None
    none_of_them = torch.full_like(labels[:1], fake.margins.shape[1] - 1).expand(len(fake.margins))
    return multi_hinge(real.margins, labels) + multi_hinge(fake.margins, none_of_them)


def adversarial_for_generator(recipe: Recipe, fake: Judgement, labels: Tensor | None, count: int) -> Tensor:
    """The generator's adversarial loss over the `count` pictures that are taken for real most."""
    if recipe.loss != "multi_hinge":
        return OBJECTIVES[recipe.loss].generator(best(fake.adversarial, count))
    assert fake.margins is not None and labels is not None
    return recipe.class_loss.multi_hinge * multi_hinge(fake.margins, labels)


def class_loss_for_discriminator(
    recipe: Recipe, real: Judgement, fake: Judgement, real_labels: Tensor, fake_labels: Tensor
) -> Tensor:
    """Real pictures are told by class; fakes only by the twin, or as classes of their own."""
    weights = recipe.class_loss
    total = weights.weight * _class_loss(recipe, real, real_labels)
    match recipe.conditioning.auxiliary:
        case "twin":
            total = total + weights.twin_discriminator * _class_loss(recipe, fake, fake_labels, twin=True)
        case "discriminative":
            total = total + weights.weight * _class_loss(recipe, fake, fake_labels, as_fake=True)
    return total


def class_loss_for_generator(recipe: Recipe, fake: Judgement, labels: Tensor) -> Tensor:
    """Fakes should be told by class, and not by the twin, nor as fakes of their class."""
    weights = recipe.class_loss
    total = weights.weight * _class_loss(recipe, fake, labels)
    match recipe.conditioning.auxiliary:
        case "twin":
            total = total - weights.twin_generator * _class_loss(recipe, fake, labels, twin=True)
        case "discriminative":
            total = total - weights.weight * _class_loss(recipe, fake, labels, as_fake=True)
    return total


def code_loss(guess: CodeGuess, drawn: Draw) -> Tensor:
    """InfoGAN: cross-entropy of the discrete codes, summed, and the likelihood of the continuous ones."""
    terms = []
    if guess.logits is not None:
        assert drawn.discrete is not None
        target = drawn.discrete.to(guess.logits.device)
        terms.append(cross_entropy(guess.logits.flatten(0, 1), target.flatten()) * target.shape[1])
    if guess.mean is not None:
        assert drawn.continuous is not None and guess.variance is not None
        terms.append(gaussian_code_loss(drawn.continuous.to(guess.mean.device), guess.mean, guess.variance))
    return torch.stack(terms).sum()


def outputs(said: Judgement) -> tuple[Tensor, ...]:
    """What consistency compares: the logit, and what tells the class, where there is such an output."""
    return tuple(part for part in (said.adversarial, said.class_logits, said.embedding) if part is not None)


def _class_loss(
    recipe: Recipe, said: Judgement, labels: Tensor, *, twin: bool = False, as_fake: bool = False
) -> Tensor:
    weights = recipe.class_loss
    if recipe.conditioning.method == "classifier":
        logits = said.twin_logits if twin else said.class_logits
        assert logits is not None
        if recipe.conditioning.auxiliary == "discriminative":
            labels = fake_label(labels) if as_fake else real_label(labels)
        return cross_entropy(logits, labels)
    embedding = said.twin_embedding if twin else said.embedding
    proxy = said.twin_proxy if twin else said.fake_proxy if as_fake else said.proxy
    assert embedding is not None and proxy is not None
    if recipe.conditioning.method == "contrastive":
        return contrastive(embedding, proxy, labels, weights.temperature)
    return data_to_data(embedding, proxy, labels, weights.margin, weights.temperature, released=weights.released)
