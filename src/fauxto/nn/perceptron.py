"""Perceptrons by their widths."""

from __future__ import annotations

import itertools

from torch import nn


def perceptron(*widths: int, last: nn.Module | None = None) -> nn.Sequential:
    """Linear layers with LeakyReLU 0.2 between, and `last` behind."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1], *([last] if last is not None else []))
