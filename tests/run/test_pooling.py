"""Windows to one logit: the mean, unless the middle window settles the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import InputError, WeightError
from fauxto.media.crops import CropSpec
from fauxto.run.model import load
from fauxto.run.pooling import Settle, pooled, upper_half
from tests.run import tiny
from tests.run.test_model import edited

LOGITS = st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=5).map(lambda own: np.asarray(own, np.float32))


@given(LOGITS)
def test_without_a_settling_bound_it_is_the_mean(own: np.ndarray):
    for settle in (None, Settle(-10, 0)):
        assert pooled(lambda x: x, own, settle) == pytest.approx(own.astype(float).mean(), abs=1e-6)


@given(LOGITS, st.floats(-5, 5, width=32))
def test_only_the_middle_is_asked_where_it_lies_below(own: np.ndarray, below: float):
    asked: list[int] = []

    def network(windows: np.ndarray) -> np.ndarray:
        asked.append(len(windows))
        return windows

    logit, middle = pooled(network, own, Settle(below, 0.5)), float(own[len(own) // 2])
    if middle < below:
        assert (logit, asked) == (middle + 0.5, [1])
    else:
        assert sum(asked) == len(own)
        assert logit == pytest.approx(own.astype(float).mean(), abs=1e-6)


@given(LOGITS)
def test_the_upper_half_leaves_out_the_lower_windows(own: np.ndarray):
    ranked = sorted(own.astype(float), reverse=True)
    assert pooled(lambda x: x, own, rule=upper_half) == pytest.approx(np.mean(ranked[: (len(own) + 1) // 2]), abs=1e-6)


def test_a_thorough_reading_has_windows_a_rule_and_references_of_its_own(tmp_path):
    entry = {
        "crop": {"size": tiny.SIZE, "count": 2, "at": [0.2, 0.8]},
        "pooling": "upper half",
        "calibration": {"kind": "platt", "slope": 2.0, "intercept": 1.0},
        "populations": {"few": {"description": "made up", "n": 1, "logits": [0.0]}},
    }
    folder = edited(tmp_path, thorough=entry)
    standard, thorough = load(folder), load(folder, thorough=True)
    assert thorough.crop == CropSpec(tiny.SIZE, 2, (0.2, 0.8))
    assert (thorough.populations, thorough.calibration) == (entry["populations"], entry["calibration"])
    assert (standard.identity["reading"], thorough.identity["reading"]) == ("standard", "thorough")
    windows = np.zeros((4, tiny.SIZE, tiny.SIZE, 3), np.uint8)
    windows[0] = 255
    assert standard.score(windows, tiny.no_whole).logit == pytest.approx(-tiny.GAIN / 4, abs=1e-4)
    assert thorough.score(windows, tiny.no_whole).logit == pytest.approx(0, abs=1e-4)


def test_a_model_without_a_thorough_reading_says_so(tmp_path):
    with pytest.raises(InputError, match="no thorough reading"):
        load(edited(tmp_path / "a"), thorough=True)
    with pytest.raises(WeightError, match="'thorough' entry"):
        load(edited(tmp_path / "b", thorough={"crop": {"size": 32, "count": 1}}), thorough=True)


def test_the_bound_is_read_from_the_description(tmp_path):
    dark = np.zeros((3, tiny.SIZE, tiny.SIZE, 3), np.uint8)
    dark[0], dark[2] = 255, 255
    alone, mean = -tiny.GAIN / 2, tiny.GAIN / 6
    for below, logit in ((alone + 0.1, alone + 0.5), (alone - 0.1, mean)):
        folder = edited(tmp_path, settle={"steps": [{"below": below, "instead": 0.5}]})
        assert load(folder).score(dark, tiny.no_whole).logit == pytest.approx(logit, abs=1e-4)
    for wrong in (3, {}, {"steps": 3}, {"steps": [3]}, {"steps": [{"below": 1}]}):
        with pytest.raises(WeightError, match="needs steps"):
            load(edited(tmp_path, settle=wrong))
