"""The maximum mean discrepancy (Gretton et al., 2012) and KID (Binkowski et al., ICLR 2018): unbiased at any size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.features import as_pair

Indices = tuple[np.ndarray, np.ndarray]

LARGEST_GRAM = 2**26
"""Kernel values kept at a time (half a gigabyte): below this, subsets are looked up and not computed again."""


class Kernel(Protocol):
    """A positive definite kernel: `(n, d)` and `(m, d)` to `(n, m)`."""

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Polynomial:
    """`(gamma x.y + coefficient) ** degree`; KID's own with the defaults, where gamma is 1 / d."""

    degree: int = 3
    gamma: float | None = None
    coefficient: float = 1.0

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """See Kernel."""
        gamma = 1 / x.shape[1] if self.gamma is None else self.gamma
        return (gamma * (x @ y.T) + self.coefficient) ** self.degree


@dataclass(frozen=True, slots=True)
class GaussianKernel:
    """`exp(-|x - y|^2 / (2 width^2))`; CMMD (Jayasumana et al., CVPR 2024) is this with width 10 on CLIP features."""

    width: float = 10.0

    def __call__(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """See Kernel."""
        squared = np.square(x).sum(1)[:, None] + np.square(y).sum(1) - 2 * (x @ y.T)
        return np.exp(-np.maximum(squared, 0) / (2 * self.width**2))


@dataclass(frozen=True, slots=True)
class Kid:
    """Mean and standard deviation (of the population) over the subsets; the mean may fall below 0 and is never clipped.

    The deviation says how much one subset scatters, not how sure the mean is: subsets of one table share pictures.
    """

    mean: float
    std: float
    subsets: int
    size: int


def mmd2(real: np.ndarray, fake: np.ndarray, kernel: Kernel | None = None, *, rows: int = 2048) -> float:
    """The unbiased squared discrepancy of all pictures, in blocks of `rows`: no pair is left out, none with itself."""
    kernel = kernel or Polynomial()
    real, fake = as_pair(real, fake, least=2)
    within = sum(_off_diagonal(x, kernel, rows) / (len(x) * (len(x) - 1)) for x in (real, fake))
    across = sum(kernel(real[i : i + rows], fake).sum() for i in range(0, len(real), rows))
    return float(within - 2 * across / (len(real) * len(fake)))


def kid(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    subsets: int = 100,
    size: int = 1000,
    seed: int = 0,
    kernel: Kernel | None = None,
    chosen: Iterable[Indices] | None = None,
) -> Kid:
    """Kernel Inception Distance: the unbiased discrepancy of random subsets of `size` pictures of each set.

    `chosen` replaces the seeded draw by index pairs of your own. Errors: InputError when a set is smaller than `size`.
    """
    kernel = kernel or Polynomial()
    real, fake = as_pair(real, fake, least=2)
    if not 2 <= size <= min(len(real), len(fake)):
        raise InputError(
            f"Subsets of {size} pictures cannot be drawn from {len(real)} real and {len(fake)} fake ones.",
            fix=f"Take subsets of at most {min(len(real), len(fake))} pictures, or give more.",
            code="too_few_pictures",
        )
    pairs = draw(len(real), len(fake), subsets, size, seed) if chosen is None else chosen
    small = (len(real) + len(fake)) ** 2 <= LARGEST_GRAM
    values = list(_looked_up(real, fake, pairs, kernel) if small else _computed(real, fake, pairs, kernel))
    return Kid(float(np.mean(values)), float(np.std(values)), len(values), size)


def draw(real: int, fake: int, subsets: int, size: int, seed: int) -> Iterator[Indices]:
    """Index pairs of `subsets` random subsets, without repeats inside of one."""
    rng = np.random.default_rng(seed)
    for _ in range(subsets):
        yield rng.choice(real, size, replace=False), rng.choice(fake, size, replace=False)


def _looked_up(real: np.ndarray, fake: np.ndarray, pairs: Iterable[Indices], kernel: Kernel) -> Iterator[float]:
    xx, yy, xy = kernel(real, real), kernel(fake, fake), kernel(real, fake)
    for i, j in pairs:
        yield _unbiased(xx[np.ix_(i, i)], yy[np.ix_(j, j)], xy[np.ix_(i, j)])


def _computed(real: np.ndarray, fake: np.ndarray, pairs: Iterable[Indices], kernel: Kernel) -> Iterator[float]:
    for i, j in pairs:
        x, y = real[i], fake[j]
        yield _unbiased(kernel(x, x), kernel(y, y), kernel(x, y))


def _unbiased(xx: np.ndarray, yy: np.ndarray, xy: np.ndarray) -> float:
    within = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (xx, yy))
    return float(within - 2 * xy.mean())


def _off_diagonal(x: np.ndarray, kernel: Kernel, rows: int) -> float:
    """The sum of k(x_i, x_j) over i != j."""
    total = 0.0
    for start in range(0, len(x), rows):
        block = kernel(x[start : start + rows], x)
        total += float(block.sum() - np.trace(block[:, start : start + rows]))
    return total
