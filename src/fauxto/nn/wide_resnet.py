"""Wide residual networks (Zagoruyko and Komodakis, BMVC 2016) for small pictures: few layers, many channels."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn.functional import relu

from fauxto.errors import InputError

BLOCKS_A_DEPTH = 6
"""Convolutions that one more block in each of the three layers costs; the rest of the depth is 4."""

STEM = 16


class WideBlock(nn.Module):
    """Batch norm, ReLU and a 3x3 convolution, twice, beside the map itself; the stride is the second convolution's.

    Where the shape changes the shortcut is a 1x1 convolution. Convolutions have offsets.
    """

    def __init__(self, channels_in: int, channels_out: int, stride: int = 1) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, stride, 1)
        changes = stride != 1 or channels_in != channels_out
        self.shortcut = nn.Sequential(*([nn.Conv2d(channels_in, channels_out, 1, stride)] if changes else []))

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, h / stride, w / stride)`."""
        y = self.conv1(relu(self.bn1(x)))
        return self.conv2(relu(self.bn2(y))) + self.shortcut(x)


class WideResNet(nn.Module):
    """`(n, 3, h, w)`, normalised, to the mean of the last map, `(n, 64 width)`; sides are halved twice.

    WRN-28-10 has `depth` 28 and `width` 10. With `closing` the last map passes batch norm `bn1` and a ReLU before its
    mean is taken, as published; without, `bn1` is only there for its name, and the features have either sign. Errors:
    InputError for a depth that is not 4 more than a multiple of 6.
    """

    def __init__(self, depth: int = 28, width: int = 10, *, closing: bool = True) -> None:
        super().__init__()
        blocks, left = divmod(depth - 4, BLOCKS_A_DEPTH)
        if blocks < 1 or left:
            raise InputError(f"A wide residual network has no depth of {depth}.", fix="Use 10, 16, 22, 28, ...")
        self.closing, self.features = closing, 64 * width
        self.conv1, before = nn.Conv2d(3, STEM, 3, 1, 1), STEM
        for number, channels in enumerate((16 * width, 32 * width, 64 * width), start=1):
            layer = []
            for index in range(blocks):
                layer.append(WideBlock(before, channels, stride=2 if number > 1 and index == 0 else 1))
                before = channels
            setattr(self, f"layer{number}", nn.Sequential(*layer))
        self.bn1 = nn.BatchNorm2d(before, momentum=0.9)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, 0, math.sqrt(2 / fan))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.conv1(x)
        for number in (1, 2, 3):
            x = getattr(self, f"layer{number}")(x)
        return (relu(self.bn1(x)) if self.closing else x).mean((2, 3))
