"""HP-GAN (Neural Networks, 2026): a projected GAN whose judges must agree, and whose generator must not repeat itself.

Frozen pretrained networks see for the discriminator. Discriminator consistency: through whatever network a picture is
seen, its mean logit is to be the same. FakeTwins: two pictures of nearly one latent are to have one embedding, whose
numbers say different things over the batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from fauxto.catalog import Card, Input, Weights
from fauxto.data.picture_set import PictureSet
from fauxto.errors import InputError
from fauxto.generate.gan import StudioGAN
from fauxto.generate.gan.adversarial import OBJECTIVES
from fauxto.generate.gan.batches import Batches
from fauxto.generate.gan.blur import blurred
from fauxto.generate.gan.class_vectors import class_vectors
from fauxto.generate.gan.ema import WeightAverage, ramped_decay
from fauxto.generate.gan.fit import fit
from fauxto.generate.gan.networks import Pair, make
from fauxto.generate.gan.plan import Fitted, Plan
from fauxto.generate.gan.projected import ProjectedDiscriminator
from fauxto.generate.gan.recipe import Recipe, Regularizers
from fauxto.generate.gan.run_folder import RunFolder
from fauxto.generate.gan.statistics import untracked
from fauxto.generate.gan.turns import only
from fauxto.learn.resume import average_gradients
from fauxto.nn.barlow import TwinProjector, cross_correlation, redundancy
from fauxto.nn.pyramid import EfficientNetPyramid, Pyramid
from fauxto.nn.towers import fingerprint

HINGE = OBJECTIVES["hinge"]

CARD = Card(
    slug="hp-gan",
    kinds=("generator",),
    title="HP-GAN: harnessing pretrained networks for GAN improvement with FakeTwins and discriminator consistency",
    venue="Neural Networks",
    year=2026,
    idea="In a projected GAN, make the discriminators of all pretrained networks give a picture the same mean score, "
    "and decorrelate the pretrained features of generated pictures over a batch by Barlow Twins' loss.",
    input=Input(size=None, resize="required", crop="whole pictures of 32 to 512 pixels", range="RGB in [-1, 1]"),
    output="pictures, uint8 RGB",
    claim="Seen through frozen networks the same generator comes nearer to the data than with a discriminator of raw "
    "pixels; consistency halves the judges' disagreement at no cost in FID; FakeTwins raises coverage of few pictures "
    "without a loss of precision, and not when both views are one picture.",
    weights=(
        Weights(
            name="G_ema of seven data sets",
            url="https://github.com/higun2/HP-GAN",
            licence="MIT, StyleGAN files NVIDIA source code licence; those of the weights are not stated",
            layout="pickles of classes of the authors' own, which are not read",
        ),
    ),
    choices=(
        "The released adversarial loss is a sum over the pictures of a device, eight in the recipe, where the other "
        "two are means: `summed` is that eight, and 1 makes it a mean too.",
        "FakeTwins divides by the pictures that are there; the released code divides parts of a batch by all of it.",
        "FakeTwins' passes do not go through the heads, whose batch statistics the released code moves by them.",
        "Its projector learns with the generator's optimizer: Adam's steps are each weight's own.",
        "The released factors of lazy regularisation on rates and betas are left out: no regularizer runs.",
        "With three networks or more consistency is the mean over pairs; with one there is none.",
        "Any tower of the house can stand where the released code has a distilled DeiT, which `nn.deit` reads; "
        "EfficientNet-Lite0 is normalised as its own package says.",
        "Spectral norms add 1e-6 to the vectors' lengths, not 1e-12.",
        "What is known of classes is what the first network sees in their pictures, brought to a mean square of 1, "
        "unless vectors are given: those of ImageNet's classes are read out of their pickle.",
        "The map of a class' vector has a leaky ReLU, as the released code has it; each noise of the conditional "
        "generator has its own weight, where the released blocks share one; no mean style of a class is kept.",
    ),
    fails_on=(
        "Consistency can be had by making all logits small: watch their spread.",
        "Networks trained on ImageNet flatter an FID in Inception's features: score in another network as well.",
    ),
    source="https://arxiv.org/abs/2602.03039",
)


def disagreement(logits: Sequence[Tensor]) -> Tensor:
    """Mean squared difference of two networks' mean logits of a picture, over pictures and pairs of networks.

    `logits` has `(n, patches)` of each network, in which the numbers of patches may differ.
    """
    means = [table.mean(1) for table in logits]
    pairs = [(a - b).square().mean() for a, b in itertools.combinations(means, 2)]
    return torch.stack(pairs).mean() if pairs else logits[0].new_zeros(())


def perturbed(latents: Tensor, reach: float = 0.1) -> Tensor:
    """Each number z moved by normal noise of `reach` times |z|, the latter at most 3."""
    return latents + torch.randn_like(latents) * reach * latents.abs().clamp(max=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What the losses weigh; `blurred_for` is over how many pictures the blur fades."""

    consistency: float = 1.0
    twins: float = 0.02
    summed: float = 8.0
    """What the mean adversarial loss of a network is multiplied by: see the card."""
    reach: float = 0.1
    blurred_for: float = 200_000


