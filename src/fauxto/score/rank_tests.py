"""Several methods on the same subjects, by ranks: is any better, which pairs differ, and by how much?"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from fauxto.errors import InputError


@dataclass(frozen=True, slots=True)
class Contrast:
    """One method against another: Holm's adjusted p-value, and the rank-biserial correlation, positive where the first
    is higher.
    """

    first: str
    second: str
    p_value: float
    effect: float


@dataclass(frozen=True, slots=True)
class RankTests:
    """Friedman's p-value that all methods are alike, and every pair's Wilcoxon test; `subjects` were compared."""

    subjects: int
    friedman: float
    contrasts: tuple[Contrast, ...]

    def contrast(self, first: str, second: str) -> Contrast:
        """One pair, in the order of the methods."""
        return next(pair for pair in self.contrasts if (pair.first, pair.second) == (first, second))


def rank_tests(scores: Mapping[str, np.ndarray]) -> RankTests:
    """Scores `(n,)` of three or more methods, subject i the same for all; subjects are independent (patients, not
    slices). Errors: InputError.
    """
    values = np.array([np.asarray(row, np.float64) for row in scores.values()])
    if values.ndim != 2 or len(values) < 3 or not values.shape[1] or not np.isfinite(values).all():
        raise InputError(
            "Rank tests need finite scores of three methods on the same subjects.", fix="Check the scores."
        )
    pairs = list(itertools.combinations(scores, 2))
    adjusted = holm([wilcoxon(scores[a], scores[b]) for a, b in pairs])
    contrasts = [
        Contrast(a, b, p, rank_biserial(scores[a], scores[b])) for (a, b), p in zip(pairs, adjusted, strict=True)
    ]
    alike = bool((values == values[0]).all())
    friedman = 1.0 if alike else float(stats.friedmanchisquare(*values).pvalue)
    return RankTests(values.shape[1], friedman, tuple(contrasts))


def wilcoxon(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sided p-value of the signed-rank test, exact where scipy has it; equal scores are left out."""
    apart = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    return float(stats.wilcoxon(apart).pvalue) if apart.any() else 1.0


def rank_biserial(first: np.ndarray, second: np.ndarray) -> float:
    """The share of ranks of differences for the first, less that for the second (Kerby, 2014); 0 where all are equal.

    >>> rank_biserial(np.array([3.0, 2.0, 1.0]), np.array([1.0, 1.0, 1.5]))
    0.6666666666666666
    """
    apart = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    apart = apart[apart != 0]
    if not len(apart):
        return 0.0
    ranks = stats.rankdata(np.abs(apart))
    return float(ranks @ np.sign(apart) / ranks.sum())


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) step-down adjustment: as many as are below a level may be rejected at it.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    scaled = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1, np.maximum.accumulate(scaled))
    return [float(p) for p in adjusted]
