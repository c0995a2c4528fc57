"""Windows to one logit: the mean, unless the middle window settles the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import WeightError
from fauxto.run.model import load
from fauxto.run.pooling import pooled
from tests.run import tiny
from tests.run.test_model import edited

LOGITS = st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=5).map(lambda own: np.asarray(own, np.float32))


@given(LOGITS)
def test_without_a_settling_bound_it_is_the_mean(own: np.ndarray):
    assert pooled(lambda x: x, own) == pytest.approx(own.astype(float).mean(), abs=1e-6)
    assert pooled(lambda x: x, own, settle=-10) == pytest.approx(own.astype(float).mean(), abs=1e-6)


@given(LOGITS, st.floats(-5, 5, width=32))
def test_only_the_middle_is_asked_where_it_lies_below(own: np.ndarray, settle: float):
    asked: list[int] = []

    def network(windows: np.ndarray) -> np.ndarray:
        asked.append(len(windows))
        return windows

    logit, middle = pooled(network, own, settle), float(own[len(own) // 2])
    if len(own) > 1 and middle < settle:
        assert (logit, asked) == (middle, [1])
    else:
        assert sum(asked) == len(own)
        assert logit == pytest.approx(own.astype(float).mean(), abs=1e-6)


def test_the_bound_is_read_from_the_description(tmp_path):
    dark = np.zeros((3, tiny.SIZE, tiny.SIZE, 3), np.uint8)
    dark[0], dark[2] = 255, 255
    alone, mean = -tiny.GAIN / 2, tiny.GAIN / 6
    folder = edited(tmp_path, settle={"below": alone + 0.1})
    assert load(folder).score(dark) == pytest.approx(alone, abs=1e-4)
    folder = edited(tmp_path, settle={"below": alone - 0.1})
    assert load(folder).score(dark) == pytest.approx(mean, abs=1e-4)
    with pytest.raises(WeightError, match="needs a number 'below'"):
        load(edited(tmp_path, settle=3))