class Judges:
    """A generator, its discriminator of frozen networks, the projector of FakeTwins, and what each of them minimises.

    The pair's own discriminator is left out; what is new has its weights from the seed. With `vectors` of classes,
    `(classes, v)`, both players are told the class, and begin with what the vectors say of it.
    """

    def __init__(
        self,
        pair: Pair,
        pyramids: Sequence[Pyramid],
        weighing: Weighing,
        *,
        width: int = 64,
        vectors: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        self.weighing, self.blur = weighing, 0.0
        cutout = pair.recipe.augmentation.cutout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.discriminator = ProjectedDiscriminator(pyramids, width=width, cutout=cutout, vectors=vectors)
            self.projector = TwinProjector(self.discriminator.embedding_size)
        if vectors is not None:
            with torch.no_grad():
                pair.generator.mapping.labels.vectors.copy_(vectors)
        self.generator, self.pair = pair.generator, replace(pair, discriminator=self.discriminator)
        for network in (self.generator, self.discriminator, self.projector):
            network.train()

    def judged(
        self, real: Tensor, latents: Tensor, labels: Tensor | None = None, drawn: Tensor | None = None
    ) -> Tensor:
        """What the discriminator minimises; `labels` are those of the real pictures, `drawn` of the latents."""
        with torch.no_grad(), untracked(self.generator):
            fake = self.pair.generate(latents, drawn)
        shown = ((real, labels), (fake, drawn))
        of_real, of_fake = (self.discriminator(blurred(pictures, self.blur, 0), told) for pictures, told in shown)
        hinge = torch.stack([HINGE.discriminator(r, f) for r, f in zip(of_real, of_fake, strict=True)]).sum()
        agreed = disagreement(of_real) + disagreement(of_fake)
        return self.weighing.summed * hinge + self.weighing.consistency * agreed

    def pleased(self, latents: Tensor, drawn: Tensor | None = None) -> Tensor:
        """What the generator and the projector minimise."""
        fake = self.pair.generate(latents, drawn)
        logits = self.discriminator(blurred(fake, self.blur, 0), drawn)
        loss = self.weighing.summed * torch.stack([HINGE.generator(table) for table in logits]).sum()
        loss = loss + self.weighing.consistency * disagreement(logits)
        if not self.weighing.twins:
            return loss
        first, second = (self.projector(view) for view in self.views(latents, fake, drawn))
        return loss + self.weighing.twins * redundancy(cross_correlation(first, second))

    def views(self, latents: Tensor, fake: Tensor, drawn: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """FakeTwins: the embeddings of pictures and, without a gradient, of those of perturbed latents."""
        with torch.no_grad(), untracked(self.generator):
            nearby = self.pair.generate(perturbed(latents, self.weighing.reach), drawn)
        return self.discriminator.embedding(fake), self.discriminator.embedding(nearby)


class Play:
    """An HP-GAN in training, as `gan.fit` wants it: a turn of the generator a step, then one of the discriminator."""

    def __init__(
        self,
        fabric: Fabric,
        recipe: Recipe,
        pictures: PictureSet,
        plan: Plan,
        saved: dict[str, Any],
        *,
        judges: Callable[..., Judges],
    ) -> None:
        self.fabric, self.recipe, self.plan = fabric, recipe, plan
        pair = make(recipe, len(pictures.classes), plan.seed)
        self.judges = judges(pair, seed=plan.seed)
        self.pair, self.number, how = self.judges.pair, 0, recipe.optimization
        generator, discriminator, projector = self.judges.generator, self.judges.discriminator, self.judges.projector
        for network in (generator, discriminator, projector):
            network.to(fabric.device)
        average = recipe.average
        self.average = WeightAverage(generator, average.decay or 0.0, average.start, average_buffers=False)
        settings: dict[str, Any] = {"betas": (how.beta1, how.beta2), "eps": how.epsilon, "fused": True}
        self.learners = [*generator.parameters(), *projector.parameters()], discriminator.learners()
        rates = how.generator_rate, how.discriminator_rate
        first, second = (torch.optim.Adam(p, r, **settings) for p, r in zip(self.learners, rates, strict=True))
        self.optimizers = first, second
        self.parts = {
            "generator": generator,
            "average": self.average.network,
            "projector": projector,
            "heads": discriminator.heads,
            "projections": discriminator.projections,
            "generator_steps": first,
            "discriminator_steps": second,
        }
        if saved:
            self.number = saved["step"]
            for name, part in self.parts.items():
                part.load_state_dict(saved[name])
        self.losses = torch.zeros(2)
        self.batches = Batches(
            pictures,
            how.batch,
            plan.seed,
            mirror=recipe.augmentation.mirror,
            rank=fabric.global_rank,
            world=fabric.world_size,
        )

    @property
    def drawn_from(self) -> Any:
        """The average of the generator."""
        return self.average.network

    def step(self) -> None:
        """See the class; all that is random in it follows from seed, step and process."""
        torch.manual_seed(self.plan.seed * 1_000_003 + self.number + self.fabric.global_rank * 2**40)
        how, fades = self.recipe.optimization, self.judges.weighing.blurred_for
        self.judges.blur = self.recipe.augmentation.blur * max(0.0, 1 - self.number * how.batch / fades)
        real, labels = self.batches.take(self.number, self.fabric.device)
        labels = labels if self.recipe.conditional else None
        losses = []
        for moving, optimizer in zip(self.learners, self.optimizers, strict=True):
            draw = self.pair.draw(len(real))
            latents = draw.latents.to(self.fabric.device)
            drawn = None if draw.labels is None else draw.labels.to(self.fabric.device)
            with only(moving, self.judges.generator, self.judges.projector, self.judges.discriminator.heads):
                with self.fabric.autocast():
                    if optimizer is self.optimizers[0]:
                        loss = self.judges.pleased(latents, drawn)
                    else:
                        loss = self.judges.judged(real, latents, labels, drawn)
                self.fabric.backward(loss)
            average_gradients(self.fabric, moving)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach().float())
        self.number, self.losses = self.number + 1, torch.stack(losses)
        average, decay = self.recipe.average, None
        if average.half_life is not None:
            decay = ramped_decay(how.batch, self.number, average.half_life * 1000, average.rampup)
        self.average.update(self.judges.generator, self.number, decay)

    def unsound(self) -> list[str]:
        """The losses that are no numbers."""
        names = ("generator", "discriminator")
        return [name for name, loss in zip(names, self.losses, strict=True) if not bool(loss.isfinite())]

    def notes(self) -> dict[str, float]:
        """Both losses, and how many real pictures were seen."""
        generator, discriminator = self.losses.tolist()
        seen = self.number * self.recipe.optimization.batch
        return {"generator": generator, "discriminator": discriminator, "pictures": seen}

    def state(self) -> dict[str, Any]:
        """All but the frozen networks, which are the caller's."""
        return {"step": self.number} | {name: part.state_dict() for name, part in self.parts.items()}


class HPGAN(StudioGAN):
    """The generator of a recipe, `fastgan` by default, judged through the pyramids of frozen networks.

    Without pyramids EfficientNet-Lite0 of its PyPI package is the only one; consistency needs two. `width` is that of
    the random projection. A recipe with classes is FastGAN's with conditioning "projection" and generator_conditioning
    "norm"; `vectors` `(classes, v)` are what is known of them (`gan.class_vectors`), by default what the first pyramid
    sees in the training pictures of each. Loading and sampling are StudioGAN's, and so is `fauxto generate sample`.
    Errors: InputError for a recipe with other uses of classes, or with more than HP-GAN has; WeightError when the
    package is missing.
    """

    card = CARD

    def __init__(
        self,
        recipe: str | Path | Recipe = "fastgan",
        pyramids: Sequence[Pyramid] | None = None,
        weighing: Weighing | None = None,
        *,
        width: int = 64,
        vectors: Tensor | None = None,
    ) -> None:
        super().__init__(recipe)
        if self.recipe.conditional and self._uses != ("fastgan", "projection", "norm"):
            raise InputError(
                "HP-GAN uses classes in FastGAN's norms, and by the projection of its discriminator.",
                fix='Give fastgan with conditioning "projection" and generator_conditioning "norm", or no classes.',
            )
        if vectors is not None and (not self.recipe.conditional or vectors.ndim != 2):
            raise InputError(
                "Vectors are a table (classes, numbers), for a recipe with classes.", fix="Leave them out."
            )
        how = self.recipe.optimization
        turns = how.accumulate, how.generator_steps, how.discriminator_steps
        if self.recipe.regularizers != Regularizers() or self.recipe.loss != "hinge" or turns != (1, 1, 1):
            raise InputError(
                "HP-GAN has the hinge loss, one turn of each player a step, and no regularizers but its own.",
                fix="Give a recipe with the same, such as fastgan.",
            )
        self.pyramids = [EfficientNetPyramid()] if pyramids is None else list(pyramids)
        self.weighing, self.width, self.vectors = weighing or Weighing(), width, vectors

    @property
    def _uses(self) -> tuple[str, str, str]:
        """The recipe's architecture, and what its two networks do with a class."""
        return self.recipe.architecture, self.recipe.conditioning.method, self.recipe.generator_conditioning

    def train(
        self,
        pictures: PictureSet,
        folder: str | Path,
        plan: Plan | None = None,
        *,
        evaluate: Callable[[Any], float] | None = None,
    ) -> Fitted:
        """Train on pictures in memory, resuming what lies in `folder`; `fit` takes a manifest or a folder of pictures.

        `evaluate(generator)` is a number that is better when lower. Errors: those of `gan.fit.fit`.
        """
        vectors = self._vectors_of(pictures)
        recipe = self.recipe
        if vectors is not None:
            recipe = replace(recipe, generator={**recipe.generator, "vectors": vectors.shape[1]})
        judges = partial(Judges, pyramids=self.pyramids, weighing=self.weighing, width=self.width, vectors=vectors)
        settled = {
            "system": CARD.slug,
            "networks": [fingerprint("pyramid", pyramid.state_dict()) for pyramid in self.pyramids],
            "width": self.width,
            **({} if vectors is None else {"vectors": fingerprint("vectors", {"vectors": vectors})}),
            **asdict(self.weighing),
        }
        start = partial(Play, judges=judges)
        fitted = fit(recipe, pictures, folder, plan, evaluate=evaluate, start=start, settled=settled)
        self.trained = RunFolder(Path(folder)).load()
        return fitted

    def _vectors_of(self, pictures: PictureSet) -> Tensor | None:
        """One vector a class of the pictures, None without classes. Errors: InputError when they do not fit."""
        classes = len(pictures.classes)
        if not self.recipe.conditional or classes < 2:  # the latter is refused by `fit`
            return None
        if self.vectors is None:
            return class_vectors(self.pyramids[0], pictures.pixels, pictures.labels, classes)
        if len(self.vectors) != classes:
            raise InputError(
                f"There are vectors of {len(self.vectors)} classes, and pictures of {classes}.",
                fix="Give one vector a class, in the order of the classes' names.",
            )
        return self.vectors
