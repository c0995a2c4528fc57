"""How far probabilities are from frequencies: reliability bins, expected calibration error, Brier score, log loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fauxto.errors import InputError
from fauxto.score.roc import both

Bins = Literal["width", "mass"]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Non-empty bins, lowest probability first: pictures in each, their mean probability, their share of fakes."""

    count: np.ndarray
    probability: np.ndarray
    frequency: np.ndarray

    @property
    def expected_error(self) -> float:
        """ECE: the mean over pictures of |probability - frequency| of their bin (Naeini et al., 2015)."""
        return float((self.count * np.abs(self.probability - self.frequency)).sum() / self.count.sum())

    @property
    def largest_error(self) -> float:
        """MCE: the same of the worst bin."""
        return float(np.abs(self.probability - self.frequency).max())


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits to probabilities, without overflow."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(logits, dtype=np.float64)))


def reliability(real: np.ndarray, fake: np.ndarray, bins: int = 15, kind: Bins = "width") -> Reliability:
    """Bin the probabilities of logits, by equal width (0 to 1) or by equal mass (quantiles; ties stay together).

    ECE is biased upwards by about sqrt(bins / n): compare at the same n and number of bins only.
    """
    real, fake = both(real, fake)
    if bins < 1:
        raise InputError(f"Expected at least one bin; got {bins}.", fix="Use 15.")
    probability = sigmoid(np.concatenate([real, fake]))
    label = np.repeat([0.0, 1.0], [len(real), len(fake)])
    if kind == "width":
        index = np.minimum((probability * bins).astype(int), bins - 1)
    else:
        edges = np.quantile(probability, np.arange(1, bins) / bins)
        index = np.searchsorted(edges, probability, side="right")
    count = np.bincount(index, minlength=bins)
    kept = count > 0
    return Reliability(
        count[kept],
        np.bincount(index, probability, bins)[kept] / count[kept],
        np.bincount(index, label, bins)[kept] / count[kept],
    )


def expected_calibration_error(real: np.ndarray, fake: np.ndarray, bins: int = 15) -> float:
    """ECE of logits over bins of equal width.

    >>> expected_calibration_error(np.zeros(3), np.zeros(1))
    0.25
    """
    return reliability(real, fake, bins).expected_error


def brier(real: np.ndarray, fake: np.ndarray) -> float:
    """Mean squared distance of probability and label; 0.25 for a detector that always says one half."""
    real, fake = both(real, fake)
    return float((np.concatenate([sigmoid(real), 1 - sigmoid(fake)]) ** 2).mean())


def log_loss(real: np.ndarray, fake: np.ndarray) -> float:
    """Mean negative log likelihood in nats; log 2 for a detector that always says one half."""
    real, fake = both(real, fake)
    return float(np.concatenate([np.logaddexp(0, real), np.logaddexp(0, -fake)]).mean())
