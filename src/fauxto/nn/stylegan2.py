"""StyleGAN2's synthesis network (Karras et al., CVPR 2020) in plain torch: styles to pictures, entered where one likes.

Styles are W `(n, style_size)`, one for all layers, or W+ `(n, style_count, style_size)`, one a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from fauxto.errors import InputError
from fauxto.nn.equalized import GAIN, EqualLinear, binomial, leaky
from fauxto.nn.modulated import modulated_conv
from fauxto.nn.upfirdn import upsample

Noise = Literal["random", "fixed", "none"] | Sequence[Tensor]
"""New noise every time, the layers' own, none, or maps that broadcast to `(n, 1, side, side)`, one a layer."""


class Feature(NamedTuple):
    """The state of a synthesis behind the stage of one resolution: `map` `(n, c, s, s)`, `image` so far or None."""

    resolution: int
    map: Tensor
    image: Tensor | None


def channels_at(resolution: int, base: int, most: int) -> int:
    """The published rule for the width of a stage: `base / resolution`, at most `most`."""
    return max(min(base // resolution, most), 1)


class StyleLayer(nn.Module):
    """Modulated 3x3 convolution, perhaps with twice the sides, plus noise of a learned strength, bias, leaky ReLU."""

    def __init__(
        self, channels_in: int, channels_out: int, style_size: int, side: int, *, up: bool, clamp: float | None
    ) -> None:
        super().__init__()
        self.side, self.clamp = side, clamp
        self.affine = EqualLinear(style_size, channels_in, bias_start=1.0)
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.noise: Tensor
        self.register_buffer("noise", torch.randn(side, side))
        self.taps: Tensor | None
        self.register_buffer("taps", binomial() if up else None, persistent=False)

    def forward(self, x: Tensor, style: Tensor, noise: Literal["random", "fixed", "none"] | Tensor) -> Tensor:
        """`(n, in, h, w)` and `(n, style_size)` to `(n, out, side, side)`."""
        x = modulated_conv(x, self.weight, self.affine(style), padding=1, up=self.taps)
        if isinstance(noise, Tensor):
            x = x + noise * self.noise_strength
        elif noise == "random":
            x = x + torch.randn_like(x[:, :1]) * self.noise_strength
        elif noise == "fixed":
            x = x + self.noise * self.noise_strength
        return leaky(x + self.bias[:, None, None], GAIN, self.clamp)


class ToColours(nn.Module):
    """A modulated 1x1 convolution without demodulation: a map to the three colours that it adds to the picture."""

    def __init__(self, channels: int, style_size: int, colours: int = 3, clamp: float | None = None) -> None:
        super().__init__()
        self.affine = EqualLinear(style_size, channels, bias_start=1.0)
        self.weight = nn.Parameter(torch.randn(colours, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(colours))
        self.scale, self.clamp = channels**-0.5, clamp

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """`(n, c, h, w)` to `(n, colours, h, w)`."""
        x = modulated_conv(x, self.weight, self.affine(style) * self.scale, demodulate=False)
        x = x + self.bias[:, None, None]
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class Stage(nn.Module):
    """The layers of one resolution: one at 4 pixels, else two, of which the first doubles, and the colours."""

    def __init__(self, channels_in: int, channels: int, style_size: int, side: int, clamp: float | None) -> None:
        super().__init__()
        self.layers = nn.ModuleList()
        if channels_in:
            self.layers.append(StyleLayer(channels_in, channels, style_size, side, up=True, clamp=clamp))
        self.layers.append(StyleLayer(channels, channels, style_size, side, up=False, clamp=clamp))
        self.to_colours = ToColours(channels, style_size, clamp=clamp)


class Synthesis(nn.Module):
    """A learned 4x4 map, stages that double it, and the sum of their colours, each up-sampled to the next.

    Stage k takes style 2k - 1 and 2k for its layers (stage 0 one layer and style 0) and 2k + 1 for its colours, which
    the next stage's first layer shares: 2 log2(resolution) - 2 styles. `clamp` 256 is for half precision. Pictures are
    not bounded, about [-1, 1].
    """

    def __init__(
        self,
        resolution: int,
        style_size: int = 512,
        *,
        channel_base: int = 32768,
        channel_max: int = 512,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        if resolution < 8 or resolution & (resolution - 1):
            raise InputError(f"StyleGAN2 makes pictures of 8, 16, 32, ... pixels; got {resolution}.", fix="Give one.")
        self.resolution, self.style_size = resolution, style_size
        self.sides = [2**k for k in range(2, resolution.bit_length())]
        self.style_count = 2 * len(self.sides)
        widths = [channels_at(side, channel_base, channel_max) for side in self.sides]
        self.start = nn.Parameter(torch.randn(widths[0], 4, 4))
        self.stages = nn.ModuleList(
            Stage(before, width, style_size, side, clamp)
            for before, width, side in zip([0, *widths], widths, self.sides, strict=False)
        )
        self.taps: Tensor
        self.register_buffer("taps", binomial(), persistent=False)

    @property
    def noise_shapes(self) -> list[tuple[int, int]]:
        """The sides of every layer's noise, in order."""
        return [(layer.side, layer.side) for stage in self.stages for layer in stage.layers]  # type: ignore

    def forward(self, styles: Tensor, noise: Noise = "random") -> Tensor:
        """Pictures `(n, 3, resolution, resolution)`."""
        return self.onward(None, styles, noise)

    def feature(self, styles: Tensor, resolution: int, noise: Noise = "random") -> Feature:
        """The state behind the stage of `resolution`; styles for later layers may be missing."""
        return self._run(None, styles, noise, resolution)

    def onward(self, feature: Feature | None, styles: Tensor, noise: Noise = "random") -> Tensor:
        """The picture from a state on, or from the start. Styles and noise are those of all layers; early ones rest."""
        image = self._run(feature, styles, noise, self.resolution).image
        assert image is not None
        return image

    def _run(self, feature: Feature | None, styles: Tensor, noise: Noise, last: int) -> Feature:
        """Stages behind `feature` up to the resolution `last`."""
        if last not in self.sides or (feature is not None and feature.resolution not in self.sides):
            raise InputError(
                f"This network has stages of {self.sides} pixels.", fix="Enter and leave at one of these resolutions."
            )
        if styles.ndim == 2:
            styles = styles[:, None].expand(-1, self.style_count, -1)
        for index, side in enumerate(self.sides):
            if feature is not None and side <= feature.resolution:
                continue
            if side > last:
                break
            feature = self._stage(index, feature, styles, noise)
        assert feature is not None
        return feature

    def _stage(self, index: int, feature: Feature | None, styles: Tensor, noise: Noise) -> Feature:
        """One stage."""
        stage, first = self.stages[index], max(2 * index - 1, 0)
        x = self.start.expand(styles.shape[0], -1, -1, -1) if feature is None else feature.map
        for offset, layer in enumerate(stage.layers):  # type: ignore[arg-type]
            x = layer(x, styles[:, first + offset], noise if isinstance(noise, str) else noise[first + offset])
        image = stage.to_colours(x, styles[:, 2 * index + 1])  # type: ignore[operator]
        if feature is not None and feature.image is not None:
            image = image + upsample(feature.image, self.taps)
        return Feature(self.sides[index], x, image)
