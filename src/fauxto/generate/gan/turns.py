"""The discriminator's and the generator's turn: from pictures and latents to the scalar that each minimises.

Nothing here moves a weight. Pictures are `(n, 3, h, w)` in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn

from fauxto.generate.gan import penalties
from fauxto.generate.gan.adaptive import deceived
from fauxto.generate.gan.adversarial import count_of_best, feature_matching
from fauxto.generate.gan.consistency import agreement, flipped_and_shifted
from fauxto.generate.gan.interface import Judgement
from fauxto.generate.gan.latents import Draw
from fauxto.generate.gan.legal import DOUBLED
from fauxto.generate.gan.objective import (
    adversarial_for_discriminator,
    adversarial_for_generator,
    class_loss_for_discriminator,
    class_loss_for_generator,
    code_loss,
    outputs,
)
from fauxto.generate.gan.statistics import untracked
from fauxto.generate.gan.table import Table
from fauxto.generate.gan.weight_bounds import orthogonality


def discriminator_turn(table: Table, real: Tensor, labels: Tensor | None, draw: Draw, turn: int) -> Tensor:
    """The discriminator's loss; `turn` counts its turns from 0."""
    recipe, how, pair = table.pair.recipe, table.pair.recipe.regularizers, table.pair
    with untracked(pair.generator):
        draw, cost = table.optimised(draw)
        with nullcontext() if how.latent_step else torch.no_grad():
            fake = pair.generate(draw.latents, draw.labels)
    if recipe.augmentation.pseudo:
        real = deceived(real, fake, table.controller.p)
    said = table.judge_both(table.shown(real), labels, table.shown(fake), draw.labels)
    signs, logits = said[0].adversarial.detach().sign().sum(), [part.adversarial.detach().mean() for part in said]
    if recipe.augmentation.adaptive:
        table.signs = table.signs.to(signs.device) + signs
        table.judged += len(real)
    table.notes |= {"real_logit": logits[0], "fake_logit": logits[1]}
    loss = adversarial_for_discriminator(recipe, *said, labels)
    for part in said:
        loss = loss if part.penalty is None else loss + part.penalty
    if recipe.conditioning.method in DOUBLED:
        assert labels is not None and draw.labels is not None
        told = class_loss_for_discriminator(recipe, *said, labels, draw.labels)
        table.notes["class_loss"] = told.detach()
        loss = loss + told
    if cost is not None:
        loss = loss + how.latent_step * cost
    seen = real, labels, fake
    for term in (*_consistency(table, seen, draw, said), *_slopes(table, seen)):
        loss = loss + term
    if how.lecam:
        table.lecam.follow(*(part.adversarial for part in said))
        if table.step > how.lecam_start:
            loss = loss + how.lecam * table.lecam(*(part.adversarial for part in said))
    if (how.r1 or how.r2) and not how.flat_apart and turn % how.flat_every == 0:
        loss = loss + flat_turn(table, real, labels, draw)
    return loss


Seen = tuple[Tensor, Tensor | None, Tensor]
"""Real pictures, their labels, generated pictures."""


def _consistency(table: Table, seen: Seen, draw: Draw, said: tuple[Judgement, Judgement]) -> Iterator[Tensor]:
    """CR or bCR on changed pictures, zCR on those of nearby latents; each weighted."""
    (real, labels, fake), how = seen, table.pair.recipe.regularizers
    of_real, of_fake = map(outputs, said)
    if how.consistency or how.balanced_real:
        again = table.judge(flipped_and_shifted(real), labels)
        yield (how.consistency or how.balanced_real) * agreement(of_real, outputs(again))
    if how.balanced_fake:
        again = table.judge(flipped_and_shifted(fake), draw.labels)
        yield how.balanced_fake * agreement(of_fake, outputs(again))
    if how.latent_discriminator:
        with torch.no_grad(), untracked(table.pair.generator):
            nearby = table.pair.generate(table.near(draw), draw.labels)
        yield how.latent_discriminator * agreement(of_fake, outputs(table.judge(nearby, draw.labels)))


