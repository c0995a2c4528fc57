"""What the sheet calls metric truth, the mean over unequal sets by hand, and intervals that know about clusters."""

from __future__ import annotations

import numpy as np
import pytest

from fauxto.bench.headers import FEWEST, header_auc
from fauxto.bench.measured import Part, mean, measure
from fauxto.data.measure import outside
from fauxto.errors import InputError
from fauxto.score.roc import auc
from tests.media.pictures import file_of, noise


def part(real, fake, clusters=None):
    names = clusters or ([f"r{i}" for i in range(len(real))], [f"f{i}" for i in range(len(fake))])
    return Part(np.asarray(real, float), np.asarray(fake, float), *names)


def test_a_constant_score_calls_everything_real():
    found = measure(part(np.zeros(30), np.zeros(30)))
    assert (found.real_accuracy.value, found.fake_accuracy.value, found.accuracy.value) == (1.0, 0.0, 0.5)
    assert found.auc.value == 0.5 and found.average_precision.value == 0.5
    assert found.tpr is None  # 30 reals say nothing about one false alarm in a hundred
    assert found.real_accuracy.low < 1


def test_inverted_scores_fall_below_the_prevalence():
    rng = np.random.default_rng(0)
    found = measure(part(rng.normal(2, 1, 150), rng.normal(-2, 1, 100)))
    assert found.below_prevalence and found.average_precision.value < 0.4
    assert found.tpr is not None and found.tpr.value == 0
    assert not measure(part(rng.normal(-2, 1, 150), rng.normal(2, 1, 100))).below_prevalence


def test_the_mean_is_not_the_pooled_value():
    good, bad = part([-1] * 90, [1] * 10), part([1] * 10, [1] * 90)
    parts = [good, bad]
    found = mean(parts, [measure(one) for one in parts])
    assert found.accuracy.value == pytest.approx((1.0 + 0.9) / 2)
    assert found.real_accuracy.value == pytest.approx(0.5)
    assert found.auc.value == pytest.approx((1.0 + 0.5) / 2)
    pooled = auc(np.r_[good.real, bad.real], np.r_[good.fake, bad.fake])
    assert pooled == pytest.approx(0.9 * 1.0 + 0.1 * 0.5)
    assert found.auc.value == pytest.approx(pooled - 0.2)


def test_shared_reals_are_drawn_together():
    """Two sets with the same reals: their R.Acc is one measurement, so the mean's interval is no shorter."""
    rng = np.random.default_rng(1)
    real = rng.normal(-1, 1, 60)
    names = [f"r{i}" for i in range(60)]
    shared = [part(real, rng.normal(1, 1, 60), (names, [f"{k}f{i}" for i in range(60)])) for k in range(4)]
    apart = [Part(p.real, p.fake, [f"{k}{n}" for n in names], p.fake_clusters) for k, p in enumerate(shared)]
    together, alone = (mean(parts, [measure(p) for p in parts]).real_accuracy for parts in (shared, apart))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(2)
    real, fake = (np.repeat(rng.normal(m, 1, 12), 10) for m in (0, 1))
    clusters = [[f"{k}{i // 10}" for i in range(120)] for k in "rf"]
    single, together = measure(part(real, fake)).auc, measure(part(real, fake, clusters)).auc
    assert together.value == single.value
    assert together.high - together.low > 1.8 * (single.high - single.low)


def test_two_pictures_of_each_class_are_the_least():
    with pytest.raises(InputError, match="two of each"):
        part([1.0], [1.0, 2.0])


def test_too_few_pictures_for_a_leaf_give_no_control_rather_than_one_half():
    for count, expected in ((FEWEST - 1, None), (FEWEST, 1.0)):
        facts = [outside(file_of(noise(16, 16), format)) for format in ("JPEG", "PNG") for _ in range(count)]
        names = [str(number) for number in range(2 * count)]
        assert header_auc(facts, np.repeat([0, 1], count), names) == expected
