"""Layers whose weights are scaled at run time, so that all learn at the same speed (Karras et al., ICLR 2018)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.upfirdn import downsample, upfirdn

SLOPE, GAIN = 0.2, math.sqrt(2)
TAPS = (1.0, 3.0, 3.0, 1.0)
"""The binomial filter that StyleGAN2 resamples with, before it is divided by its sum."""


def leaky(x: Tensor, gain: float = GAIN, clamp: float | None = None) -> Tensor:
    """Leaky ReLU of slope 0.2 times `gain`, cut at +-`clamp`."""
    x = functional.leaky_relu(x, SLOPE) * gain
    return x if clamp is None else x.clamp(-clamp, clamp)


def binomial() -> Tensor:
    """The four taps, of sum 1."""
    taps = torch.tensor(TAPS)
    return taps / taps.sum()


class EqualLinear(nn.Module):
    """`(n, inputs)` to `(n, outputs)`; weights of unit variance at rest, divided by sqrt(inputs) in use.

    `rate` slows the layer's learning against its neighbours; `activate` adds the leaky ReLU.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        bias: bool = True,
        *,
        activate: bool = False,
        rate: float = 1.0,
        bias_start: float = 0.0,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias_start / rate)) if bias else None
        self.activate, self.rate, self.scale = activate, rate, rate / math.sqrt(inputs)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        bias = None if self.bias is None else self.bias * self.rate
        x = functional.linear(x, self.weight * self.scale, bias)
        return leaky(x) if self.activate else x


class EqualConv(nn.Module):
    """A convolution with padding, perhaps behind a low pass with half the sides, and the leaky ReLU if `activate`.

    `gain` multiplies the result (a residual branch is scaled by sqrt(1/2)), `clamp` cuts it.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        size: int,
        *,
        halve: bool = False,
        bias: bool = True,
        activate: bool = True,
        gain: float = 1.0,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in, size, size))
        self.bias = nn.Parameter(torch.zeros(channels_out)) if bias else None
        self.scale, self.padding = 1 / math.sqrt(channels_in * size**2), size // 2
        self.halve, self.activate, self.gain, self.clamp = halve, activate, gain, clamp
        self.taps: Tensor
        self.register_buffer("taps", binomial(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, in, h, w)` to `(n, out, h, w)`, or half the sides."""
        weight = self.weight * self.scale
        if not self.halve:
            x = functional.conv2d(x, weight, self.bias, padding=self.padding)
        elif self.padding:
            around = self.padding + 1
            x = upfirdn(x, self.taps, padding=(around, around, around, around))
            x = functional.conv2d(x, weight, self.bias, stride=2)
        else:
            x = functional.conv2d(downsample(x, self.taps), weight, self.bias)
        if self.activate:
            return leaky(x, GAIN * self.gain, None if self.clamp is None else self.clamp * self.gain)
        return x * self.gain
