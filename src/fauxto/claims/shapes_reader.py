"""A small classifier of the shapes world, in whose features the claims of generators take distances."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from fauxto.claims.experiment import seeded
from fauxto.data.worlds.shapes import CLASSES, pictures

TRAIN, STEPS = 2000, 150
"""Pictures to learn from, and steps of 64."""


class Reader(nn.Module):
    """A small classifier of the world; its 64 averaged maps are the features that distances are taken in."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((3, 16), (16, 32), (32, 64)):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(64, len(CLASSES))

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 `(n, 32, 32, 3)` to float64 `(n, 64)`."""
        with torch.no_grad():
            return self.body(as_tensor(pixels)).mean((2, 3)).double().numpy()

    def forward(self, pixels: Tensor) -> Tensor:
        """Class logits."""
        return self.head(self.body(pixels).mean((2, 3)))


@lru_cache(maxsize=1)
def trained_reader() -> Reader:
    """The classifier, trained on pictures that no generator sees."""
    reader = seeded(Reader, 0)
    assert isinstance(reader, Reader)
    learn(reader, STEPS)
    return reader


def learn(network: nn.Module, steps: int, *, rate: float = 2e-3) -> None:
    """Train a classifier of pixels in [-1, 1] on the world, and leave it in evaluation mode."""
    pixels, labels = _lessons()
    rng = np.random.default_rng(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    network.train()
    for _ in range(steps):
        chosen = torch.from_numpy(rng.integers(0, TRAIN, 64))
        optimizer.zero_grad()
        cross_entropy(network(pixels[chosen]), labels[chosen]).backward()
        optimizer.step()
    network.eval()


@lru_cache(maxsize=1)
def _lessons() -> tuple[Tensor, Tensor]:
    pixels, labels = pictures(TRAIN, seed=2_000_000)
    return as_tensor(pixels), torch.from_numpy(labels)


def as_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 `(n, h, w, 3)` to float32 `(n, 3, h, w)` in [-1, 1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
