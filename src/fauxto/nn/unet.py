"""Encoders that halve the sides and decoders that double them, with the encoder's maps joined on the way back up.

After Ronneberger et al. (MICCAI 2015). Up-sampling is bilinear and then convolved: a transposed convolution would print
its own checkerboard on the map.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolutions(channels_in: int, channels_out: int, count: int = 1, stride: int = 1) -> nn.Sequential:
    """`count` times a 3x3 convolution, batch norm and ReLU; the first one has the stride."""
    layers: list[nn.Module] = []
    for index in range(count):
        layers += [
            nn.Conv2d(channels_in if index == 0 else channels_out, channels_out, 3, stride if index == 0 else 1, 1,
                      bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        ]  # fmt: skip
    return nn.Sequential(*layers)


class Halving(nn.Module):
    """A residual block with stride 2: `(n, channels_in, h, w)` to `(n, channels_out, h / 2, w / 2)`."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.shortcut = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 1, 2, bias=False), nn.BatchNorm2d(channels_out)
        )

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class Decoder(nn.Module):
    """From the deepest map back up to the first: bilinear doubling, the encoder's map of that size, convolutions.

    `channels` are those of the encoder's maps from first to deepest, `widths` those of the decoder's own, from the
    deepest up; where there are fewer widths than steps the decoder stops at a coarser map.
    """

    def __init__(self, channels: Sequence[int], widths: Sequence[int], count: int = 1) -> None:
        super().__init__()
        before = channels[-1]
        steps = []
        for skip, width in zip(reversed(channels[:-1]), widths, strict=False):
            steps.append(convolutions(before + skip, width, count))
            before = width
        self.steps = nn.ModuleList(steps)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps `(n, c, h / 2^k, w / 2^k)` from first to deepest, to the decoder's last."""
        x = maps[-1]
        for step, skip in zip(self.steps, reversed(maps[:-1]), strict=False):
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = step(torch.cat((x, skip), dim=1))
        return x


class Against(nn.Module):
    """Each place beside how far it lies from the map's mean, in deviations: `(n, c, h, w)` to `(n, 2 c, h, w)`.

    What was altered is told by being unlike the rest (the z-scores of ManTra-Net, Wu et al., CVPR 2019, with the whole
    map as the one window).
    """

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        apart = x - x.mean((2, 3), keepdim=True)
        deviation = (apart.square().mean((2, 3), keepdim=True) + 1e-4).sqrt()
        return torch.cat((x, apart / deviation), dim=1)
