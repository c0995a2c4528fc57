"""Mask metrics against scikit-learn and scikit-image, and the truths that the definitions promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from fauxto.errors import InputError
from fauxto.score import change_maps as maps
from fauxto.score.masks import (
    PER_IMAGE,
    auc_per_image,
    best_f1_per_image,
    count,
    f1_at_half_per_image,
    false_area,
    flipped,
    macro_or_empty_f1,
    mean_interval,
    pooled,
    soft_count,
    trimmed,
)


def drawn(seed: int, levels: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mask = np.zeros((24, 31), bool)
    mask[rng.integers(0, 8) : rng.integers(12, 24), rng.integers(0, 10) : rng.integers(15, 31)] = True
    return np.round(levels * np.clip(rng.random(mask.shape) * 0.7 + 0.3 * mask, 0, 1)) / levels, mask


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_the_counts_are_those_of_scikit_learn(seed):
    prediction, mask = drawn(seed)
    called, truth = (prediction > 0.5).ravel(), mask.ravel()
    table = count(prediction, mask)
    assert (table.neither, table.called, table.missed, table.both) == tuple(sk.confusion_matrix(truth, called).ravel())
    assert table.f1 == pytest.approx(sk.f1_score(truth, called), abs=1e-6)
    assert table.iou == pytest.approx(sk.jaccard_score(truth, called), abs=1e-6)
    assert table.mcc == pytest.approx(sk.matthews_corrcoef(truth, called), abs=1e-9)
    assert auc_per_image(prediction, mask) == pytest.approx(sk.roc_auc_score(truth, prediction.ravel()), abs=1e-9)
    precision, recall, _ = sk.precision_recall_curve(truth, prediction.ravel())
    best = np.max(2 * precision * recall / np.maximum(precision + recall, 1e-12))
    assert best_f1_per_image(prediction, mask) == pytest.approx(best, abs=1e-9)
    macro = max(
        sk.f1_score(truth, called, average="macro"),
        sk.f1_score(truth, np.zeros_like(called), average="macro", zero_division=0),
    )
    assert macro_or_empty_f1(prediction, mask) == pytest.approx(macro, abs=1e-6)


def test_weighted_counts_equal_hard_ones_on_a_hard_map_and_keep_the_totals_on_a_soft_one():
    prediction, mask = drawn(1)
    hard = (prediction > 0.5).astype(float)
    assert soft_count(hard, mask) == count(hard, mask)
    soft = soft_count(prediction, mask)
    assert soft.both + soft.missed == pytest.approx(mask.sum())
    assert soft.both + soft.called == pytest.approx(prediction.sum())


def test_what_a_perfect_an_inverted_a_full_and_an_empty_map_get():
    _, mask = drawn(2)
    perfect, inverted = mask.astype(float), 1 - mask.astype(float)
    assert {name: round(metric(perfect, mask), 6) for name, metric in PER_IMAGE.items()} == dict.fromkeys(PER_IMAGE, 1)
    assert f1_at_half_per_image(inverted, mask) == 0 and auc_per_image(inverted, mask) == 0
    assert flipped(f1_at_half_per_image, inverted, mask) == pytest.approx(1)
    share = mask.mean()
    assert f1_at_half_per_image(np.ones(mask.shape), mask) == pytest.approx(2 * share / (1 + share), abs=1e-6)
    assert f1_at_half_per_image(np.zeros(mask.shape), mask) == 0
    assert auc_per_image(np.zeros(mask.shape), mask) == 0.5
    assert false_area(inverted) == 1 - mask.mean()


def test_the_trimmed_metric_does_not_feel_a_shift_by_one_pixel():
    mask = np.zeros((80, 80), bool)
    mask[20:60, 20:60] = True
    shifted = np.roll(mask, 1, 1).astype(float)
    assert f1_at_half_per_image(shifted, mask) < 1
    assert count(shifted, mask, valid=trimmed(mask)).f1 == pytest.approx(1)


def test_pooling_weighs_pixels_and_the_mean_weighs_pictures():
    large, small = np.ones((40, 40), bool), np.zeros((40, 40), bool)
    small[:2, :2] = True
    counts = [count(large.astype(float), large), count(np.zeros((40, 40)), small)]
    assert np.mean([c.f1 for c in counts]) == pytest.approx(0.5)
    assert pooled(counts).f1 == pytest.approx(2 * 1600 / (2 * 1600 + 4), abs=1e-6)


def test_what_has_no_answer_is_refused():
    empty = np.zeros((8, 8), bool)
    with pytest.raises(InputError, match="AUC"):
        auc_per_image(np.zeros((8, 8)), empty)
    with pytest.raises(InputError, match="size"):
        count(np.zeros((8, 9)), empty)
    with pytest.raises(InputError, match="bool"):
        count(np.zeros((8, 8)), empty.astype(int))


def test_the_noise_ratio_of_maps_is_that_of_scikit_image_and_ends_at_100():
    metrics = pytest.importorskip("skimage.metrics")
    rng = np.random.default_rng(4)
    a, b = rng.random((40, 50)), rng.random((40, 50))
    b = 0.6 * a + 0.4 * b
    assert maps.psnr(a, b) == pytest.approx(metrics.peak_signal_noise_ratio(b, a, data_range=1))
    assert maps.psnr(a, a) == 100


def test_change_maps_by_hand():
    truth = np.array([[0.0, 0.0, 0.2, 0.8]])
    guess = np.array([[0.0, 0.4, 0.2, 0.8]])
    assert maps.cosine(guess, truth) == pytest.approx(0.68 / np.sqrt(0.68 * 0.84))
    assert maps.cosine(np.zeros((2, 2)), np.ones((2, 2))) == 0
    assert maps.iou_at(guess, truth, 0.1) == pytest.approx(2 / 3)
    assert maps.iou_at(truth * 0, truth * 0, 0.1) == 1
    assert maps.soft_iou(guess, truth) == pytest.approx(1.0 / 1.4)
    assert maps.mean_error(guess, truth) == pytest.approx(0.1)
    assert maps.mean_error(guess, truth, 0.01) == 0
    assert np.isnan(maps.mean_error(guess, truth * 0, 0.01))
    assert maps.binary_accuracy(guess, truth, 0.3) == 0.75
    # prediction and truth binarised at 0.1: 3 and 2 of 4 pixels, 2 in both
    assert maps.inverse_intersection(guess, truth, 0.1) == pytest.approx((2 - 2 / 3 - 1) / (3 - 0.75))
    assert maps.inverse_intersection(truth * 0, truth * 0) == 0
    assert maps.inverse_intersection(truth * 0, truth, 0.1) == pytest.approx(1 / 2.5)


def test_the_interval_of_a_mean_is_that_of_the_normal_law_for_many_pictures():
    values = np.random.default_rng(8).normal(0.4, 0.2, 400)
    mean, low, high = mean_interval(values.tolist())
    half = 1.96 * values.std() / np.sqrt(400)
    assert mean == values.mean()
    assert low == pytest.approx(mean - half, abs=0.15 * half) and high == pytest.approx(mean + half, abs=0.15 * half)
    assert mean_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)
    for wrong in ([], [0.1, float("nan")]):
        with pytest.raises(InputError):
            mean_interval(wrong)
