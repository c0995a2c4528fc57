"""The figures of one detector on one test set, each with its interval; and their unweighted mean over test sets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fauxto.errors import InputError
from fauxto.score.bootstrap import draws
from fauxto.score.calibration_error import expected_calibration_error
from fauxto.score.delong import delong_interval
from fauxto.score.equal_error import equal_error_rate
from fauxto.score.low_fpr import operating_point
from fauxto.score.precision_recall import average_precision
from fauxto.score.roc import auc, tpr_at
from fauxto.score.threshold import accuracy, wilson

LOW_RATE = 0.01
"""The false-positive rate of the table's TPR column."""
ROUNDS = 200
"""Draws of a bootstrap interval."""


class Estimate(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Part:
    """The logits of one test set, and the cluster of every picture: clusters are what intervals take as independent."""

    real: np.ndarray
    fake: np.ndarray
    real_clusters: Sequence[str]
    fake_clusters: Sequence[str]

    def __post_init__(self) -> None:
        if min(len(self.real), len(self.fake)) < 2:
            raise InputError(
                f"A test set has {len(self.real)} real and {len(self.fake)} fake scored pictures; two of each needed.",
                fix="Add pictures, or leave this test set out.",
            )

    @property
    def independent(self) -> bool:
        """Whether every picture is a cluster of its own."""
        return len({*self.real_clusters, *self.fake_clusters}) == len(self.real) + len(self.fake)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found on `reals` and `fakes` pictures; `failed` ones have a status instead of a score.

    Accuracies are at logit 0: `real_accuracy` the share of reals not above it, `fake_accuracy` of fakes above it (the
    recall of fakes), `balanced_accuracy` the mean of both.
    `average_precision` by chance is the share of fakes. `tpr` is at a false-positive rate of 1 %, None where the reals
    are too few to tell. `header_auc` is what a tree on the files' headers alone reaches on the same pictures.
    """

    reals: int
    fakes: int
    failed: int
    auc: Estimate
    average_precision: Estimate
    accuracy: Estimate
    real_accuracy: Estimate
    fake_accuracy: Estimate
    tpr: Estimate | None
    equal_error: float
    calibration_error: float
    balanced_accuracy: Estimate
    header_auc: float | None = None

    @property
    def precision(self) -> float:
        """The share of fakes among what is called generated, as many of each class as were scored; NaN for no call."""
        right = self.fake_accuracy.value * self.fakes
        called = right + (1 - self.real_accuracy.value) * self.reals
        return right / called if called else math.nan

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall of the fakes; 0 where no fake is found."""
        recall, precision = self.fake_accuracy.value, self.precision
        return 2 * precision * recall / (precision + recall) if recall else 0.0

    @property
    def below_prevalence(self) -> bool:
        """Whether the ranking is worse than chance: average precision surely below the share of fakes."""
        return self.average_precision.high < self.fakes / (self.reals + self.fakes)


def measure(part: Part, *, failed: int = 0, header_auc: float | None = None, seed: int = 0) -> Measured:
    """Every figure of one test set; intervals are over clusters.

    AUC by DeLong where pictures are independent, else by the clustered bootstrap, as average precision, accuracy and
    TPR always; the accuracies of a class by Wilson, each cluster counting as one picture.
    """
    real, fake = part.real, part.fake
    point = _figures(real, fake)
    drawn = np.array([_figures(real[r], fake[f]) for r, f in _draws([part], seed)])
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    ranked = Estimate(point[0], low[0], high[0])
    if part.independent or point[0] in (0.0, 1.0):
        ranked = Estimate(point[0], *delong_interval(real, fake))
    reals, fakes = len(set(part.real_clusters)), len(set(part.fake_clusters))
    return Measured(
        len(real),
        len(fake),
        failed,
        _rounded(ranked),
        _rounded(Estimate(point[1], low[1], high[1])),
        _rounded(Estimate(point[2], low[2], high[2])),
        _rounded(Estimate(point[3], *wilson(point[3] * reals, reals))),
        _rounded(Estimate(point[4], *wilson(point[4] * fakes, fakes))),
        _rounded(Estimate(point[5], low[5], high[5])) if _resolves(real, fake) else None,
        round(equal_error_rate(real, fake), 4),
        round(expected_calibration_error(real, fake), 4),
        _rounded(Estimate(point[6], low[6], high[6])),
        header_auc,
    )


def mean(parts: Sequence[Part], measured: Sequence[Measured], *, seed: int = 0) -> Measured:
    """The unweighted mean of every figure over test sets, not a pooled one.

    The intervals draw clusters of all test sets together, so that reals that several sets share are drawn alike in
    all of them: as they are, those sets are not independent measurements.
    """
    real, fake = (np.concatenate([getattr(part, side) for part in parts]) for side in ("real", "fake"))
    of_real, of_fake = (
        np.repeat(range(len(parts)), [len(getattr(part, side)) for part in parts]) for side in ("real", "fake")
    )
    rounds = []
    for r, f in _draws(parts, seed):
        each = [_figures(real[r[of_real[r] == k]], fake[f[of_fake[f] == k]]) for k in range(len(parts))]
        rounds.append(np.nanmean(each, axis=0))
    low, high = np.quantile(rounds, [0.025, 0.975], axis=0)
    points = np.mean([_figures(part.real, part.fake) for part in parts], axis=0)
    ranked, precision, right, right_real, right_fake, tpr, balanced = (
        _rounded(Estimate(*three)) for three in zip(points, low, high, strict=True)
    )
    headers = [one.header_auc for one in measured if one.header_auc is not None]
    return Measured(
        reals=sum(one.reals for one in measured),
        fakes=sum(one.fakes for one in measured),
        failed=sum(one.failed for one in measured),
        auc=ranked,
        average_precision=precision,
        accuracy=right,
        real_accuracy=right_real,
        fake_accuracy=right_fake,
        tpr=tpr if all(one.tpr is not None for one in measured) else None,
        equal_error=round(float(np.mean([one.equal_error for one in measured])), 4),
        calibration_error=round(float(np.mean([one.calibration_error for one in measured])), 4),
        balanced_accuracy=balanced,
        header_auc=round(float(np.mean(headers)), 4) if headers else None,
    )


def _figures(real: np.ndarray, fake: np.ndarray) -> tuple[float, ...]:
    """AUC, average precision, accuracy (all, real, fake), TPR at 1 % FPR and balanced accuracy; NaN without a class."""
    if not len(real) or not len(fake):
        return (math.nan,) * 7
    right = accuracy(real, fake)
    return (
        auc(real, fake),
        average_precision(real, fake),
        right.all,
        right.real,
        right.fake,
        tpr_at(real, fake, LOW_RATE),
        (right.real + right.fake) / 2,
    )


def _draws(parts: Sequence[Part], seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    names = [[name for part in parts for name in getattr(part, side)] for side in ("real_clusters", "fake_clusters")]
    return draws(*names, seed=seed, rounds=ROUNDS)


def _resolves(real: np.ndarray, fake: np.ndarray) -> bool:
    try:
        operating_point(real, fake, LOW_RATE)
    except InputError:
        return False
    return True


def _rounded(estimate: Estimate) -> Estimate:
    return Estimate(*(round(float(value), 4) for value in estimate))
