"""Pictures of what is left when content is taken away: residuals with three channels, of the picture's own size."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.srm import SQUARE_5


class SquareResidual(nn.Module):
    """The 5x5 square filter of the spatial rich model on each colour, borders mirrored; divided by its centre, 12.

    `(n, 3, h, w)` to the same shape, h and w at least 3. Zero on every plane and parabola. Fridrich and Kodovsky, 2012.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight: Tensor
        kernel = torch.tensor(SQUARE_5, dtype=torch.float32) / 12
        self.register_buffer("weight", kernel.expand(3, 1, 5, 5).clone(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The residual, in the units of `x`."""
        return functional.conv2d(functional.pad(x, (2, 2, 2, 2), mode="reflect"), self.weight, groups=3)


class MedianResidual(nn.Module):
    """The picture minus its 3x3 median, borders repeated: the noise residual of the simplest denoiser that keeps edges.

    `(n, 3, h, w)` to the same shape. Exchange of extremes as a sorting network (Devillard, 1998): nineteen minima and
    maxima, differentiable and known to every runtime.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The residual, in the units of `x`."""
        framed = functional.pad(x, (1, 1, 1, 1), mode="replicate")
        height, width = x.shape[2], x.shape[3]
        nine = [framed[..., i : i + height, j : j + width] for i in range(3) for j in range(3)]
        for low, high in EXCHANGES:
            nine[low], nine[high] = torch.minimum(nine[low], nine[high]), torch.maximum(nine[low], nine[high])
        return x - nine[4]


EXCHANGES = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3)),
    *((5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)
"""Pairs to put in order; afterwards the fifth of nine values is their median."""


class DnCNN(nn.Module):
    """The noise that a denoiser sees: `(n, 3, h, w)` to the same shape (Zhang et al., IEEE TIP 2017).

    Convolutions with ReLU between them, as the published colour models are stored once their batch norms are folded in:
    `model.0`, `model.2`, ... with weight and bias. 17 layers of 64 channels as published, 20 for the blind model.
    """

    def __init__(self, depth: int = 17, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, 1, 1), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [nn.Conv2d(width, width, 3, 1, 1), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """The estimated noise, in the units of `x`."""
        return self.model(x)


def read_dncnn(path: str | Path) -> DnCNN:
    """A DnCNN of whatever depth and width from a published file. Errors: WeightError."""
    tensors = load_tensors(path)
    depth = sum(re.fullmatch(r"model\.\d+\.weight", name) is not None for name in tensors)
    first = tensors.get("model.0.weight")
    if first is None or not 3 <= depth <= 64:
        raise WeightError(
            f"{path} is no DnCNN: model.0.weight, model.0.bias, model.2.weight, ... expected.",
            fix="Give a colour model with folded batch norms, such as dncnn_color_blind.pth.",
        )
    network = DnCNN(depth, len(first))
    load_strict(network, tensors, path)
    return network


class UnitPower(nn.Module):
    """Divides by the root mean square that its input had in training: a running mean over batches, kept in the weights.

    The first batch sets it, each later one moves it by `momentum`. Same shape in and out; 1 before any training.
    """

    def __init__(self, momentum: float = 0.05) -> None:
        super().__init__()
        self.momentum = momentum
        self.power: Tensor
        self.batches: Tensor
        self.register_buffer("power", torch.ones(()))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.training:
            with torch.no_grad():
                share = torch.where(self.batches == 0, 1.0, self.momentum)
                self.power += share * (x.float().square().mean() - self.power)
                self.batches += 1
        return x / (self.power + 1e-12).sqrt()
