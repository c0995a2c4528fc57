"""Ranking metrics of one-logit detectors: AUC, true-positive rate at a false-positive rate, and their intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fauxto.errors import InputError


def auc(real: np.ndarray, fake: np.ndarray) -> float:
    """The probability that a random fake scores above a random real, ties counting one half (Mann and Whitney, 1947).

    >>> auc(np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    0.875
    """
    real, fake = both(real, fake)
    ordered = np.sort(real)
    below = np.searchsorted(ordered, fake, side="left")
    not_above = np.searchsorted(ordered, fake, side="right")
    return float((below + not_above).sum() / 2 / (len(real) * len(fake)))


def threshold_at(real: np.ndarray, fpr: float) -> float:
    """The lowest threshold t such that at most `fpr` of the real scores are strictly above t.

    >>> threshold_at(np.arange(100.0), 0.05)
    94.0
    """
    real = np.sort(np.asarray(real, dtype=np.float64))
    allowed = int(np.floor(fpr * len(real) + 1e-9))
    return float(real[len(real) - allowed - 1])


def tpr_at(real: np.ndarray, fake: np.ndarray, fpr: float) -> float:
    """The share of fakes strictly above `threshold_at(real, fpr)`."""
    real, fake = both(real, fake)
    return float(np.mean(fake > threshold_at(real, fpr)))


def interval(
    metric: Callable[[np.ndarray, np.ndarray], float],
    real: np.ndarray,
    fake: np.ndarray,
    *,
    seed: int = 0,
    rounds: int = 500,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `metric(real, fake)`; both classes are resampled with replacement."""
    real, fake = both(real, fake)
    rng = np.random.default_rng(seed)
    values = [
        metric(real[rng.integers(0, len(real), len(real))], fake[rng.integers(0, len(fake), len(fake))])
        for _ in range(rounds)
    ]
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def both(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scores of both classes as float64. Errors: InputError when a class is empty or a score is not a number."""
    real, fake = np.asarray(real, dtype=np.float64), np.asarray(fake, dtype=np.float64)
    if real.size == 0 or fake.size == 0:
        raise InputError(
            f"A ranking metric needs both classes; got {real.size} real and {fake.size} fake scores.",
            fix="Check the labels of the manifest.",
        )
    if np.isnan(real).any() or np.isnan(fake).any():
        raise InputError(
            "A score is not a number.", fix="Leave pictures that failed out: a failure is a status, never a score."
        )
    return real, fake
