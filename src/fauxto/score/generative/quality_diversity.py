"""Two scores of a generator that usually conflict: are its samples like real ones, and are they unlike each other?

Ben-Yosef and Weinshall (2018) report such a pair; their formulas could not be established, so the definitions are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.neighbours import squared_distances

REACH = 0.95
"""Share of unseen real samples that count as good, by construction."""


class Read(NamedTuple):
    """What a classifier of the real data read of n samples."""

    features: np.ndarray
    """`(n, f)` of its last hidden layer."""
    classes: np.ndarray
    """`(n,)` int, the class that it gave."""


@dataclass(frozen=True, slots=True)
class QualityDiversity:
    """Both in [0, 1]: unseen real samples score 0.95 and about 1, noise has no quality, one picture no diversity."""

    quality: float
    diversity: float

    @property
    def combined(self) -> float:
        """The geometric mean."""
        return float(np.sqrt(self.quality * self.diversity))


def quality_diversity(known: Read, real: Read, fake: Read, classes: int) -> QualityDiversity:
    """Scores of `fake` against `known`, which the classifier was trained on, and `real`, unseen.

    Quality: the share of fakes no farther from the nearest known sample of their class than 95 % of unseen real ones
    are. Diversity: the mean distance between fakes of a class over that between real ones, at most 1, averaged over
    classes, times exp(entropy of the fakes' classes) / classes. Errors: InputError for an empty set, or a class with
    fewer than two real samples.
    """
    if min(len(known.features), len(fake.features)) == 0 or np.bincount(real.classes, minlength=classes).min() < 2:
        raise InputError("Every class needs two real samples, and there must be fakes.", fix="Give more samples.")
    reach = np.quantile(_to_nearest(known, real), REACH)
    ratios = []
    for label in range(classes):
        spread = _mean_distance(real.features[real.classes == label])
        ratios.append(min(1.0, _mean_distance(fake.features[fake.classes == label]) / spread) if spread else 0.0)
    shares = np.bincount(fake.classes, minlength=classes) / len(fake.classes)
    entropy = -np.sum(shares[shares > 0] * np.log(shares[shares > 0]))
    return QualityDiversity(
        quality=float(np.mean(_to_nearest(known, fake) <= reach)),
        diversity=float(np.mean(ratios) * np.exp(entropy) / classes),
    )


def _to_nearest(known: Read, asked: Read) -> np.ndarray:
    """Distance `(n,)` to the nearest known sample of the same class; infinite where there is none."""
    nearest = np.full(len(asked.features), np.inf)
    for label in np.intersect1d(known.classes, asked.classes):
        rows = np.flatnonzero(asked.classes == label)
        for block, squared in squared_distances(asked.features[rows], known.features[known.classes == label]):
            nearest[rows[block]] = np.sqrt(squared.min(1))
    return nearest


def _mean_distance(features: np.ndarray) -> float:
    """Mean distance of two different samples; 0 for fewer than two."""
    count = len(features)
    if count < 2:
        return 0.0
    return float(sum(np.sqrt(squared).sum() for _, squared in squared_distances(features, features))) / (
        count * (count - 1)
    )
