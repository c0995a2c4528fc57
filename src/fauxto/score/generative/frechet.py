"""The Fréchet distance of two Gaussians (Dowson and Landau, 1982): FID, in whatever space the features lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.features import as_features, as_pair
from fauxto.score.generative.moments import Gaussian

ADVISED = 10_000
"""Pictures a set below which published practice calls an FID unreliable; 50,000 is the standard."""


def frechet(first: Gaussian, second: Gaussian) -> float:
    """`|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)`, without the square root of any unsymmetric matrix.

    With S1 = A A^T and S2 = B B^T the last trace is the sum of the singular values of A^T B. Factors of symmetric
    matrices are real, and a rank below d (fewer pictures than numbers) costs no digits: the eigenvalues of S1 S2 would
    enter under a root, which makes 1e-8 of an error of 1e-16.
    """
    if len(first.mean) != len(second.mean):
        raise InputError(
            f"The Gaussians have {len(first.mean)} and {len(second.mean)} dimensions.",
            fix="Compute both with the same network.",
        )
    difference = first.mean - second.mean
    shared = np.linalg.svd(_factor(first.covariance).T @ _factor(second.covariance), compute_uv=False).sum()
    spread = np.trace(first.covariance) + np.trace(second.covariance) - 2 * shared
    return float(difference @ difference + spread)


def frechet_of(real: np.ndarray, fake: np.ndarray) -> float:
    """The same of two tables `(n, d)` and `(m, d)`; where n or m is below d the tables themselves are the factors.

    The singular values of an n x m matrix then replace all of d x d: what FID of single classes wants.
    """
    real, fake = as_pair(real, fake, least=2)
    if min(len(real), len(fake)) > real.shape[1]:
        return frechet(gaussian_of(real), gaussian_of(fake))
    difference = real.mean(0) - fake.mean(0)
    a, b = ((x - x.mean(0)) / np.sqrt(len(x) - 1) for x in (real, fake))
    shared = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(difference @ difference + np.square(a).sum() + np.square(b).sum() - 2 * shared)


def gaussian_of(features: np.ndarray) -> Gaussian:
    """Mean and unbiased covariance of a table in memory. Errors: InputError."""
    table = as_features(features, least=2)
    centred = table - table.mean(0)
    return Gaussian(table.mean(0), centred.T @ centred / (len(table) - 1), len(table))


@dataclass(frozen=True, slots=True)
class Extrapolated:
    """A Fréchet distance for infinitely many pictures: the intercept `value`, and how steep the bias is in 1/n."""

    value: float
    slope: float
    error: float
    """Standard error of the intercept over the points of the line."""


def frechet_infinity(
    real: np.ndarray, fake: np.ndarray, *, points: int = 15, least: int | None = None, seed: int = 0
) -> Extrapolated:
    """Chong and Forsyth's FID-infinity (CVPR 2020): a line through the distance at several sizes, against 1/n.

    The fakes are subsampled at `points` sizes from `least` (by default the smaller of 5,000 and a tenth, and no fewer
    than 2 d where there are as many) to all; the reals stay whole, so their share of the bias stays too.
    """
    real, fake = as_pair(real, fake, least=2)
    low = min(5000, max(len(fake) // 10, min(2 * fake.shape[1], len(fake) // 2))) if least is None else least
    if points < 3 or not 2 <= low < len(fake):
        raise InputError(
            f"A line needs 3 sizes between 2 and {len(fake)} pictures; got {points} from {low} on.",
            fix="Give more fakes, or another `least`.",
        )
    sizes = np.unique(np.linspace(low, len(fake), points).astype(int))
    order = np.random.default_rng(seed)
    whole = gaussian_of(real)
    values = [frechet(whole, gaussian_of(fake[order.permutation(len(fake))[:size]])) for size in sizes]
    design = np.stack([np.ones(len(sizes)), 1 / sizes], 1)
    solution, *_ = np.linalg.lstsq(design, np.asarray(values), rcond=None)
    left = np.asarray(values) - design @ solution
    variance = left @ left / max(1, len(sizes) - 2) * np.linalg.inv(design.T @ design)
    return Extrapolated(float(solution[0]), float(solution[1]), float(np.sqrt(variance[0, 0])))


def rank_note(count: int | None, width: int) -> str:
    """What to say of a covariance of `width` numbers estimated from `count` pictures; empty where nothing is wrong."""
    if count is None:
        return "It is not known from how many pictures these statistics come; never compare over different numbers."
    if count <= width:
        return (
            f"{count:,} pictures for {width:,} dimensions: the covariance has no full rank. The distance is defined, "
            f"but biased upwards; compare only figures of exactly as many pictures, and give {ADVISED:,} or more."
        )
    if count < ADVISED:
        return f"{count:,} pictures: fewer than the {ADVISED:,} that are advised; the bias grows like 1/n."
    return ""


def _factor(covariance: np.ndarray) -> np.ndarray:
    """A with A A^T = covariance, `(d, rank)`: Cholesky's, a tenth of the work, where the rank is full beyond rounding;
    else from eigenvectors, without the eigenvalues that are only rounding.
    """
    noise = len(covariance) * np.finfo(np.float64).eps
    try:
        lower: np.ndarray = np.linalg.cholesky(covariance)
        pivots = np.square(np.diagonal(lower))
        if pivots.min() > noise * pivots.max():
            return lower
    except np.linalg.LinAlgError:
        pass
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    kept = values > max(float(values[-1]), 0.0) * noise
    return vectors[:, kept] * np.sqrt(values[kept])
