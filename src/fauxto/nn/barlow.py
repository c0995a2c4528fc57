"""Two views of a batch that agree number by number, and numbers that say different things (Barlow Twins, ICML 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

REDUNDANCY = 0.0051
"""The weight of what is off the diagonal (Zbontar et al.)."""


class TwinProjector(nn.Sequential):
    """`(n, inputs)` to `(n, width)`: two linear layers with batch norm and ReLU, and a third; none has an offset."""

    def __init__(self, inputs: int, width: int = 512) -> None:
        layers: list[nn.Module] = []
        for before in (inputs, width):
            layers += [nn.Linear(before, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
        super().__init__(*layers, nn.Linear(width, width, bias=False))


def cross_correlation(first: Tensor, second: Tensor) -> Tensor:
    """C `(d, d)` of two tables `(n, d)`, each column standardised over the n rows that are there.

    A batch in parts has to be judged part by part: divided by the whole batch, C would never reach 1.
    """
    a, b = (batch_norm(x, None, None, training=True) for x in (first, second))
    return a.T @ b / len(first)


def redundancy(correlation: Tensor, weight: float = REDUNDANCY) -> Tensor:
    """sum (C_ii - 1)^2 + weight sum of C_ij^2 over i != j: 0 where C is the identity."""
    diagonal = torch.diagonal(correlation)
    off = correlation.square().sum() - diagonal.square().sum()
    return (diagonal - 1).square().sum() + weight * off
