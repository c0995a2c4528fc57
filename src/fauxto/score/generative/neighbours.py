"""Exact distances between two tables in blocks of rows: 50,000 against 50,000 pictures would be 20 GB at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fauxto.errors import InputError

ROWS = 1024


def squared_distances(x: np.ndarray, y: np.ndarray, rows: int = ROWS) -> Iterator[tuple[slice, np.ndarray]]:
    """Blocks of squared Euclidean distances: a slice of the rows of `x`, and `(rows, len(y))`.

    Both are first moved by the mean of `y`: |x|^2 + |y|^2 - 2 x.y loses digits where everything lies far from 0.
    """
    centre = y.mean(0)
    y = y - centre
    lengths = np.square(y).sum(1)
    for start in range(0, len(x), rows):
        block = x[start : start + rows] - centre
        squared = np.square(block).sum(1)[:, None] + lengths - 2 * (block @ y.T)
        yield slice(start, start + len(block)), np.maximum(squared, 0, out=squared)


def squared_radii(x: np.ndarray, k: int, rows: int = ROWS) -> np.ndarray:
    """The squared distance `(n,)` of each row to its k-th nearest other row. Errors: InputError when n <= k."""
    if not 1 <= k < len(x):
        raise InputError(
            f"The {k}-th neighbour needs more than {k} pictures; got {len(x)}.",
            fix="Give more pictures or a smaller k.",
            code="too_few_pictures",
        )
    radii = np.empty(len(x))
    for block, squared in squared_distances(x, x, rows):
        squared[np.arange(len(squared)), np.arange(block.start, block.stop)] = np.inf  # not a neighbour of itself
        radii[block] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return radii
