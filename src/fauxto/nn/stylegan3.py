"""StyleGAN3's synthesis (Karras et al., NeurIPS 2021) in plain torch: no layer makes frequencies that it cannot hold.

Configuration t is equivariant to translation (3x3 convolutions, separable filters), r to rotation too (1x1, radial
filters, twice the channels).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.equalized import EqualLinear, leaky
from fauxto.nn.lowpass import lowpass
from fauxto.nn.modulated import modulated_conv
from fauxto.nn.tracked import Tracked
from fauxto.nn.upfirdn import upfirdn

FILTER_SIZE = 6
"""Taps of a resampling filter for each pixel of the slower rate."""

OUTPUT_SCALE = 0.25


class Signal(NamedTuple):
    """What a layer's output is as a signal: `side` in pixels, `rate`, `cutoff` and `half_width` in cycles a picture."""

    channels: int
    side: int
    rate: int
    cutoff: float
    half_width: float


def plan(
    resolution: int,
    *,
    layers: int = 14,
    critical: int = 2,
    channel_base: int = 32768,
    channel_max: int = 512,
    first_cutoff: float = 2.0,
    first_stopband: float = 2**2.1,
    last_stopband: float = 2**0.3,
    margin: int = 10,
) -> list[Signal]:
    """The signals behind every layer and the colours, `layers` + 1; the network's input is like the first.

    Cutoffs and stopbands grow geometrically up to the last `critical` layers, which are sampled critically
    (`last_stopband` is relative to the cutoff); the rate is the power of 2 that holds the stopband; maps have `margin`
    pixels around the picture but for the last two.
    """
    exponents = np.minimum(np.arange(layers + 1) / (layers - critical), 1)
    last = resolution / 2
    cutoffs = first_cutoff * (last / first_cutoff) ** exponents
    stopbands = first_stopband * (last * last_stopband / first_stopband) ** exponents
    rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, resolution))))
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    sides = rates + 2 * margin
    sides[-2:] = resolution
    channels = np.rint(np.minimum(channel_base / 2 / cutoffs, channel_max))
    channels[-1] = 3
    columns = (channels.astype(int), sides.astype(int), rates.astype(int), cutoffs, half_widths)
    return [
        Signal(max(int(channels), 1), int(side), int(rate), float(cutoff), float(half_width))
        for channels, side, rate, cutoff, half_width in zip(*columns, strict=True)
    ]


class FourierInput(nn.Module):
    """Sines of fixed random frequencies on a grid that the style turns and shifts: `(n, style_size)` to a map.

    `transform` is a matrix of one's own, applied to the grid of the picture (inverse, homogeneous coordinates).
    """

    def __init__(self, signal: Signal, style_size: int) -> None:
        super().__init__()
        self.signal = signal
        frequencies = torch.randn(signal.channels, 2)
        radii = frequencies.square().sum(1, keepdim=True).sqrt()
        frequencies = frequencies / (radii * radii.square().exp().pow(0.25)) * signal.cutoff  # uniform on a disc
        self.weight = nn.Parameter(torch.randn(signal.channels, signal.channels))
        self.affine = EqualLinear(style_size, 4)
        with torch.no_grad():
            self.affine.weight.zero_()
            self.affine.bias.copy_(torch.tensor([1.0, 0, 0, 0]))  # type: ignore[union-attr]
        self.transform: Tensor
        self.frequencies: Tensor
        self.phases: Tensor
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("frequencies", frequencies)
        self.register_buffer("phases", torch.rand(signal.channels) - 0.5)

    def forward(self, style: Tensor) -> Tensor:
        """`(n, channels, side, side)`."""
        signal = self.signal
        turn = self.affine(style)
        turn = turn / turn[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, right, down = turn.unbind(1)
        zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
        rotation = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one], 1).unflatten(1, (3, 3))
        shift = torch.stack([one, zero, -right, zero, one, -down, zero, zero, one], 1).unflatten(1, (3, 3))
        moved = rotation @ shift @ self.transform
        phases = self.phases + (self.frequencies @ moved[:, :2, 2:])[..., 0]
        frequencies = self.frequencies @ moved[:, :2, :2]
        beyond = (frequencies.norm(dim=2) - signal.cutoff) / (signal.rate / 2 - signal.cutoff)
        amplitudes = (1 - beyond).clamp(0, 1)  # a transform that shrinks must not alias
        steps = (torch.arange(signal.side, device=style.device, dtype=style.dtype) + 0.5) / signal.side * 2 - 1
        steps = steps * (0.5 * signal.side / signal.rate)
        along_x = frequencies[:, :, 0, None] * steps
        along_y = frequencies[:, :, 1, None] * steps
        angles = along_x[:, :, None, :] + along_y[:, :, :, None] + phases[:, :, None, None]
        waves = torch.sin(2 * math.pi * angles) * amplitudes[:, :, None, None]
        return torch.einsum("oc,nchw->nohw", self.weight / math.sqrt(signal.channels), waves)


