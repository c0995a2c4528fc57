"""The Inception-v3 that FID is defined on (Szegedy et al., 2016), in the layout of TensorFlow's graph of 2015-12-05."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.towers import fingerprint

SIZE, FEATURES, CLASSES = 299, 2048, 1008
EPSILON = 1e-3
"""TensorFlow's batch norm adds this, not torch's 1e-5."""

PUBLISHED = "pt_inception-2015-12-05-6726825d.pth"
"""The converted weights that pytorch-fid publishes; torch-fidelity's file has the same names."""


class BasicConv(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(channels_out, eps=EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, channels_out, h', w')`."""
        return functional.relu(self.bn(self.conv(x)))


def inner_average(x: Tensor) -> Tensor:
    """A 3 x 3 average that divides by the pixels that lie inside, as TensorFlow's; torchvision counts the padding."""
    return functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


class InceptionA(nn.Module):
    """35 x 35 maps: 1 x 1, 5 x 5, double 3 x 3, pool; `(n, channels, h, w)` to `(n, 224 + pooled, h, w)`."""

    def __init__(self, channels: int, pooled: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv(channels, 64, 1)
        self.branch5x5_1 = BasicConv(channels, 48, 1)
        self.branch5x5_2 = BasicConv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = BasicConv(channels, 64, 1)
        self.branch3x3dbl_2 = BasicConv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = BasicConv(96, 96, 3, padding=1)
        self.branch_pool = BasicConv(channels, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        five = self.branch5x5_2(self.branch5x5_1(x))
        return torch.cat((self.branch1x1(x), five, double, self.branch_pool(inner_average(x))), 1)


class InceptionB(nn.Module):
    """35 x 35 to 17 x 17: `(n, 288, h, w)` to `(n, 768, (h - 1) / 2, (w - 1) / 2)`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = BasicConv(channels, 384, 3, 2)
        self.branch3x3dbl_1 = BasicConv(channels, 64, 1)
        self.branch3x3dbl_2 = BasicConv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = BasicConv(96, 96, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Half the height and width."""
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat((self.branch3x3(x), double, functional.max_pool2d(x, 3, 2)), 1)


class InceptionC(nn.Module):
    """17 x 17 maps with 7 x 7 filters taken apart into rows and columns; 768 channels in and out."""

    def __init__(self, channels: int, middle: int) -> None:
        super().__init__()
        row, column = ((1, 7), (0, 3)), ((7, 1), (3, 0))
        self.branch1x1 = BasicConv(channels, 192, 1)
        self.branch7x7_1 = BasicConv(channels, middle, 1)
        self.branch7x7_2 = BasicConv(middle, middle, row[0], padding=row[1])
        self.branch7x7_3 = BasicConv(middle, 192, column[0], padding=column[1])
        self.branch7x7dbl_1 = BasicConv(channels, middle, 1)
        self.branch7x7dbl_2 = BasicConv(middle, middle, column[0], padding=column[1])
        self.branch7x7dbl_3 = BasicConv(middle, middle, row[0], padding=row[1])
        self.branch7x7dbl_4 = BasicConv(middle, middle, column[0], padding=column[1])
        self.branch7x7dbl_5 = BasicConv(middle, 192, row[0], padding=row[1])
        self.branch_pool = BasicConv(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width."""
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat((self.branch1x1(x), seven, double, self.branch_pool(inner_average(x))), 1)


class InceptionD(nn.Module):
    """17 x 17 to 8 x 8: `(n, 768, h, w)` to `(n, 1280, (h - 1) / 2, (w - 1) / 2)`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = BasicConv(channels, 192, 1)
        self.branch3x3_2 = BasicConv(192, 320, 3, 2)
        self.branch7x7x3_1 = BasicConv(channels, 192, 1)
        self.branch7x7x3_2 = BasicConv(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = BasicConv(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = BasicConv(192, 192, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Half the height and width."""
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat((self.branch3x3_2(self.branch3x3_1(x)), seven, functional.max_pool2d(x, 3, 2)), 1)


class InceptionE(nn.Module):
    """8 x 8 maps, 2048 channels out. `largest`: the pool branch takes maxima; the published graph does so in the last
    block only (a slip of its authors that every FID since has in it).
    """

    def __init__(self, channels: int, largest: bool) -> None:
        super().__init__()
        self.largest = largest
        self.branch1x1 = BasicConv(channels, 320, 1)
        self.branch3x3_1 = BasicConv(channels, 384, 1)
        self.branch3x3_2a = BasicConv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = BasicConv(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = BasicConv(channels, 448, 1)
        self.branch3x3dbl_2 = BasicConv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = BasicConv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = BasicConv(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = BasicConv(channels, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width."""
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = functional.max_pool2d(x, 3, 1, 1) if self.largest else inner_average(x)
        parts = (
            self.branch1x1(x),
            self.branch3x3_2a(three),
            self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double),
            self.branch3x3dbl_3b(double),
            self.branch_pool(pooled),
        )
        return torch.cat(parts, 1)


class InceptionV3(nn.Module):
    """Pixels `(n, 3, 299, 299)` scaled to about [-1, 1] to the features `pool3` `(n, 2048)`; `fc` gives 1,008 logits.

    Names as in `pt_inception-2015-12-05`: 23,850,960 parameters, without the auxiliary head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = BasicConv(32, 32, 3)
        self.Conv2d_2b_3x3 = BasicConv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = BasicConv(64, 80, 1)
        self.Conv2d_4a_3x3 = BasicConv(80, 192, 3)
        self.Mixed_5b = InceptionA(192, 32)
        self.Mixed_5c = InceptionA(256, 64)
        self.Mixed_5d = InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, 128)
        self.Mixed_6c = InceptionC(768, 160)
        self.Mixed_6d = InceptionC(768, 160)
        self.Mixed_6e = InceptionC(768, 192)
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280, largest=False)
        self.Mixed_7c = InceptionE(2048, largest=True)
        self.fc = nn.Linear(FEATURES, CLASSES)

    def forward(self, scaled: Tensor) -> Tensor:
        """`pool3`; any side from 75 pixels on is computed, published numbers use 299."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(scaled)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(x, 3, 2)))
        x = functional.max_pool2d(x, 3, 2)
        for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = getattr(self, f"Mixed_{name}")(x)
        return x.mean((2, 3))


def inception_v3(weights: Path) -> tuple[InceptionV3, str]:
    """The network with published weights, every name and shape checked, and its identity. Errors: WeightError."""
    if weights.suffix == ".pt":
        raise WeightError(
            f"{weights} looks like NVIDIA's TorchScript, which is a program and not a table of weights.",
            fix=f"Give {PUBLISHED} of pytorch-fid: the same weights as plain tensors.",
        )
    tensors = {name: tensor.float() for name, tensor in load_tensors(weights).items()}
    network = InceptionV3()
    load_strict(network, tensors, weights)
    return network.eval(), fingerprint("inception-v3", tensors)


def random_inception_v3(seed: int = 0) -> tuple[InceptionV3, str]:
    """The layout with He's normal weights of `seed`: for measuring speed and numerics, never for a score."""
    network, generator = InceptionV3(), torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
        elif name.endswith(("running_mean", "bias")):
            tensor.copy_(0.1 * torch.randn(tensor.shape, generator=generator))
        elif tensor.ndim > 1:
            tensor.copy_(torch.randn(tensor.shape, generator=generator) * (2 / tensor[0].numel()) ** 0.5)
    return network.eval(), f"random-inception-v3-seed{seed}"
