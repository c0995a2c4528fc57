"""Agreement of clusters with classes against every possible naming."""

import itertools

import numpy as np
import pytest

from fauxto.errors import ContractError
from fauxto.score.clusters import matched_accuracy, mean_purity


def test_the_best_naming_of_all():
    rng = np.random.default_rng(0)
    for _ in range(5):
        classes, clusters = rng.integers(0, 4, (2, 60))
        best = max(np.mean(np.array(names)[clusters] == classes) for names in itertools.permutations(range(4)))
        assert matched_accuracy(classes, clusters) == pytest.approx(best)


def test_purity_by_hand_and_without_empty_clusters():
    classes, clusters = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 0, 0, 3, 3, 3])
    assert mean_purity(classes, clusters) == pytest.approx((2 / 3 + 1) / 2)
    assert matched_accuracy(classes, clusters) == pytest.approx(5 / 6)


def test_unequal_lengths_are_refused():
    with pytest.raises(ContractError, match="One class"):
        mean_purity(np.zeros(3, int), np.zeros(4, int))
