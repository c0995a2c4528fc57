"""FastGAN's generator (Liu et al., ICLR 2021) as projected GANs have it: gated blocks; low maps weigh high ones."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.mapping import VectorMapping
from fauxto.nn.spectral_norm import spectrally_normalise

MULTIPLES = {4: 16, 8: 8, 16: 4, 32: 2, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
"""Channels at each side, in multiples of the width."""

REACH = 16
"""A map of side s weighs the channels of the one of side 16 s, from 64 to 512 pixels."""


class Excitation(nn.Module):
    """`(n, low, s, s)` to weights in (0, 1) of the channels of a higher map, `(n, high, 1, 1)`."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(low, high, 4, bias=False)
        self.excite = nn.Conv2d(high, high, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return torch.sigmoid(self.excite(functional.silu(self.squeeze(functional.adaptive_avg_pool2d(x, 4)))))


class LearnedNoise(nn.Module):
    """`(n, c, h, w)` plus one plane of noise a picture, times a weight that begins at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return x + self.weight * torch.randn(len(x), 1, *x.shape[2:]).to(x)


class FastGAN(nn.Module):
    """Latents `(n, latent_size)`, brought to a mean square of 1, to pictures `(n, 3, resolution, resolution)`.

    About [-1, 1], but not bounded. `width` 128 is the published one; `lite` has one convolution a block, else two, each
    with noise; all are spectrally normalised. With `vectors` of classes, `(classes, v)`, latents and labels are mapped
    to a style of `style_size` numbers, which stands in the latent's place and sets every batch norm. Errors: InputError
    for a resolution other than 8, 16, 32 to 1024, or for no labels where there are classes.
    """

    def __init__(
        self,
        resolution: int = 256,
        latent_size: int = 64,
        *,
        width: int = 128,
        lite: bool = True,
        vectors: Tensor | None = None,
        style_size: int = 512,
    ) -> None:
        super().__init__()
        if resolution not in MULTIPLES or resolution == 4:
            raise InputError(f"FastGAN has no {resolution} pixels.", fix=f"Use one of {list(MULTIPLES)[1:]}.")
        self.resolution, self.latent_size, self.classes, self.codes = resolution, latent_size, 0, None
        self.mapping = None
        seed, style = latent_size, 0
        if vectors is not None:
            self.mapping, self.classes = VectorMapping(latent_size, vectors, style_size), len(vectors)
            seed = style = style_size
        channels = {side: max(1, int(width * multiple)) for side, multiple in MULTIPLES.items() if side <= resolution}
        first = nn.ConvTranspose2d(seed, 2 * channels[4], 4, bias=False)
        self.first = nn.Sequential(first, nn.BatchNorm2d(2 * channels[4]), nn.GLU(1))
        self.ups = nn.ModuleDict(
            {str(side): _up(before, channels[side], lite, style) for before, side in _steps(channels)},
        )
        weighed = [side for side in channels if 64 <= side <= 512]
        self.weigh = nn.ModuleDict({str(side): Excitation(channels[side // REACH], channels[side]) for side in weighed})
        self.to_rgb = nn.Conv2d(channels[resolution], 3, 3, 1, 1)
        spectrally_normalise(self)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class; without vectors it has no use for labels."""
        if self.mapping is None:
            start = latents * (latents.square().mean(1, keepdim=True) + 1e-8).rsqrt()
        else:
            start = self.mapping(latents, labels)
        x = self.first(start[:, :, None, None])
        maps = {4: x}
        for name, up in self.ups.items():
            side = int(name)
            x = up(x, start)
            if name in self.weigh:
                x = x * self.weigh[name](maps[side // REACH])
            maps[side] = x
        return self.to_rgb(x)


def _steps(channels: dict[int, int]) -> list[tuple[int, int]]:
    """The channels before each side above the first, and that side."""
    return [(channels[before], side) for before, side in itertools.pairwise(channels)]


class Up(nn.Sequential):
    """Layers in a row, of which conditional norms see the style, too."""

    def forward(self, x: Tensor, style: Tensor) -> Tensor:  # type: ignore[override]
        """See the class."""
        for layer in self:
            x = layer(x, style) if isinstance(layer, ConditionalBatchNorm) else layer(x)
        return x


def _norm(channels: int, style: int) -> nn.Module:
    """Batch norm with torch's own addend; a conditional one where there is a style."""
    return ConditionalBatchNorm(channels, style, epsilon=1e-5, bias=True) if style else nn.BatchNorm2d(channels)


def _up(before: int, after: int, lite: bool, style: int) -> Up:
    """Twice the side by repetition, then one gated convolution, or two with noise."""
    layers: list[nn.Module] = [nn.Upsample(scale_factor=2, mode="nearest")]
    for channels in (before,) if lite else (before, after):
        layers.append(nn.Conv2d(channels, 2 * after, 3, 1, 1, bias=False))
        layers += [] if lite else [LearnedNoise()]
        layers += [_norm(2 * after, style), nn.GLU(1)]
    return Up(*layers)
