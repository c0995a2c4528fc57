"""The DCGAN pair of Chandrasegaran et al., CVPR 2021, with the last up-sampling as an argument."""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from torch import Tensor, nn

from fauxto.nn.last_upsampler import BASELINE, last_upsampling


class ConvGenerator(nn.Module):
    """Latent `(n, latent)` to pictures `(n, channels, s, s)` in [-1, 1], s = 4 x 2^doublings.

    Transposed convolutions with batch norm and ReLU up to half the side, then `setup`, then tanh. With the defaults
    128 pixels, 3.8 M parameters, 0.14 GMAC; names and shapes are those of the released checkpoints' `G.`.
    """

    def __init__(
        self, setup: str = BASELINE, *, latent: int = 128, dim: int = 32, doublings: int = 5, channels: int = 3
    ) -> None:
        super().__init__()
        self.latent, self.side = latent, 4 * 2**doublings
        widths = [min(dim * 2**k, dim * 16) for k in range(doublings - 1, -1, -1)]
        layers: list[nn.Module] = [_unit(nn.ConvTranspose2d(latent, widths[0], 4, 1, 0, bias=False))]
        for before, width in itertools.pairwise(widths):
            layers.append(_unit(nn.ConvTranspose2d(before, width, 4, 2, 1, bias=False)))
        self.net = nn.Sequential(*layers, *last_upsampling(setup, widths[-1], channels), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """The pictures."""
        return self.net(z[:, :, None, None])


class ConvDiscriminator(nn.Module):
    """Pictures `(n, channels, s, s)` to logits `(n,)`, higher = real, s = 4 x 2^halvings.

    `norm` "batch" is for DCGAN and LSGAN, "layer" (one group) for the gradient penalty. Names are those of the released
    checkpoints' `D.`.
    """

    def __init__(
        self, *, dim: int = 32, halvings: int = 5, norm: Literal["batch", "layer"] = "batch", channels: int = 3
    ) -> None:
        super().__init__()
        widths = [min(dim * 2**k, dim * 16) for k in range(halvings)]
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for before, width in itertools.pairwise(widths):
            normalise = nn.BatchNorm2d(width) if norm == "batch" else nn.GroupNorm(1, width)
            convolution = nn.Conv2d(before, width, 4, 2, 1, bias=False)
            layers.append(nn.Sequential(convolution, normalise, nn.LeakyReLU(0.2)))
        self.net = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 0))

    def forward(self, pixels: Tensor) -> Tensor:
        """The logits."""
        return torch.flatten(self.net(pixels))


def _unit(convolution: nn.ConvTranspose2d) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU())
