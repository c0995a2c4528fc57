"""Each metric that needs all features, by the name under which it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fauxto.errors import InputError
from fauxto.nn.feature_network import FeatureNetwork
from fauxto.score.generative.conventions import Convention
from fauxto.score.generative.discrepancy import GaussianKernel, kid, mmd2
from fauxto.score.generative.frechet import frechet_infinity
from fauxto.score.generative.inception_score import inception_score
from fauxto.score.generative.manifold import Manifold, manifold
from fauxto.score.generative.memorisation import authenticity
from fauxto.score.generative.per_class import intra_class_frechet

Figures = dict[str, float | dict[str, float]]

CMMD_SCALE = 1000
"""CMMD is published times a thousand."""


@dataclass(frozen=True)
class Sets:
    """The features of both sets with their classes, and what to score them by."""

    real: np.ndarray
    fake: np.ndarray
    real_classes: Sequence[str]
    fake_classes: Sequence[str]
    network: FeatureNetwork
    convention: Convention
    seed: int

    @cached_property
    def balls(self) -> Manifold:
        """Precision, Recall, Density and Coverage come from one pass."""
        return manifold(self.real, self.fake, k=self.convention.k, closed=self.convention.closed)


def _infinity(sets: Sets) -> Figures:
    line = frechet_infinity(sets.real, sets.fake, seed=sets.seed)
    return {"fid-infinity": {"value": line.value, "standard_error": line.error}}


def _kid(sets: Sets) -> Figures:
    one = sets.convention
    size = min(one.subset, len(sets.real), len(sets.fake))
    found = kid(sets.real, sets.fake, subsets=one.subsets, size=size, seed=sets.seed)
    return {"kid": {"mean": found.mean, "std": found.std, "subset_size": found.size}}


def _cmmd(sets: Sets) -> Figures:
    real, fake = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (sets.real, sets.fake))
    return {"cmmd": CMMD_SCALE * mmd2(real, fake, GaussianKernel())}


def _inception_score(sets: Sets) -> Figures:
    logits = sets.network.logits(sets.fake, sets.convention.bias)
    score = inception_score(logits, min(sets.convention.splits, len(logits)))
    return {"is": {"mean": score.mean, "std": score.std, "splits": score.splits}}


def _per_class(sets: Sets) -> Figures:
    if not any(sets.real_classes):
        raise InputError(
            "A distance for each class needs classes, and classes are folders.",
            fix="Put the pictures of each class into a folder of its own, in both sets; or leave out ifid.",
        )
    found = intra_class_frechet(sets.real, sets.real_classes, sets.fake, sets.fake_classes)
    return {"ifid": {"mean": found.mean, **found.distances}}


FIGURES: dict[str, Callable[[Sets], Figures]] = {
    "fid-infinity": _infinity,
    "kid": _kid,
    "mmd": lambda sets: {"mmd": mmd2(sets.real, sets.fake)},
    "cmmd": _cmmd,
    "is": _inception_score,
    "pr": lambda sets: {"precision": sets.balls.precision, "recall": sets.balls.recall},
    "dc": lambda sets: {"density": sets.balls.density, "coverage": sets.balls.coverage},
    "ifid": _per_class,
    "authenticity": lambda sets: {"authenticity": authenticity(sets.real, sets.fake)},
}
"""The extrapolated distance; KID; MMD of all pairs, with KID's kernel and with CMMD's; Inception Score; Precision and
Recall; Density and Coverage; the distance a class; the share of fakes that are no copies."""
