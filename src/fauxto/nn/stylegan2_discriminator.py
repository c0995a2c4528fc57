"""The body of StyleGAN2's discriminator: equalised convolutions that halve, and the deviation within the batch."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn

from fauxto.nn.equalized import EqualConv, EqualLinear
from fauxto.nn.minibatch_stddev import MinibatchStddev
from fauxto.nn.stylegan2 import channels_at


class StyleDownBlock(nn.Module):
    """Two 3x3 convolutions, the second with half the sides, around a 1x1 shortcut when `residual`."""

    def __init__(self, channels_in: int, channels_out: int, residual: bool, clamp: float | None) -> None:
        super().__init__()
        gain = math.sqrt(0.5) if residual else 1.0
        self.conv0 = EqualConv(channels_in, channels_in, 3, clamp=clamp)
        self.conv1 = EqualConv(channels_in, channels_out, 3, halve=True, gain=gain, clamp=clamp)
        self.shortcut = None
        if residual:
            self.shortcut = EqualConv(channels_in, channels_out, 1, halve=True, bias=False, activate=False, gain=gain)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, in, h, w)` to `(n, out, h / 2, w / 2)`."""
        y = self.conv1(self.conv0(x))
        return y if self.shortcut is None else y + self.shortcut(x)


class StyleBody(nn.Module):
    """Pictures `(n, channels, resolution, resolution)` to `(n, features)`, what the last hidden layer says.

    `residual` False is the plain stack that CIFAR's configuration uses; `group` is that of the minibatch deviation.
    `blocks` are the first layer and the halving blocks.
    """

    positions = 1

    def __init__(
        self,
        resolution: int,
        channels: int = 3,
        *,
        channel_base: int,
        channel_max: int = 512,
        residual: bool = True,
        group: int = 4,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        sides = [2**k for k in range(resolution.bit_length() - 1, 1, -1)]
        widths = [channels_at(side, channel_base, channel_max) for side in sides]
        self.blocks = nn.ModuleList([EqualConv(channels, widths[0], 1, clamp=clamp)])
        for before, after in itertools.pairwise(widths):
            self.blocks.append(StyleDownBlock(before, after, residual, clamp))
        self.features = widths[-1]
        self.deviation = MinibatchStddev(group)
        self.conv = EqualConv(self.features + 1, self.features, 3, clamp=clamp)
        self.hidden = EqualLinear(self.features * 16, self.features, activate=True)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        for block in self.blocks:
            images = block(images)
        return self.hidden(torch.flatten(self.conv(self.deviation(images)), 1))
