"""A small plain residual network that keeps full resolution in its first layers (space to depth, no early pooling)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.half_resnet import initialise


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
    """Maps `(n, channels, h, w)` to `(n, 1)`: each 2x2 cell becomes channels, then one stage per width, halving between.

    Space to depth keeps every pixel where a strided stem or a pool would drop three of four. Sides must be divisible by
    2 and at least 16.
    """

    def __init__(self, channels: int, widths: tuple[int, ...] = (32, 64, 128), dropout: float = 0.2) -> None:
        super().__init__()
        stages: list[nn.Module] = [nn.PixelUnshuffle(2)]
        incoming, stride = 4 * channels, 1
        for width in widths:
            stages += [
                nn.Conv2d(incoming, width, 3, stride, 1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
                ResidualBlock(width),
            ]
            incoming, stride = width, 2
        self.stages = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(incoming, 1)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels, h, w)` to `(n, 1)`."""
        return self.head(self.dropout(self.stages(x).mean((2, 3))))
