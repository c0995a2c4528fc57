"""AUC of scores that take few values, with labels and weights; its bootstrap over groups only counts, and is fast.

`score.roc` and `score.bootstrap` take the scores of each class apart; there the draws of a class never lack pictures.
"""

from __future__ import annotations

import numpy as np

ROUNDS, TAIL = 400, 0.005
"""Draws of a bootstrap, and what lies beyond either end of its interval."""


def labelled_auc(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Weighted AUC, ties counting one half; fast for scores that take few values; 0.5 where a class is missing.

    >>> labelled_auc(np.array([0.0, 1.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))
    0.875
    """
    _, bins = np.unique(scores, return_inverse=True)
    weights = np.ones(len(scores)) if weights is None else weights
    fake = np.bincount(bins, weights * labels)
    real = np.bincount(bins, weights * (1 - labels))
    below = np.cumsum(real) - real
    total = fake.sum() * real.sum()
    return float((fake * (below + real / 2)).sum() / total) if total else 0.5


def labelled_interval(
    scores: np.ndarray, labels: np.ndarray, parts: np.ndarray, *, seed: int, tail: float = TAIL
) -> tuple[float, float]:
    """Percentile bootstrap interval of the AUC (99 % unless `tail` says otherwise); whole groups are drawn."""
    rng = np.random.default_rng(seed)
    numbers = np.unique(parts, return_inverse=True)[1]
    bins = np.unique(scores, return_inverse=True)[1]
    shape = (int(numbers.max()) + 1, int(bins.max()) + 1)
    fake, real = np.zeros(shape), np.zeros(shape)  # pictures of each group at each score
    np.add.at(fake, (numbers, bins), labels)
    np.add.at(real, (numbers, bins), 1 - labels)
    drawn = np.stack([np.bincount(rng.integers(0, shape[0], shape[0]), minlength=shape[0]) for _ in range(ROUNDS)])
    fake, real = drawn @ fake, drawn @ real
    won = (fake * (np.cumsum(real, axis=1) - real / 2)).sum(axis=1)
    total = fake.sum(axis=1) * real.sum(axis=1)
    low, high = np.quantile(won[total > 0] / total[total > 0], [tail, 1 - tail])
    return float(low), float(high)
