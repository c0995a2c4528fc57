"""Fidelity apart from diversity: improved Precision and Recall, Density and Coverage, in one pass of distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fauxto.score.generative.features import as_pair
from fauxto.score.generative.neighbours import ROWS, squared_distances, squared_radii


@dataclass(frozen=True, slots=True)
class Manifold:
    """Shares in [0, 1]; `density` may exceed 1 where fakes crowd at the densest places."""

    precision: float
    recall: float
    density: float
    coverage: float
    k: int
    closed: bool


def manifold(real: np.ndarray, fake: np.ndarray, *, k: int = 5, closed: bool = False, rows: int = ROWS) -> Manifold:
    """Balls around each picture that reach to its k-th neighbour stand for the manifold of its set.

    Precision (Kynkäänniemi et al., NeurIPS 2019): the share of fakes in the ball of some real. Recall: of reals in the
    ball of some fake. Density (Naeem et al., ICML 2020): in how many balls of reals a fake lies, over k. Coverage: the
    share of reals whose ball holds a fake. `closed` counts a point on the surface: NVIDIA's and torch-fidelity's
    convention, with k = 3; prdc and StudioGAN count it not, with k = 5. Errors: InputError for k or fewer pictures.
    """
    real, fake = as_pair(real, fake)
    radii, fake_radii = squared_radii(real, k, rows), squared_radii(fake, k, rows)
    inside = np.less_equal if closed else np.less
    hits = np.zeros(len(fake), np.int64)
    recalled = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for block, squared in squared_distances(real, fake, rows):
        in_ball = inside(squared, radii[block, None])
        hits += in_ball.sum(0)
        covered[block] = in_ball.any(1)
        recalled[block] = inside(squared, fake_radii).any(1)
    return Manifold(
        precision=float(np.mean(hits > 0)),
        recall=float(np.mean(recalled)),
        density=float(hits.mean() / k),
        coverage=float(np.mean(covered)),
        k=k,
        closed=closed,
    )


def expected_coverage(real: int, fake: int, k: int) -> float:
    """What Coverage comes to for two samples of one distribution (Naeem et al., 2020, equation 9).

    >>> round(expected_coverage(10_000, 10_000, 5), 3)
    0.969
    """
    missed = [(real - 1 - i) / (fake + real - 1 - i) for i in range(k)]
    return float(1 - np.prod(missed))
