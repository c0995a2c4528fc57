"""Intra-class FID: the mean of single distances, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from fauxto.errors import InputError
from fauxto.score.generative.frechet import frechet_of
from fauxto.score.generative.per_class import intra_class_frechet

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(60, 4)), RNG.normal(size=(40, 4))
OF_REAL, OF_FAKE = ["a", "b"] * 30, ["b", "a"] * 20


def test_it_is_the_mean_over_classes():
    found = intra_class_frechet(REAL, OF_REAL, FAKE, OF_FAKE)
    one = frechet_of(REAL[np.array(OF_REAL) == "a"], FAKE[np.array(OF_FAKE) == "a"])
    assert found.distances["a"] == pytest.approx(one)
    assert found.mean == pytest.approx(np.mean(list(found.distances.values())))
    assert set(found.notes) == {"a", "b"}


def test_swapped_classes_are_seen_by_it_alone():
    real = REAL + 5 * (np.array(OF_REAL) == "a")[:, None]
    right = FAKE + 5 * (np.array(OF_FAKE) == "a")[:, None]
    swapped = ["a" if name == "b" else "b" for name in OF_FAKE]
    assert frechet_of(real, right) < 2
    assert intra_class_frechet(real, OF_REAL, right, OF_FAKE).mean < 2
    assert intra_class_frechet(real, OF_REAL, right, swapped).mean > 50


def test_classes_have_to_be_in_both_sets_and_large_enough():
    with pytest.raises(InputError, match="Only one of the two sets has the class 'b' and 1 more"):
        intra_class_frechet(REAL, OF_REAL, FAKE, ["c", "a"] * 20)
    with pytest.raises(InputError, match="1 fake pictures"):
        intra_class_frechet(REAL, OF_REAL, FAKE, ["a"] + ["b"] * 39)
