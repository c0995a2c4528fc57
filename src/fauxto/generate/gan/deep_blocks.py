"""The blocks of BigGAN-deep, narrow inside, in its two published variants.

"compare_gan" passes the shortcut on without weights, dropping or adding channels; "studiogan" puts a 1x1 convolution
there.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.residual_blocks import Activation, double
from fauxto.nn.conditional_norm import ConditionalBatchNorm

Variant = Literal["compare_gan", "studiogan"]

NARROWING = 4
"""The middle of a block has a quarter of the channels."""


def narrow_convolutions(widths: Sequence[int]) -> nn.ModuleList:
    """1x1, 3x3, 3x3 and 1x1 between the five `widths`."""
    return nn.ModuleList(
        nn.Conv2d(before, after, size, padding=size // 2)
        for (before, after), size in zip(itertools.pairwise(widths), (1, 3, 3, 1), strict=True)
    )


class DeepUpBlock(nn.Module):
    """Four norm-activation-convolutions, 1x1, 3x3, 3x3, 1x1, the sides perhaps doubled in front of the second."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        condition: int,
        *,
        grow: bool,
        variant: Variant,
        activation: Activation,
    ) -> None:
        super().__init__()
        widths = (channels_in, *[max(channels_in // NARROWING, 1)] * 3, channels_out)
        self.norms = nn.ModuleList(ConditionalBatchNorm(width, condition) for width in widths[:-1])
        self.convolutions = narrow_convolutions(widths)
        learned = variant == "studiogan"
        self.shortcut: nn.Module = nn.Conv2d(channels_in, channels_out, 1) if learned else nn.Identity()
        self.channels_out, self.grow, self.activation = channels_out, grow, activation

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """`(n, in, h, w)` to `(n, out, h, w)`, or twice the sides; a shortcut without weights drops channels."""
        y = x
        for number, (norm, convolution) in enumerate(zip(self.norms, self.convolutions, strict=True)):
            y = self.activation(norm(y, condition))
            y = convolution(double(y) if self.grow and number == 1 else y)
        return y + self.shortcut(double(x) if self.grow else x)[:, : self.channels_out]


class DeepDownBlock(nn.Module):
    """Four activation-convolutions, 1x1, 3x3, 3x3, 1x1, perhaps an average of 2x2 in front of the last.

    The average is behind the last activation ("compare_gan") or in front of it ("studiogan"). The shortcut starts at
    the activated map, as in `residual_blocks.DownBlock`; that of the discriminator's `first` block averages before its
    convolution.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        halve: bool,
        first: bool,
        variant: Variant,
        activation: Activation,
    ) -> None:
        super().__init__()
        widths = (channels_in, *[max(channels_out // NARROWING, 1)] * 3, channels_out)
        self.convolutions = narrow_convolutions(widths)
        self.added = variant == "compare_gan"
        extra = channels_out - channels_in if self.added else channels_out
        needed = channels_in != channels_out or (halve and not self.added)
        self.shortcut = nn.Conv2d(channels_in, extra, 1) if needed else None
        self.halve, self.first, self.activation = halve, first, activation

    def forward(self, x: Tensor) -> Tensor:
        """`(n, in, h, w)` to `(n, out, h, w)`, or half the sides."""
        shortcut = y = self.activation(x)
        for convolution in self.convolutions[:-2]:
            y = self.activation(convolution(y))
        y = self.convolutions[-2](y)
        if self.halve and self.added:
            y = functional.avg_pool2d(self.activation(y), 2)
        else:
            y = self.activation(functional.avg_pool2d(y, 2) if self.halve else y)
        y = self.convolutions[-1](y)
        pool_first = self.added or self.first
        if self.halve and pool_first:
            shortcut = functional.avg_pool2d(shortcut, 2)
        if self.shortcut is not None:
            mapped = self.shortcut(shortcut)
            shortcut = torch.cat([shortcut, mapped], 1) if self.added else mapped
        return y + (functional.avg_pool2d(shortcut, 2) if self.halve and not pool_first else shortcut)
