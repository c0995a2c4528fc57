"""The real pictures that lie nearest to generated ones: whether a generator repeats what it was shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Neighbours(NamedTuple):
    """The k nearest of each query, the nearest first."""

    which: Tensor
    """`(n, k)` int64 into the pool."""
    distance: Tensor
    """`(n, k)` Euclidean."""


@torch.no_grad()
def nearest(
    queries: Tensor,
    pool: Tensor,
    k: int = 1,
    *,
    features: Callable[[Tensor], Tensor] | None = None,
    batch: int = 256,
) -> Neighbours:
    """Pictures `(n, c, h, w)` against a pool `(m, c, h, w)`, by pixels, or by `features` of them, `(b, f)`.

    Distances are computed pair by pair, not from products, so that equal pictures have a distance of exactly 0. Memory
    grows with batch x m. Equal distances go to the lower index.
    """
    asked, held = _vectors(queries, features, batch), _vectors(pool, features, batch)
    which, distance = [], []
    for part in asked.split(batch):
        between = torch.cdist(part, held, compute_mode="donot_use_mm_for_euclid_dist")
        near, order = between.sort(dim=1, stable=True)
        which.append(order[:, :k])
        distance.append(near[:, :k])
    return Neighbours(torch.cat(which), torch.cat(distance))


def _vectors(pictures: Tensor, features: Callable[[Tensor], Tensor] | None, batch: int) -> Tensor:
    """`(n, f)` float32."""
    if features is None:
        return pictures.flatten(1).float()
    return torch.cat([features(part).flatten(1).float() for part in pictures.split(batch)])
