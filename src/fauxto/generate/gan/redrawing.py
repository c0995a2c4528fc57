"""A generator and an encoder that redraw pictures together: where pictures lie among styles, and which lie nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.generate.gan.statistics import untracked
from fauxto.nn.equalized import EqualLinear
from fauxto.nn.feature_distance import FeatureDistance
from fauxto.nn.stylegan2_discriminator import StyleBody


class Encoder(nn.Module):
    """Pictures `(n, 3, s, s)` in [-1, 1] to styles `(n, style_size)`; each picture by itself."""

    def __init__(self, resolution: int, style_size: int, *, channel_base: int, channel_max: int = 512) -> None:
        super().__init__()
        self.body = StyleBody(resolution, channel_base=channel_base, channel_max=channel_max, group=1)
        self.head = EqualLinear(self.body.features, style_size)

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        return self.head(self.body(pictures))


class Redrawing:
    """An encoder and a generator that learn to redraw real pictures, and what they cannot."""

    def __init__(
        self, generator: Any, encoder: nn.Module, distance: FeatureDistance, *, rate: float = 2.5e-3, beta1: float = 0.0
    ) -> None:
        self.generator, self.encoder, self.distance = generator, encoder, distance
        self.quiet = {"noise": "none"} if hasattr(generator.synthesis, "noise_shapes") else {}
        moving = [*encoder.parameters(), *generator.synthesis.parameters()]
        self.optimizer = torch.optim.Adam(moving, rate, betas=(beta1, 0.99), fused=True)
        self.loss = torch.zeros(())

    def losses(self, real: Tensor, latents: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """LPIPS and mean squares of redrawn `real`, in [-1, 1]; and of the styles read in pictures of `latents`."""
        redrawn = self.redrawn(real)
        seen, square = self.distance(_unit(real), _unit(redrawn)).mean(), (real - redrawn).square().mean()
        if latents is None:
            return seen, square, square.new_zeros(())
        with torch.no_grad(), untracked(self.generator):
            styles = self.generator.styles(latents)
            made = self.generator.synthesis(styles)
        return seen, square, (self.encoder(made) - styles[:, 0]).square().mean()

    def turn(self, real: Tensor, latents: Tensor | None = None) -> None:
        """One step of both; without latents nothing is asked of the encoder on generated pictures."""
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.stack(self.losses(real, latents)).sum()
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.loss = loss.detach()

    def redrawn(self, pictures: Tensor, **options: Any) -> Tensor:
        """G(E(x)) of pictures in [-1, 1]."""
        styles = self.encoder(pictures)
        drawn: Tensor = self.generator.synthesis(styles[:, None].expand(-1, self.generator.style_count, -1), **options)
        return drawn

    @torch.no_grad()
    def scores(self, pixels: np.ndarray, batch: int = 64) -> np.ndarray:
        """LPIPS of uint8 pictures `(n, s, s, 3)` and themselves redrawn, float64 `(n,)`: high for outliers."""
        device, found = next(self.encoder.parameters()).device, []
        for start in range(0, len(pixels), batch):
            part = torch.from_numpy(np.array(pixels[start : start + batch])).to(device)
            real = part.permute(0, 3, 1, 2).float() / 127.5 - 1
            found.append(self.distance(_unit(real), _unit(self.redrawn(real, **self.quiet)).clamp(0, 1)))
        return torch.cat(found).double().cpu().numpy()


def _unit(pictures: Tensor) -> Tensor:
    """[-1, 1] to [0, 1]."""
    return pictures / 2 + 0.5
