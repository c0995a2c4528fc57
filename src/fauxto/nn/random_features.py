"""An untrained network as a yardstick: seeded random filters, their mean and their deviation over the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = (32, 64, 128)


class RandomFeatures(nn.Module):
    """Three strided 3 x 3 convolutions with He's normal weights; each map gives its channels' means and deviations.

    Pixels `(n, 3, 64, 64)` in [0, 1] to `(n, 448)`. The weights follow from `seed` alone, on every machine.
    """

    size, width = 64, 2 * sum(CHANNELS)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        before, layers = 3, []
        for channels in CHANNELS:
            layer = nn.Conv2d(before, channels, 3, 2, 1, bias=False)
            drawn = torch.randn(layer.weight.shape, generator=generator) * (2 / (before * 9)) ** 0.5
            layer.weight = nn.Parameter(drawn, requires_grad=False)
            layers.append(layer)
            before = channels
        self.layers = nn.ModuleList(layers)
        self.identity = f"random-features-{'x'.join(map(str, CHANNELS))}-seed{seed}"

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class; other sides are computed too."""
        x, found = 4 * pixels - 2, []
        for layer in self.layers:
            x = functional.relu(layer(x))
            mean = x.mean((2, 3))
            found += [mean, (x.square().mean((2, 3)) - mean.square()).clamp_min(0).add(1e-8).sqrt()]
        return torch.cat(found, 1)
