"""A style-based generator: a mapping network and a synthesis network, joined at the styles."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from fauxto.nn.mapping import Mapping


class StyleNetwork(nn.Module):
    """`(latents, labels)` to pictures; `synthesis` is StyleGAN2's or StyleGAN3's.

    `codes` are InfoGAN's, whose numbers stand behind the latent; `classes` those of the data, where the mapping itself
    ignores labels. Extra arguments of a call go to the synthesis.
    """

    def __init__(self, mapping: Mapping, synthesis: Any, codes: Any = None, classes: int | None = None) -> None:
        super().__init__()
        self.mapping, self.synthesis, self.codes = mapping, synthesis, codes
        self.classes = mapping.classes if classes is None else classes
        self.resolution = int(synthesis.resolution)
        self.latent_size = mapping.latent_size - (codes.width if codes is not None else 0)
        self.style_count, self.style_size = int(synthesis.style_count), int(synthesis.style_size)

    def styles(
        self, latents: Tensor, labels: Tensor | None = None, *, truncation: float = 1.0, cutoff: int | None = None
    ) -> Tensor:
        """W+ `(n, style_count, style_size)`; the first `cutoff` (None: all) pulled to the mean style by truncation."""
        styles = self.mapping(latents, labels)[:, None].repeat(1, self.style_count, 1)
        if truncation == 1:
            return styles
        cutoff = self.style_count if cutoff is None else cutoff
        return torch.cat([self.mapping.mean.lerp(styles[:, :cutoff], truncation), styles[:, cutoff:]], 1)

    def forward(
        self, latents: Tensor, labels: Tensor | None = None, *, truncation: float = 1.0, **options: Any
    ) -> Tensor:
        """Pictures `(n, 3, resolution, resolution)`, about [-1, 1]."""
        return self.synthesis(self.styles(latents, labels, truncation=truncation), **options)

    @torch.no_grad()
    def gather_mean(self, count: int = 4096, random: torch.Generator | None = None) -> None:
        """Set the mean style from `count` latents, for checkpoints that do not hold it; classes drawn alike."""
        latents = torch.randn(count, self.mapping.latent_size, generator=random).to(self.mapping.mean)
        labels = None
        if self.classes:
            labels = torch.randint(self.classes, (count,), generator=random).to(self.mapping.mean.device)
        tracking, self.mapping.tracking = self.mapping.tracking, False
        self.mapping.mean.copy_(self.mapping(latents, labels).mean(0))
        self.mapping.tracking = tracking
