"""A generator whose own noise stands still: the same picture for the same latent, every time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from fauxto.nn.fastgan import LearnedNoise


class Still:
    """`still(latents, labels)` and, of a StyleGAN, `still.of_styles(styles)`: pictures `(n, 3, h, w)` in [-1, 1].

    StyleGAN2's layers add the noise that their checkpoint holds, FastGAN's that of a seed, alike in every picture.
    """

    def __init__(self, generator: Any) -> None:
        self.generator = generator
        self.latent_size: int = generator.latent_size
        self.classes: int = generator.classes
        self.resolution: int = generator.resolution
        self.codes: Any = generator.codes

    def __call__(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class."""
        if hasattr(self.generator, "synthesis"):
            return self.of_styles(self.generator.styles(latents, labels))
        if not adds_noise(self.generator):
            made: Tensor = self.generator(latents, labels)
            return made
        rows = []
        for row in range(len(latents)):
            with seeded_noise(0):
                rows.append(self.generator(latents[row : row + 1], None if labels is None else labels[row : row + 1]))
        return torch.cat(rows)

    def of_styles(self, styles: Tensor) -> Tensor:
        """See the class; styles are W+ `(n, style_count, style_size)`."""
        synthesis = self.generator.synthesis
        made: Tensor = synthesis(styles, "fixed") if hasattr(synthesis, "noise_shapes") else synthesis(styles)
        return made


def adds_noise(generator: nn.Module) -> bool:
    """Whether layers draw noise of their own that nobody can hand them (FastGAN's)."""
    return any(isinstance(module, LearnedNoise) for module in generator.modules())


@contextmanager
def seeded_noise(seed: int) -> Iterator[None]:
    """Inside, what layers draw on the CPU depends on the seed alone; the caller's random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
