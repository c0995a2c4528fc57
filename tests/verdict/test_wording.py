"""Sentences: rates never understate, every call has its own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.finding import VERDICTS
from fauxto.verdict import wording
from tests.verdict.reference import calling


@given(st.floats(1e-6, 1))
def test_a_rate_never_understates(p: float) -> None:
    count, total = (int(part) for part in wording.rate(p).split(" in "))
    assert count / total >= p * (1 - 1e-6)
    assert count / total <= 1.2 * p + 0.01


@pytest.mark.parametrize(("p", "words"), [(0.01, "1 in 100"), (1.0, "100 in 100"), (1 / 3000, "1 in 3000")])
def test_rates(p: float, words: str) -> None:
    assert wording.rate(p) == words


@pytest.mark.parametrize(
    ("call", "words", "strength", "points_to"),
    [
        ("generated", "look synthetic", "strong", "generated"),
        ("borderline", "not enough to call", "weak", "none"),
        ("ordinary", "unremarkable", "none", "none"),
        ("unsupported", "cannot be called", "none", "none"),
    ],
)
def test_each_call_has_its_words(call: str, words: str, strength: str, points_to: str) -> None:
    item = wording.pixels(calling(call))
    assert words in item.statement and item.limits
    assert (item.strength, item.points_to) == (strength, points_to)
    assert item.value["populations"]["cameras"]["n"] == (50 if call == "unsupported" else 999)


def test_every_verdict_has_a_headline_and_a_meaning() -> None:
    assert set(wording.HEADLINES) == set(wording.MEANINGS) == set(VERDICTS)
    assert "real" not in " ".join([*wording.HEADLINES.values()]).lower()


def test_the_scale_of_the_heat_map_is_the_references_own() -> None:
    value = wording.pixels(calling("ordinary")).value
    assert value["typical"] == 499.5 / 999  # the median of 999 evenly spread logits
    assert value["threshold"] == 989.5 / 999  # ten of them lie at or above: p = 11 / 1000 there, 10 / 1000 beyond
    assert wording.pixels(calling("unsupported")).value["threshold"] is None
