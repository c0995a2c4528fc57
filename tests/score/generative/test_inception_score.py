"""The Inception Score against its closed forms and a plain sum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from fauxto.errors import InputError
from fauxto.score.generative.inception_score import ClassSums, inception_score


def plain(logits):
    p = softmax(logits, axis=1)
    return np.exp(np.mean(np.sum(p * np.log(p / p.mean(0)), axis=1)))


def test_it_equals_the_definition_split_by_split():
    logits = 3 * np.random.default_rng(0).normal(size=(103, 7))
    cuts = [logits[i * 103 // 10 : (i + 1) * 103 // 10] for i in range(10)]
    expected = [plain(cut) for cut in cuts]
    found = inception_score(logits, 10)
    assert found.mean == pytest.approx(np.mean(expected), rel=1e-12)
    assert found.std == pytest.approx(np.std(expected), rel=1e-9)


def test_constant_logits_score_one_and_sure_balanced_ones_the_number_of_classes():
    assert inception_score(np.ones((20, 5)), 1).mean == pytest.approx(1, rel=1e-12)
    sure = 1e4 * np.eye(5)[np.arange(50) % 5]  # all other probabilities underflow: p log p would be NaN
    assert inception_score(sure, 1).mean == pytest.approx(5, rel=1e-12)


def test_more_splits_score_lower():
    logits = np.random.default_rng(1).normal(size=(200, 50))
    assert inception_score(logits, 10).mean < inception_score(logits, 1).mean


def test_sums_merge_to_the_whole():
    logits = np.random.default_rng(2).normal(size=(60, 9))
    first, second = ClassSums(9), ClassSums(9)
    first.add(logits[:17])
    second.add(logits[17:])
    first.merge(second)
    assert first.score() == pytest.approx(inception_score(logits, 1).mean, rel=1e-12)


def test_fewer_pictures_than_splits_are_refused():
    with pytest.raises(InputError, match="4 pictures cannot be cut into 10 splits"):
        inception_score(np.zeros((4, 3)))
    with pytest.raises(InputError, match="needs pictures"):
        ClassSums(3).score()
