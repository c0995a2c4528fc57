"""DeLong's variance of the AUC: a closed-form interval, and the paired test of two detectors on the same pictures.

DeLong, DeLong and Clarke-Pearson (1988), by mid-ranks in O(n log n) as Sun and Xu (2014) do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from fauxto.errors import InputError
from fauxto.score.roc import both


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two AUCs on the same pictures: their difference (first minus second), its interval, a two-sided p-value."""

    difference: float
    interval: tuple[float, float]
    p_value: float


def delong_interval(real: np.ndarray, fake: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Interval of the AUC, on the logit scale so that it stays between 0 and 1.

    An AUC of exactly 0 or 1 has no variance; there the bound is that of one picture of the smaller class out of place
    (rule of three). Pictures must be independent: for pictures of common parents use the clustered bootstrap.
    """
    area, covariance = _areas([both(real, fake)])
    value, variance = float(area[0]), float(covariance[0, 0])
    if value in (0.0, 1.0):
        slack = 1 - (1 - level) ** (1 / min(len(real), len(fake)))
        return (1 - slack, 1.0) if value else (0.0, slack)
    half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(variance) / (value * (1 - value))
    middle = np.log(value / (1 - value))
    low, high = 1 / (1 + np.exp(-np.array([middle - half, middle + half])))
    return float(low), float(high)


def delong_test(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], level: float = 0.95
) -> Comparison:
    """Do two detectors have the same AUC? Each is `(real, fake)` scores of the same pictures in the same order.

    Errors: InputError when the two were not scored on as many pictures.
    """
    pairs = [both(*first), both(*second)]
    if [len(part) for part in pairs[0]] != [len(part) for part in pairs[1]]:
        raise InputError(
            "A paired test needs both detectors' scores of the same pictures.",
            fix="Leave out what either could not read.",
        )
    areas, covariance = _areas(pairs)
    difference = float(areas[0] - areas[1])
    deviation = float(np.sqrt(max(0.0, covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])))
    half = float(stats.norm.ppf(0.5 + level / 2)) * deviation
    p_value = 2 * float(stats.norm.sf(abs(difference) / deviation)) if deviation else float(difference == 0)
    return Comparison(difference, (difference - half, difference + half), p_value)


def _areas(detectors: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """The AUC of each detector `(k,)` and their covariance `(k, k)` from the placements of every picture."""
    of_fakes, of_reals = [], []
    for real, fake in detectors:
        among_all = stats.rankdata(np.concatenate([real, fake]))
        of_fakes.append((among_all[len(real) :] - stats.rankdata(fake)) / len(real))
        of_reals.append(1 - (among_all[: len(real)] - stats.rankdata(real)) / len(fake))
    fakes, reals = np.atleast_2d(of_fakes), np.atleast_2d(of_reals)
    if min(fakes.shape[1], reals.shape[1]) < 2:
        raise InputError("DeLong's variance needs at least two pictures of each class.", fix="Add pictures.")
    covariance = np.cov(fakes) / fakes.shape[1] + np.cov(reals) / reals.shape[1]
    return fakes.mean(1), np.atleast_2d(covariance)
