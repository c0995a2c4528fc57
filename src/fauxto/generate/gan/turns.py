"""The discriminator's and the generator's turn: from pictures and latents to the scalar that each minimises.

Nothing here moves a weight. Pictures are `(n, 3, h, w)` in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from fauxto.generate.gan import penalties
from fauxto.generate.gan.ada import augment
from fauxto.generate.gan.adaptive import Controller, deceived
from fauxto.generate.gan.adversarial import count_of_best, feature_matching
from fauxto.generate.gan.blur import blurred
from fauxto.generate.gan.consistency import agreement, flipped_and_shifted
from fauxto.generate.gan.diffaugment import diffaugment
from fauxto.generate.gan.interface import Judgement
from fauxto.generate.gan.latent_step import improved
from fauxto.generate.gan.latents import Draw
from fauxto.generate.gan.lecam import LeCam
from fauxto.generate.gan.legal import DOUBLED
from fauxto.generate.gan.networks import Pair, sees_its_batch
from fauxto.generate.gan.objective import (
    adversarial_for_discriminator,
    adversarial_for_generator,
    class_loss_for_discriminator,
    class_loss_for_generator,
    code_loss,
    outputs,
)
from fauxto.generate.gan.path_length import PathLength
from fauxto.generate.gan.statistics import untracked
from fauxto.generate.gan.weight_bounds import orthogonality

BLURRED_BATCHES = 200_000 / 32
"""Over so many batches of real pictures StyleGAN3-r's blur fades."""


@dataclass
class Table:
    """Two networks at play, and what the regularizers and the augmentation remember from turn to turn.

    `pictures_seen` counts real pictures, `step` the generator's steps; `epoch` is how often the data were gone through.
    """

    pair: Pair
    lecam: LeCam
    path: PathLength
    controller: Controller
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    step: int = 0
    pictures_seen: int = 0
    epoch: int = 0
    signs: Tensor = field(default_factory=lambda: torch.zeros(()))
    judged: int = 0
    """The sum of the signs of real logits, and how many, that the controller has not been told yet."""
    notes: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, pair: Pair) -> Table:
        """A table at which nothing was played yet."""
        regularizers, shown = pair.recipe.regularizers, pair.recipe.augmentation
        return cls(
            pair,
            LeCam(regularizers.lecam_decay),
            PathLength(regularizers.path_decay),
            Controller(shown.target, shown.kilo_images, shown.interval, shown.start),
        )

    def __post_init__(self) -> None:
        self.fused = not sees_its_batch(self.pair.discriminator)

    def shown(self, pictures: Tensor) -> Tensor:
        """What the discriminator gets to see of pictures."""
        how = self.pair.recipe.augmentation
        if how.blur:
            fading = self.pair.recipe.optimization.batch * BLURRED_BATCHES
            pictures = blurred(pictures, how.blur, self.pictures_seen / fading)
        if how.kind == "diffaugment":
            return diffaugment(pictures, how.cutout)
        return augment(pictures, self.controller.p, how.policy) if how.kind == "ada" else pictures

    def judge(self, pictures: Tensor, labels: Tensor | None) -> Judgement:
        """The discriminator's words; it is told the label only where it asks for one."""
        return self.pair.discriminator(pictures, labels if self.pair.recipe.conditioning.method != "none" else None)

    def judge_both(
        self, real: Tensor, real_labels: Tensor | None, fake: Tensor, labels: Tensor | None
    ) -> tuple[Judgement, Judgement]:
        """Real and generated pictures in one pass where no picture can see the others, else in two."""
        if not self.fused or len(real) != len(fake):
            return self.judge(real, real_labels), self.judge(fake, labels)
        both = None if real_labels is None or labels is None else torch.cat((real_labels, labels))
        said = self.judge(torch.cat((real, fake)), both)
        return halved(said, 0, len(real)), halved(said, len(real), 2 * len(real))

    def drawn(self, count: int) -> Draw:
        """Latents and labels on the device."""
        draw = self.pair.draw(count)
        return draw._replace(
            latents=draw.latents.to(self.device), labels=None if draw.labels is None else draw.labels.to(self.device)
        )

    def optimised(self, draw: Draw) -> tuple[Draw, Tensor | None]:
        """Latents after LOGAN's step, where the recipe has it, and the mean squared step; codes stay."""
        how = self.pair.recipe.regularizers
        if not how.latent_step:
            return draw, None
        size = self.pair.generator.latent_size
        codes = draw.latents[:, size:]

        def score(latents: Tensor) -> Tensor:
            made = self.pair.generate(torch.cat((latents, codes), 1), draw.labels)
            return self.judge(made, draw.labels).adversarial

        moved, cost = improved(
            draw.latents[:, :size], score, rate=how.latent_share, alpha=how.latent_alpha, beta=how.latent_beta
        )
        return draw._replace(latents=torch.cat((moved, codes), 1)), cost

    def near(self, draw: Draw) -> Tensor:
        """Latents a small random step away; codes stay."""
        step = torch.zeros_like(draw.latents)
        size = self.pair.generator.latent_size
        step[:, :size] = torch.randn(len(step), size).to(step) * self.pair.recipe.regularizers.latent_radius
        return draw.latents + step


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


def halved(said: Judgement, start: int, end: int) -> Judgement:
    """What was said of some of the pictures only."""

    def part(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value[start:end]
        return value if value is None else type(value)(*map(part, value))

    return Judgement(*map(part, said))


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
