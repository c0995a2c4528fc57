"""Mean and covariance of features that arrive in batches: float64, constant memory, mergeable in any order."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.features import as_features

ROWS = 512
"""Pictures that are joined at a time."""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """What a Fréchet distance knows of a set: `mean` `(d,)`, unbiased `covariance` `(d, d)`, `count` where known."""

    mean: np.ndarray
    covariance: np.ndarray
    count: int | None = None

    def save(self, path: str | Path) -> None:
        """Write the npz that pytorch-fid, clean-fid and StudioGAN read (`mu`, `sigma`), with `count` beside them."""
        with Path(path).open("wb") as opened:
            np.savez(opened, mu=self.mean, sigma=self.covariance, count=-1 if self.count is None else self.count)


def load_gaussian(path: str | Path) -> Gaussian:
    """Read such an npz, of ours or of those packages. Errors: InputError."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            mean, covariance = (np.asarray(stored[name], np.float64) for name in ("mu", "sigma"))
            count = int(stored["count"]) if "count" in stored else -1
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} holds no statistics: {error}.", fix="Give an .npz with the arrays mu and sigma, as pytorch-fid's."
        ) from error
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise InputError(
            f"{path} holds a mean of shape {mean.shape} and a covariance of shape {covariance.shape}.",
            fix="Expected (d,) and (d, d).",
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise InputError(f"{path} holds NaN or infinity.", fix="Compute the statistics again.", code="not_finite")
    return Gaussian(mean, covariance, count if count >= 0 else None)


class Moments:
    """Count, mean and scatter (the sum of outer products around the mean) of what was added so far.

    Blocks are centred before they are multiplied and joined by the rule of Chan, Golub and LeVeque (1979): plain sums
    of squares lose all digits where the mean is large beside the deviation. Small batches wait for a block of `ROWS`:
    every join touches all of d x d.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._count = 0
        self._mean = np.zeros(width)
        self._scatter = np.zeros((width, width))
        self._waiting: list[np.ndarray] = []

    @classmethod
    def of(cls, features: np.ndarray) -> Self:
        """The moments of a table `(n, d)`."""
        moments = cls(np.shape(features)[1])
        for start in range(0, len(features), ROWS):
            moments.add(features[start : start + ROWS])
        return moments

    @property
    def count(self) -> int:
        """Pictures so far."""
        return self._count + sum(map(len, self._waiting))

    def add(self, features: np.ndarray) -> None:
        """Take in a batch `(n, d)`. Errors: InputError."""
        batch = as_features(features)
        if batch.shape[1] != self.width:
            raise InputError(
                f"A batch has {batch.shape[1]} numbers a picture; expected {self.width}.",
                fix="Compute all features with the same network.",
            )
        self._waiting.append(batch)
        if sum(map(len, self._waiting)) >= ROWS:
            self._settle()

    def merge(self, other: Moments) -> None:
        """Take in what another process has seen."""
        other._settle()
        if other._count:
            self._join(other._count, other._mean, other._scatter)

    def gaussian(self) -> Gaussian:
        """Mean and unbiased covariance. Errors: InputError for fewer than two pictures."""
        self._settle()
        if self._count < 2:
            raise InputError(
                f"A covariance needs at least two pictures; got {self._count}.",
                fix="Give more pictures.",
                code="too_few_pictures",
            )
        return Gaussian(self._mean.copy(), self._scatter / (self._count - 1), self._count)

    def _settle(self) -> None:
        if self._waiting:
            block = np.concatenate(self._waiting)
            self._waiting = []
            mean = block.mean(0)
            block -= mean
            self._join(len(block), mean, block.T @ block)

    def _join(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        total = self._count + count
        step = mean - self._mean
        self._scatter += scatter + np.outer(step, step) * (self._count * count / total)
        self._mean += step * (count / total)
        self._count = total
