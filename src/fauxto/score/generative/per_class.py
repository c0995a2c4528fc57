"""Intra-class FID: one Fréchet distance a class, and their mean; sees a class that a generator does badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fauxto.errors import InputError
from fauxto.score.generative.features import as_pair
from fauxto.score.generative.frechet import frechet_of, rank_note


@dataclass(frozen=True, slots=True)
class PerClass:
    """`distances` by class, and `notes` on classes that are too small for a covariance of full rank."""

    mean: float
    distances: dict[str, float]
    notes: dict[str, str]


def intra_class_frechet(
    real: np.ndarray, real_classes: Sequence[str], fake: np.ndarray, fake_classes: Sequence[str]
) -> PerClass:
    """The Fréchet distance of each class that both sets have, in the order of the names, and the plain mean.

    Published practice draws as many fakes of a class as it has reals; figures of other class sizes are no comparison.
    Errors: InputError when a class is in one set only, or has fewer than two pictures in either.
    """
    real, fake = as_pair(real, fake, least=2)
    of_real, of_fake = np.asarray(real_classes, str), np.asarray(fake_classes, str)
    if len(of_real) != len(real) or len(of_fake) != len(fake):
        raise InputError("There must be one class for each picture.", fix="Check the lengths of the class lists.")
    names = sorted(set(of_real.tolist()))
    if odd := sorted(set(names) ^ set(of_fake.tolist())):
        raise InputError(
            f"Only one of the two sets has the class {odd[0]!r}{f' and {len(odd) - 1} more' if len(odd) > 1 else ''}.",
            fix="Name the class folders alike, and generate every class.",
        )
    distances, notes = {}, {}
    for name in names:
        a, b = real[of_real == name], fake[of_fake == name]
        if min(len(a), len(b)) < 2:
            raise InputError(
                f"The class {name!r} has {len(a)} real and {len(b)} fake pictures; a covariance needs two of each.",
                fix="Give more pictures of this class.",
                code="too_few_pictures",
            )
        distances[name] = frechet_of(a, b)
        if note := rank_note(min(len(a), len(b)), real.shape[1]):
            notes[name] = note
    return PerClass(float(np.mean(list(distances.values()))), distances, notes)
