"""The ruler puts the dot where the p-value is, and the shaded end where a call begins."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.report.ruler import ruler


def places(svg: str) -> tuple[float, float, float]:
    """x of the dot, of the first called point and of the first unsure point."""
    dot = re.search(r'<circle class="here" cx="([\d.]+)"', svg)
    called = re.search(r'<rect class="called" x="([\d.]+)"', svg)
    unsure = re.search(r'<rect class="unsure" x="([\d.]+)"', svg)
    assert dot and called and unsure
    return float(dot[1]), float(called[1]), float(unsure[1])


@given(st.floats(1e-7, 1), st.floats(1e-6, 0.9))
def test_the_dot_lies_in_the_zone_of_its_call(p_value: float, fpr: float) -> None:
    dot, called, unsure = places(ruler(p_value, fpr))
    assert 14 <= unsure <= called <= 306 and 14 <= dot <= 306
    if p_value <= fpr:
        assert dot >= called
    elif p_value <= 5 * fpr:
        assert unsure <= dot <= called
    else:
        assert dot <= unsure


def test_steps_of_ten_are_evenly_apart() -> None:
    dots = [places(ruler(10.0**-i, 0.01))[0] for i in range(4)]
    gaps = [b - a for a, b in pairwise(dots)]
    assert gaps == pytest.approx([gaps[0]] * 3, abs=0.15)


@pytest.mark.parametrize(("fpr", "last"), [(0.01, "1 in 1 000"), (0.001, "1 in 10 000"), (0.3, "1 in 1 000")])
def test_the_ruler_reaches_beyond_the_bound(fpr: float, last: str) -> None:
    assert f'text-anchor="end">{last}<' in ruler(0.5, fpr)


def test_it_says_the_same_in_words() -> None:
    label = 'aria-label="1 in 250 reference photographs look this synthetic; called at 1 in 100"'
    assert label in ruler(0.004, 0.01)
