"""DeLong, the clustered bootstrap and paired tests against brute force, scipy and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fauxto.errors import InputError
from fauxto.score.bootstrap import clustered_interval, draws
from fauxto.score.delong import _areas, delong_interval, delong_test
from fauxto.score.paired import mcnemar, paired_bootstrap
from fauxto.score.roc import auc, interval

SCORES = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=20).map(np.asarray)
TRUE_AUC = stats.norm.cdf(1 / np.sqrt(2))


@settings(max_examples=25, deadline=None)
@given(SCORES, SCORES)
def test_the_variance_is_that_of_the_placements_counted_one_by_one(real, fake):
    wins = (fake[:, None] > real) + 0.5 * (fake[:, None] == real)
    variance = wins.mean(1).var(ddof=1) / len(fake) + wins.mean(0).var(ddof=1) / len(real)
    area, covariance = _areas([(real, fake)])
    assert area[0] == pytest.approx(auc(real, fake))
    assert covariance[0, 0] == pytest.approx(variance)


def test_delongs_interval_covers_the_true_auc():
    covered = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        low, high = delong_interval(rng.normal(0, 1, 60), rng.normal(1, 1, 60))
        covered += low <= TRUE_AUC <= high
    assert 0.92 <= covered / 300 <= 0.98


def test_delong_says_something_sensible_at_the_ends():
    low, high = delong_interval(np.arange(50.0), np.arange(100.0, 150.0))
    assert high == 1 and 0.9 < low < 0.95
    assert delong_interval(np.arange(100.0, 150.0), np.arange(50.0))[0] == 0
    with pytest.raises(InputError, match="at least two"):
        delong_interval(np.zeros(1), np.ones(5))


def paired_detectors(seed, gain=1.0, n=80):
    rng = np.random.default_rng(seed)
    content = rng.normal(0, 1, n), rng.normal(1, 1, n)
    return (
        tuple(part + rng.normal(0, 0.5, n) for part in content),
        tuple(gain * part + rng.normal(0, 0.5, n) for part in content),
    )


def test_the_paired_test_is_level_and_its_interval_covers():
    """Two equally good detectors: the p-value is uniform, and few of twenty intervals miss 0."""
    found = [delong_test(*paired_detectors(seed)) for seed in range(300)]
    assert stats.kstest([c.p_value for c in found], "uniform").pvalue > 0.01
    assert 0.92 <= np.mean([c.interval[0] <= 0 <= c.interval[1] for c in found]) <= 0.98


def test_the_paired_test_finds_a_difference_that_the_unpaired_intervals_do_not():
    first, second = paired_detectors(0, n=400)
    rng = np.random.default_rng(9)
    worse = tuple(part + rng.normal(0, 1, len(part)) for part in first)
    assert delong_test(first, worse).p_value < 0.01
    assert delong_interval(*first)[0] < delong_interval(*worse)[1]
    with pytest.raises(InputError, match="same pictures"):
        delong_test(first, (second[0][1:], second[1]))


def test_identical_detectors_do_not_differ():
    first, _ = paired_detectors(1)
    assert delong_test(first, first).p_value == 1
    assert mcnemar(first, first) == 1
    assert paired_bootstrap(auc, first, first, rounds=20).p_value == 1


def test_mcnemar_is_the_binomial_test_on_disagreements():
    rng = np.random.default_rng(0)
    first, second = (rng.normal(-1, 1, 50), rng.normal(1, 1, 50)), (rng.normal(-0.2, 1, 50), rng.normal(0.2, 1, 50))
    right = [np.r_[s[0] <= 0, s[1] > 0] for s in (first, second)]
    b, c = (right[0] & ~right[1]).sum(), (right[1] & ~right[0]).sum()
    assert mcnemar(first, second) == pytest.approx(min(1, 2 * stats.binom.cdf(min(b, c), b + c, 0.5)))


def test_the_paired_bootstrap_agrees_with_delong():
    first, second = paired_detectors(3, gain=0.3, n=150)
    resampled, closed = paired_bootstrap(auc, first, second, rounds=600), delong_test(first, second)
    assert resampled.difference == pytest.approx(closed.difference)
    assert resampled.interval == pytest.approx(closed.interval, abs=0.01)


def families(seed, clusters=25, size=6):
    """Scores whose clusters share half their variance."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, np.sqrt(0.5), (2, clusters)).repeat(size, axis=1)
    own = rng.normal(0, np.sqrt(0.5), (2, clusters * size))
    scores = shared + own + np.array([[0], [1]])
    names = [f"{k}" for k in range(clusters) for _ in range(size)]
    return scores[0], scores[1], [f"real {n}" for n in names], [f"fake {n}" for n in names]


def test_clusters_cover_where_pictures_do_not():
    """150 pictures a class in families of six: the plain bootstrap is too sure, the clustered one is not."""
    plain = clustered = 0
    for seed in range(40):
        real, fake, *names = families(seed)
        low, high = interval(auc, real, fake, seed=seed, rounds=80)
        plain += low <= TRUE_AUC <= high
        low, high = clustered_interval(auc, real, fake, *names, seed=seed, rounds=80)
        clustered += low <= TRUE_AUC <= high
    assert clustered / 40 >= 0.85
    assert plain / 40 <= 0.8


def test_clusters_of_one_are_the_plain_bootstrap():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(0, 1, 200), rng.normal(1, 1, 200)
    names = [[f"{k}{i}" for i in range(200)] for k in "rf"]
    found = clustered_interval(auc, real, fake, *names, rounds=400)
    assert found == pytest.approx(interval(auc, real, fake, rounds=400), abs=0.015)


def test_a_photograph_and_its_fake_are_drawn_together():
    for real, fake in draws(["a", "b", "c"], ["b", "c", "d", "d"], seed=0, rounds=50):
        counts = np.bincount(real, minlength=3)
        assert counts[0] == 1  # the only cluster of its kind
        assert (counts[1:] == np.bincount(fake, minlength=4)[:2]).all()
        assert np.bincount(fake, minlength=4)[2:].tolist() == [1, 1]
    with pytest.raises(InputError, match="both classes"):
        next(draws([], ["a"], seed=0, rounds=1))
