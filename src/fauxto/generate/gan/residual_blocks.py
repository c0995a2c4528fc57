"""The residual blocks of SNGAN and BigGAN, and the channels of their stages at every resolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.nn.conditional_norm import EPSILON, ConditionalBatchNorm

Activation = Callable[[Tensor], Tensor]


class Stages(NamedTuple):
    """Multiples of the width: in front of and behind each stage of the generator, behind each of the discriminator."""

    generator: tuple[int, ...]
    discriminator: tuple[int, ...]
    halvings: int
    """How many of the discriminator's stages, the first ones, halve the sides."""


STAGES = {
    32: Stages((4, 4, 4, 4), (2, 2, 2, 2), 2),
    64: Stages((16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 4),
    128: Stages((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
    256: Stages((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
    512: Stages((16, 16, 8, 8, 4, 2, 1, 1), (1, 1, 2, 4, 8, 8, 16, 16), 7),
}


def stages_at(resolution: int) -> Stages:
    """The table's row. Errors: InputError for a resolution that it does not have."""
    if resolution not in STAGES:
        raise InputError(
            f"The residual GANs are defined at {sorted(STAGES)} pixels; got {resolution}.",
            fix="Give one of these resolutions.",
        )
    return STAGES[resolution]


def double(x: Tensor) -> Tensor:
    """Nearest-neighbour up-sampling by 2."""
    return functional.interpolate(x, scale_factor=2, mode="nearest")


class UpBlock(nn.Module):
    """Norm, activation, x2, 3x3, norm, activation, 3x3, around a shortcut of x2 and 1x1."""

    def __init__(self, channels_in: int, channels_out: int, condition: int, activation: Activation) -> None:
        super().__init__()
        self.norm1 = ConditionalBatchNorm(channels_in, condition)
        self.norm2 = ConditionalBatchNorm(channels_out, condition)
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, 1, 1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1)
        self.activation = activation

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """`(n, in, h, w)` to `(n, out, 2h, 2w)`."""
        y = self.conv1(double(self.activation(self.norm1(x, condition))))
        y = self.conv2(self.activation(self.norm2(y, condition)))
        return y + self.shortcut(double(x))


class FirstDownBlock(nn.Module):
    """3x3, activation, 3x3, average of 2x2, around the average and 1x1: the block that sees the picture itself."""

    def __init__(self, channels_in: int, channels_out: int, norm: bool, activation: Activation) -> None:
        super().__init__()
        self.shortcut = nn.Conv2d(channels_in, channels_out, 1)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, 1, 1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1)
        self.norm0 = nn.BatchNorm2d(channels_in, eps=EPSILON) if norm else nn.Identity()
        self.norm1 = nn.BatchNorm2d(channels_out, eps=EPSILON) if norm else nn.Identity()
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Half the sides."""
        y = self.conv2(self.activation(self.norm1(self.conv1(x))))
        return functional.avg_pool2d(y, 2) + self.shortcut(self.norm0(functional.avg_pool2d(x, 2)))


class DownBlock(nn.Module):
    """Activation, 3x3, activation, 3x3, perhaps the average of 2x2, around a shortcut.

    The shortcut is a 1x1 convolution, then the average, or nothing where neither channels nor sides change. Without
    spectral norm there are batch norms in front. With it the shortcut starts at the activated map, not at the map: the
    published networks activate in place, and their numbers and weights depend on it.
    """

    def __init__(self, channels_in: int, channels_out: int, *, halve: bool, norm: bool, activation: Activation) -> None:
        super().__init__()
        self.halve, self.norm, self.activation = halve, norm, activation
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, 1, 1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1)
        changes = halve or channels_in != channels_out
        self.shortcut: nn.Module = nn.Conv2d(channels_in, channels_out, 1) if changes else nn.Identity()
        self.norm0 = nn.BatchNorm2d(channels_in, eps=EPSILON) if norm and changes else nn.Identity()
        self.norm1 = nn.BatchNorm2d(channels_in, eps=EPSILON) if norm else nn.Identity()
        self.norm2 = nn.BatchNorm2d(channels_out, eps=EPSILON) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """`(n, in, h, w)` to `(n, out, h, w)`, or half the sides."""
        active = self.activation(self.norm1(x))
        y = self.conv2(self.activation(self.norm2(self.conv1(active))))
        shortcut = self.shortcut(self.norm0(x) if self.norm else active)
        return functional.avg_pool2d(y + shortcut, 2) if self.halve else y + shortcut
