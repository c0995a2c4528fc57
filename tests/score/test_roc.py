"""Ranking metrics against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from fauxto.errors import InputError
from fauxto.score.roc import auc, interval, threshold_at, tpr_at

SCORES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40).map(np.asarray)


@given(SCORES, SCORES)
def test_auc_equals_scikit_learn_with_ties(real, fake):
    labels = np.r_[np.zeros(len(real)), np.ones(len(fake))]
    assert auc(real, fake) == pytest.approx(roc_auc_score(labels, np.r_[real, fake]))


@given(SCORES, st.floats(0.0, 0.5))
def test_threshold_keeps_the_false_alarm_rate(real, fpr):
    assert np.mean(real > threshold_at(real, fpr)) <= fpr + 1e-9


def test_true_positive_rate_by_hand():
    assert tpr_at(np.arange(100.0), np.array([94.0, 95.0, 200.0, -1.0]), 0.05) == 0.5


def test_interval_covers_the_true_auc_at_its_level():
    covered = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        low, high = interval(auc, rng.normal(0, 1, 80), rng.normal(1, 1, 80), seed=seed, rounds=200)
        covered += low <= 0.7602 <= high  # Phi(1 / sqrt 2)
    assert 50 <= covered <= 60


def test_one_class_is_refused():
    with pytest.raises(InputError, match="both classes"):
        auc(np.array([]), np.array([1.0]))
