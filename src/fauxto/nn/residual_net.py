"""A small plain residual network that sees full resolution: 2x2 cells as channels, no early pooling."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.resnet import initialise


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions around an identity shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, c, h, w)` to the same shape."""
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + x)


class ResidualNet(nn.Module):
    """Maps `(n, 3, h, w)` to `(n, 1)`: `cells` makes 2x2 cells into `channels`, then stages that halve the sides.

    Space to depth keeps every pixel where a strided stem or a pool would drop three of four. The first stage is one
    convolution at half resolution, the others a strided convolution and a residual block. Sides must be even and at
    least 16.
    """

    def __init__(
        self, cells: nn.Module, channels: int, widths: tuple[int, ...] = (64, 64, 128), dropout: float = 0.2
    ) -> None:
        super().__init__()
        stem, *stages = widths
        layers: list[nn.Module] = [cells, *_unit(channels, stem, stride=1)]
        for before, width in zip(widths, stages, strict=False):
            layers += [*_unit(before, width, stride=2), ResidualBlock(width)]
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], 1)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, 3, h, w)` to `(n, 1)`."""
        return self.head(self.dropout(self.stages(x).mean((2, 3))))


def _unit(channels_in: int, channels_out: int, stride: int) -> tuple[nn.Module, ...]:
    """3x3 convolution, batch norm, ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
    return convolution, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True)
