"""Mean and covariance of features that arrive in batches: float64, constant memory, mergeable in any order."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.features import as_features


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

    Batches are centred before they are multiplied and joined by the rule of Chan, Golub and LeVeque (1979): plain sums
    of squares lose all digits where the mean is large beside the deviation.
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self.mean = np.zeros(width)
        self.scatter = np.zeros((width, width))

    @classmethod
    def of(cls, features: np.ndarray, rows: int = 4096) -> Self:
        """The moments of a table `(n, d)`, read in blocks of `rows`."""
        moments = cls(np.shape(features)[1])
        for start in range(0, len(features), rows):
            moments.add(features[start : start + rows])
        return moments

    def add(self, features: np.ndarray) -> None:
        """Take in a batch `(n, d)`. Errors: InputError."""
        batch = as_features(features)
        if batch.shape[1] != len(self.mean):
            raise InputError(
                f"A batch has {batch.shape[1]} numbers a picture; expected {len(self.mean)}.",
                fix="Compute all features with the same network.",
            )
        mean = batch.mean(0)
        batch = batch - mean
        self._join(len(batch), mean, batch.T @ batch)

    def merge(self, other: Moments) -> None:
        """Take in what another process has seen."""
        if other.count:
            self._join(other.count, other.mean, other.scatter)

    def gaussian(self) -> Gaussian:
        """Mean and unbiased covariance. Errors: InputError for fewer than two pictures."""
        if self.count < 2:
            raise InputError(
                f"A covariance needs at least two pictures; got {self.count}.",
                fix="Give more pictures.",
                code="too_few_pictures",
            )
        return Gaussian(self.mean.copy(), self.scatter / (self.count - 1), self.count)

    def _join(self, count: int, mean: np.ndarray, scatter: np.ndarray) -> None:
        total = self.count + count
        step = mean - self.mean
        self.scatter += scatter + np.outer(step, step) * (self.count * count / total)
        self.mean += step * (count / total)
        self.count = total