class AliasFreeLayer(Tracked):
    """Modulated convolution, bias, and a leaky ReLU at a rate that holds what it makes, between two low passes.

    `colours` is the last layer: 1x1, no demodulation, no nonlinearity, no filters. `magnitude` follows the mean square
    of the input, which is divided by its root.
    """

    def __init__(
        self,
        before: Signal,
        after: Signal,
        style_size: int,
        *,
        colours: bool,
        kernel: int,
        radial: bool,
        decay: float,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.colours, self.decay, self.clamp = colours, decay, clamp
        self.kernel = kernel = 1 if colours else kernel
        self.affine = EqualLinear(style_size, before.channels, bias_start=1.0)
        self.weight = nn.Parameter(torch.randn(after.channels, before.channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(after.channels))
        self.magnitude: Tensor
        self.register_buffer("magnitude", torch.ones(()))
        rate = max(before.rate, after.rate) * (1 if colours else 2)
        self.up, self.down = rate // before.rate, rate // after.rate
        filtered = not colours
        self.up_taps: Tensor | None
        self.down_taps: Tensor | None
        up_size = FILTER_SIZE * self.up if filtered and self.up > 1 else 1
        down_size = FILTER_SIZE * self.down if filtered and self.down > 1 else 1
        up_taps = lowpass(up_size, before.cutoff, 2 * before.half_width, rate) if up_size > 1 else None
        down_taps = None
        if down_size > 1:
            down_taps = lowpass(down_size, after.cutoff, 2 * after.half_width, rate, radial=radial)
        self.register_buffer("up_taps", up_taps, persistent=False)
        self.register_buffer("down_taps", down_taps, persistent=False)
        total = (after.side - 1) * self.down + 1 - (before.side + kernel - 1) * self.up + up_size + down_size - 2
        first = (total + self.up) // 2  # samples lie symmetrically about the picture's middle (app. C.3)
        self.padding = (first, total - first, first, total - first)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """The signal in front and `(n, style_size)` to the signal behind."""
        self.follow(self.magnitude, x.detach().square().mean(), self.decay)
        styles = self.affine(style)
        weight: Tensor = self.weight
        if self.colours:
            styles = styles * weight.shape[1] ** -0.5
        else:  # only ratios count in front of a demodulation; this keeps them away from its epsilon
            weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            styles = styles * (styles.square().mean(1, keepdim=True) + 1e-20).rsqrt()
        x = modulated_conv(
            x * self.magnitude.rsqrt(), weight, styles, demodulate=not self.colours, padding=self.kernel - 1
        )
        return self._filtered_nonlinearity(x + self.bias[:, None, None])

    def _filtered_nonlinearity(self, x: Tensor) -> Tensor:
        """Eq. 1 of the paper's section 2: up-sample, leaky ReLU, down-sample; the colours are only cut to size."""
        if self.up_taps is not None:
            x = upfirdn(x, self.up_taps, up=self.up, padding=self.padding, gain=self.up**2)
        else:
            x = functional.pad(x, self.padding)
        if not self.colours:
            x = leaky(x, clamp=self.clamp)
        elif self.clamp is not None:
            x = x.clamp(-self.clamp, self.clamp)
        return x if self.down_taps is None else upfirdn(x, self.down_taps, down=self.down)


class AliasFreeSynthesis(nn.Module):
    """Fourier features and `layers` alias-free layers and the colours, one style each: `style_count` layers + 2.

    `decay` is that of the input magnitudes; half a life of 20,000 pictures is 0.5 ** (batch / 20000). `clamp` 256 is
    for half precision.
    """

    def __init__(
        self,
        resolution: int,
        style_size: int = 512,
        *,
        rotation: bool = False,
        layers: int = 14,
        channel_base: int = 32768,
        channel_max: int = 512,
        decay: float = 0.999,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        wide = 2 if rotation else 1
        signals = plan(resolution, layers=layers, channel_base=channel_base * wide, channel_max=channel_max * wide)
        self.resolution, self.style_size, self.style_count = resolution, style_size, layers + 2
        self.signals = signals
        self.input = FourierInput(signals[0], style_size)
        self.layers = nn.ModuleList(
            AliasFreeLayer(
                before,
                after,
                style_size,
                colours=number == layers,
                kernel=1 if rotation else 3,
                radial=rotation and number < layers - 2,
                decay=decay,
                clamp=clamp,
            )
            for number, (before, after) in enumerate(zip([signals[0], *signals], signals, strict=False))
        )

    @property
    def layer_names(self) -> list[str]:
        """The published names: number, side, channels."""
        return [f"L{number}_{signal.side}_{signal.channels}" for number, signal in enumerate(self.signals)]

    def forward(self, styles: Tensor) -> Tensor:
        """Styles `(n, style_size)` or `(n, style_count, style_size)` to pictures, about [-1, 1]."""
        if styles.ndim == 2:
            styles = styles[:, None].expand(-1, self.style_count, -1)
        x = self.input(styles[:, 0])
        for number, layer in enumerate(self.layers, 1):
            x = layer(x, styles[:, number])
        return x * OUTPUT_SCALE
