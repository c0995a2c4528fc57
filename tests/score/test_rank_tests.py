"""Rank tests and the mean over clusters against counting, closed forms and simulated coverage."""

import itertools

import numpy as np
import pytest

from fauxto.errors import InputError
from fauxto.score.bootstrap import clustered_mean
from fauxto.score.rank_tests import holm, rank_biserial, rank_tests, wilcoxon

RNG = np.random.default_rng(1)


def test_friedman_is_the_formula_of_ranks():
    scores = {name: RNG.normal(shift, 1, 12) for name, shift in (("a", 0), ("b", 0.5), ("c", 2))}
    found = rank_tests(scores)
    ranks = np.argsort(np.argsort(np.array([*scores.values()]), axis=0), axis=0) + 1.0
    statistic = 12 / (12 * 3 * 4) * np.square(ranks.sum(1)).sum() - 3 * 12 * 4
    assert found.friedman == pytest.approx(np.exp(-statistic / 2))  # chi-squared of two degrees
    assert found.subjects == 12 and [(c.first, c.second) for c in found.contrasts] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    raw = [wilcoxon(scores[a], scores[b]) for a, b in itertools.combinations("abc", 2)]
    assert [c.p_value for c in found.contrasts] == pytest.approx(holm(raw))
    assert found.contrast("a", "c").effect < -0.5


def test_wilcoxon_counts_signs_exactly():
    apart = np.array([0.3, -0.1, 0.8, 0.5, 0.7, -0.2])
    ranks = np.argsort(np.argsort(np.abs(apart))) + 1
    least = min(ranks[apart > 0].sum(), ranks[apart < 0].sum())
    sums = [
        sum(rank for rank, up in zip(ranks, signs, strict=True) if up) for signs in itertools.product((0, 1), repeat=6)
    ]
    assert wilcoxon(apart, np.zeros(6)) == pytest.approx(2 * np.mean(np.array(sums) <= least))
    assert wilcoxon(apart, apart) == 1.0 and rank_biserial(apart, apart) == 0.0
    up = ranks[apart > 0].sum()
    assert rank_biserial(apart, np.zeros(6)) == pytest.approx((up - (21 - up)) / 21)


def test_holm_keeps_the_order_and_the_level():
    assert holm([0.5]) == [0.5] and holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])
    wrong = np.mean([min(holm(RNG.random(5))) < 0.05 for _ in range(4000)])
    assert wrong < 0.06


def test_scores_that_do_not_belong_together_are_refused():
    for scores in ({"a": RNG.random(3), "b": RNG.random(3)}, {name: np.array([np.nan]) for name in "abc"}):
        with pytest.raises(InputError, match="three methods"):
            rank_tests(scores)
    alike = rank_tests({name: np.ones(4) for name in "abc"})
    assert alike.friedman == 1 and all(pair.p_value == 1 for pair in alike.contrasts)


def test_the_mean_over_clusters_covers_and_is_wider_than_that_of_pictures():
    covered, wide, narrow = 0, 0.0, 0.0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        values = np.repeat(rng.normal(0, 1, 30), 5) + rng.normal(0, 0.1, 150)
        names = [str(k // 5) for k in range(150)]
        mean, low, high = clustered_mean(values, names, rounds=100)
        assert mean == pytest.approx(values.mean())
        covered += low <= 0 <= high
        wide += high - low
        _, low, high = clustered_mean(values, [str(k) for k in range(150)], rounds=100)
        narrow += high - low
    assert 0.87 <= covered / 100 <= 0.99 and wide > 2 * narrow
    assert clustered_mean([0.3, 0.3], ["a", "b"])[1:] == (0.3, 0.3)
    for values, names in (([], []), ([np.inf], ["a"]), ([1.0], ["a", "b"])):
        with pytest.raises(InputError, match="finite"):
            clustered_mean(values, names)
