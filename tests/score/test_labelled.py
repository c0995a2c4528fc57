"""Scores with labels: the AUC is scikit-learn's and that of `score.roc`, the interval over groups covers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fauxto.score.labelled import labelled_auc, labelled_interval
from fauxto.score.roc import auc


def test_the_auc_is_scikit_learns_and_that_of_both_classes_apart():
    rng = np.random.default_rng(0)
    for _ in range(5):
        labels = rng.integers(0, 2, 200)
        scores = np.round(rng.normal(labels, 1), 1)
        weights = rng.integers(0, 3, 200).astype(float)
        assert labelled_auc(scores, labels) == pytest.approx(roc_auc_score(labels, scores))
        assert labelled_auc(scores, labels) == pytest.approx(auc(scores[labels == 0], scores[labels == 1]))
        assert labelled_auc(scores, labels, weights) == pytest.approx(
            roc_auc_score(labels, scores, sample_weight=weights)
        )
    assert labelled_auc(np.arange(3.0), np.ones(3, int)) == 0.5


def test_the_interval_covers():
    inside = 0
    for seed in range(40):  # the 99 % interval of a useless score holds one half
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, 100)
        low, high = labelled_interval(rng.normal(size=100), labels, np.arange(100) // 2, seed=seed)
        inside += low <= 0.5 <= high
    assert inside >= 38
