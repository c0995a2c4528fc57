"""Two networks at play, and what their turns share and remember."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fauxto.generate.gan.ada import augment
from fauxto.generate.gan.adaptive import Controller
from fauxto.generate.gan.blur import blurred
from fauxto.generate.gan.diffaugment import diffaugment
from fauxto.generate.gan.interface import Judgement
from fauxto.generate.gan.latent_step import improved
from fauxto.generate.gan.latents import Draw
from fauxto.generate.gan.lecam import LeCam
from fauxto.generate.gan.networks import Pair, sees_its_batch
from fauxto.generate.gan.path_length import PathLength

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


def halved(said: Judgement, start: int, end: int) -> Judgement:
    """What was said of some of the pictures only."""

    def part(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value[start:end]
        return value if value is None else type(value)(*map(part, value))

    return Judgement(*map(part, said))
