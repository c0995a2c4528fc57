"""Accuracy, precision, equal error, calibration and cost against scikit-learn, scipy and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, log_loss, roc_curve

from fauxto.errors import InputError
from fauxto.score import calibration_error as calibration
from fauxto.score.cost import cost_curve, expected_cost, probability_cost
from fauxto.score.equal_error import curve, equal_error_rate
from fauxto.score.low_fpr import LOW_RATES, operating_point, reals_needed
from fauxto.score.precision_recall import average_precision
from fauxto.score.prevalence import alarms_per, precision_at
from fauxto.score.roc import auc
from fauxto.score.threshold import accuracy, wilson

SCORES = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=40).map(np.asarray)
QUICK = settings(max_examples=25, deadline=None)


def joined(real, fake):
    return np.repeat([0, 1], [len(real), len(fake)]), np.r_[real, fake]


@QUICK
@given(SCORES, SCORES, st.integers(-5, 5))
def test_accuracy_is_scikit_learns(real, fake, threshold):
    labels, scores = joined(real, fake)
    found = accuracy(real, fake, threshold)
    assert found.all == pytest.approx(accuracy_score(labels, scores > threshold))
    assert found.real == np.mean(real <= threshold)
    assert found.balanced == pytest.approx((np.mean(real <= threshold) + np.mean(fake > threshold)) / 2)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (50, 1000)])
def test_wilson_is_scipys(successes, trials):
    oracle = stats.binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson(successes, trials) == pytest.approx((oracle.low, oracle.high))


@QUICK
@given(SCORES, SCORES)
def test_average_precision_is_scikit_learns_with_ties(real, fake):
    assert average_precision(real, fake) == pytest.approx(average_precision_score(*joined(real, fake)))


@QUICK
@given(SCORES, SCORES)
def test_the_curve_is_scikit_learns(real, fake):
    fpr, tpr, _ = roc_curve(*joined(real, fake), drop_intermediate=False)
    np.testing.assert_allclose(curve(real, fake), (fpr, tpr))
    assert np.trapezoid(*reversed(curve(real, fake))) == pytest.approx(auc(real, fake))


@QUICK
@given(SCORES, SCORES)
def test_the_equal_error_rate_lies_on_the_curve_where_both_errors_are_equal(real, fake):
    rate = equal_error_rate(real, fake)
    fpr, tpr = curve(real, fake)
    grid = np.linspace(0, 1, 5001)  # brute force along the polyline
    across = np.interp(grid, np.linspace(0, 1, len(fpr)), fpr)
    up = np.interp(grid, np.linspace(0, 1, len(tpr)), tpr)
    nearest = np.argmin(np.abs(across - (1 - up)))
    assert rate == pytest.approx(across[nearest], abs=1e-2)


def test_the_equal_error_rate_of_two_normals_is_the_closed_form():
    rng = np.random.default_rng(0)
    rate = equal_error_rate(rng.normal(0, 1, 200_000), rng.normal(2, 1, 200_000))
    assert rate == pytest.approx(stats.norm.sf(1), abs=2e-3)


def test_low_rates_are_refused_where_reals_are_too_few():
    rng = np.random.default_rng(0)
    fake = rng.normal(3, 1, 50)
    with pytest.raises(InputError, match="99 reals cannot resolve"):
        operating_point(rng.normal(size=99), fake, 0.01)
    rough = operating_point(rng.normal(size=100), fake, 0.01)
    assert rough.resolved and not rough.enough
    assert operating_point(rng.normal(size=5000), fake, 0.01).enough
    with pytest.raises(InputError, match="between 0 and 1"):
        operating_point(fake, fake, 0.0)


def test_the_bound_of_the_false_positive_rate_keeps_its_promise():
    """Simulated: the threshold's true rate on new reals exceeds the bound in one of twenty cases."""
    exceeded = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        point = operating_point(rng.normal(size=300), np.zeros(2), 0.01)
        exceeded += stats.norm.sf(point.threshold) > point.highest_fpr
    assert stats.binomtest(exceeded, 300, 0.05).pvalue > 0.01


def test_the_rule_of_three_is_exact():
    for rate in LOW_RATES:
        n = reals_needed(rate)
        assert (1 - rate) ** n <= 0.05 < (1 - rate) ** (n - 1)


@QUICK
@given(st.floats(0.001, 0.999), st.floats(0.001, 1), st.floats(0.001, 1))
def test_precision_at_a_prevalence_is_a_count(prevalence, tpr, fpr):
    right, wrong = alarms_per(1_000_000, prevalence, tpr, fpr)
    assert float(precision_at(prevalence, tpr, fpr)) == pytest.approx(right / (right + wrong))


def test_no_alarm_has_no_precision():
    assert np.isnan(precision_at(0.5, np.array([0.0, 1.0]), np.array([0.0, 0.0]))[0])
    with pytest.raises(InputError, match="prevalence"):
        precision_at(1.5, 0.5, 0.5)


@pytest.mark.parametrize(("kind", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_reliability_bins_are_scikit_learns(kind, strategy):
    rng = np.random.default_rng(1)
    labels, logits = joined(rng.normal(-1, 2, 400), rng.normal(1, 2, 300))
    found = calibration.reliability(logits[:400], logits[400:], 10, kind)
    frequency, probability = calibration_curve(labels, 1 / (1 + np.exp(-logits)), n_bins=10, strategy=strategy)
    np.testing.assert_allclose(found.probability, probability)
    np.testing.assert_allclose(found.frequency, frequency)
    assert found.count.sum() == 700
    assert 0 < found.expected_error <= found.largest_error


def test_calibration_error_of_constants_by_hand():
    assert calibration.expected_calibration_error(np.zeros(30), np.zeros(10)) == pytest.approx(0.25)
    assert calibration.brier(np.zeros(3), np.zeros(5)) == 0.25
    assert calibration.log_loss(np.zeros(3), np.zeros(5)) == pytest.approx(np.log(2))


def test_brier_and_log_loss_are_scikit_learns():
    rng = np.random.default_rng(2)
    labels, logits = joined(rng.normal(-1, 2, 40), rng.normal(1, 2, 30))
    probability = calibration.sigmoid(logits)
    assert calibration.brier(logits[:40], logits[40:]) == pytest.approx(brier_score_loss(labels, probability))
    assert calibration.log_loss(logits[:40], logits[40:]) == pytest.approx(log_loss(labels, probability))


def test_a_calibrated_detector_has_little_calibration_error():
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, 100_000)
    fake = rng.random(100_000) < calibration.sigmoid(logits)
    assert calibration.expected_calibration_error(logits[~fake], logits[fake]) < 0.01
    assert calibration.expected_calibration_error(3 * logits[~fake], 3 * logits[fake]) > 0.05


@QUICK
@given(SCORES, SCORES)
def test_the_cost_curve_is_the_lower_envelope(real, fake):
    at = np.linspace(0, 1, 11)
    thresholds = [-np.inf, *np.unique(np.r_[real, fake])]
    brute = np.min([expected_cost(real, fake, t, at) for t in thresholds], axis=0)
    np.testing.assert_allclose(cost_curve(real, fake, at), brute, atol=1e-12)
    assert (brute <= np.minimum(at, 1 - at) + 1e-12).all()


def test_prices_and_prevalence_make_one_axis():
    assert probability_cost(0.01, miss=99, false_alarm=1) == pytest.approx(0.5)
    with pytest.raises(InputError, match="prices"):
        probability_cost(0.5, miss=-1, false_alarm=1)


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="not a number"):
        auc(np.array([np.nan]), np.array([1.0]))
