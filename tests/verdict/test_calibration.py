"""Probabilities against closed forms and numpy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import ContractError, WeightError
from fauxto.verdict.calibration import probability

FINITE = st.floats(-1e6, 1e6)


@given(FINITE, st.floats(0.01, 10), st.floats(-5, 5))
def test_platt_is_a_sigmoid(logit: float, slope: float, intercept: float) -> None:
    p = probability(logit, {"kind": "platt", "slope": slope, "intercept": intercept})
    assert p == pytest.approx(0.5 * (1 + math.tanh((slope * logit + intercept) / 2)), abs=1e-12)
    mirrored = probability(-logit, {"kind": "platt", "slope": slope, "intercept": -intercept})
    assert p + mirrored == pytest.approx(1)


@pytest.mark.parametrize("logit", [-1e300, -800.0, 800.0, 1e300])
def test_platt_does_not_overflow(logit: float) -> None:
    assert probability(logit, {"kind": "platt", "slope": 1.0, "intercept": 0.0}) == float(logit > 0)


@given(FINITE, FINITE)
def test_platt_keeps_the_order(a: float, b: float) -> None:
    platt = {"kind": "platt", "slope": 0.7, "intercept": -1.0}
    low, high = sorted((a, b))
    assert 0 <= probability(low, platt) <= probability(high, platt) <= 1


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=9, unique=True),
    st.lists(st.floats(0, 1), min_size=9, max_size=9),
    st.floats(-60, 60),
)
def test_isotonic_is_numpys_interpolation(knots: list[int], values: list[float], logit: float) -> None:
    logits, probabilities = [float(k) for k in sorted(knots)], sorted(values)[: len(knots)]
    p = probability(logit, {"kind": "isotonic", "logits": logits, "probabilities": probabilities})
    assert p == pytest.approx(float(np.interp(logit, logits, probabilities)), abs=1e-12)


@pytest.mark.parametrize("logit", [math.nan, math.inf, -math.inf])
def test_a_logit_that_is_no_number_is_refused(logit: float) -> None:
    with pytest.raises(ContractError, match="finite"):
        probability(logit, {"kind": "platt", "slope": 1.0, "intercept": 0.0})


@pytest.mark.parametrize(
    "calibration",
    [
        {},
        {"kind": "beta"},
        {"kind": "platt", "slope": 1.0},
        {"kind": "isotonic", "logits": [], "probabilities": []},
        {"kind": "isotonic", "logits": [0.0, 1.0], "probabilities": [0.5]},
    ],
)
def test_a_calibration_that_is_none_is_refused(calibration: dict[str, object]) -> None:
    with pytest.raises(WeightError, match="platt or isotonic"):
        probability(0.0, calibration)