def _slopes(table: Table, seen: Seen) -> Iterator[Tensor]:
    """The gradient penalties on pictures as they are, each weighted; labels are those of the real ones."""
    (real, labels, fake), how = seen, table.pair.recipe.regularizers

    def logits(pictures: Tensor) -> Tensor:
        return table.judge(pictures, labels).adversarial

    if how.gradient_penalty:
        yield how.gradient_penalty * penalties.unit_slope(logits, penalties.between(real, fake))
    if how.dragan:
        yield how.dragan * penalties.unit_slope(logits, penalties.around(real))
    if how.steepest:
        yield how.steepest * penalties.steepest(logits, penalties.between(real, fake))


def flat_turn(table: Table, real: Tensor, labels: Tensor | None, draw: Draw) -> Tensor:
    """R1 and R2 alone, as many times as strong as they are rare."""
    how = table.pair.recipe.regularizers
    loss = torch.zeros((), device=real.device)
    if how.r1:
        loss = loss + how.r1 * penalties.flat(lambda x: table.judge(table.shown(x), labels).adversarial, real)
    if how.r2:
        with torch.no_grad(), untracked(table.pair.generator):
            fake = table.pair.generate(draw.latents, draw.labels)
        loss = loss + how.r2 * penalties.flat(lambda x: table.judge(table.shown(x), draw.labels).adversarial, fake)
    return loss * how.flat_every


def generator_turn(table: Table, draw: Draw, real: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
    """The generator's loss; real pictures and their labels only where features are matched."""
    recipe, how, pair = table.pair.recipe, table.pair.recipe.regularizers, table.pair
    drawn, cost = table.optimised(draw)
    fake = pair.generate(drawn.latents, drawn.labels)
    said = table.judge(table.shown(fake), drawn.labels)
    count = len(fake)
    if how.top_k < 1:
        count = count_of_best(table.epoch, count, how.top_k, how.top_k_least)
    loss = adversarial_for_generator(recipe, said, drawn.labels, count)
    loss = loss if said.penalty is None else loss + said.penalty
    if recipe.conditioning.method in DOUBLED:
        assert drawn.labels is not None
        loss = loss + class_loss_for_generator(recipe, said, drawn.labels)
    if cost is not None:
        loss = loss + how.latent_step * cost
    if how.feature_matching:
        assert real is not None
        with torch.no_grad():
            features = table.judge(table.shown(real), labels).features
        loss = loss + how.feature_matching * feature_matching(features, said.features)
    if how.latent_generator:
        with untracked(pair.generator):
            nearby = pair.generate(table.near(drawn), drawn.labels)
        loss = loss - how.latent_generator * (fake - nearby).square().mean()
    if said.codes is not None:
        loss = loss + recipe.class_loss.code * code_loss(said.codes, drawn)
    if how.orthogonality:
        loss = loss + how.orthogonality * orthogonality(pair.generator)
    return loss


def path_turn(table: Table, draw: Draw) -> Tensor:
    """Path length alone, as many times as strong as it is rare."""
    pair, how = table.pair, table.pair.recipe.regularizers
    labels = draw.labels if pair.recipe.generator_conditioning != "none" else None
    with untracked(pair.generator):
        styles = pair.mixed_styles(draw.latents, labels)
        return how.path_length * how.path_every * table.path(pair.generator.synthesis(styles), styles)


@contextmanager
def only(moving: list[nn.Parameter], *networks: nn.Module) -> Iterator[None]:
    """Inside, only `moving` parameters of the networks ask for gradients; after it all do again."""
    chosen = {id(parameter) for parameter in moving}
    every = [parameter for network in networks for parameter in network.parameters()]
    for parameter in every:
        parameter.requires_grad_(id(parameter) in chosen)
    try:
        yield
    finally:
        for parameter in every:
            parameter.requires_grad_(True)
