"""What is called at a bound, of references, of strangers and of altered pictures: against counts that are known."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import house_localizer_bounds as bounds


def rows(count: int, first: float = 0.0, turned: bool = False) -> list[dict[str, float]]:
    """Logits of both tests from `first` up in steps of 1; `turned`: the detector's fall where the localizer's rise."""
    return [{"logit": first + i, "house": first + (count - 1 - i if turned else i)} for i in range(count)]


@pytest.mark.parametrize(("turned", "either"), [(False, 2), (True, 4)])
def test_of_references_each_test_calls_its_share_and_both_together_at_most_the_bound(turned, either):
    hits = np.array(bounds.each_against_the_others({"photographs": rows(200, turned=turned)}, 0.02)["photographs"])
    assert hits.sum(0).tolist() == [2, 2, either, 4]
    assert hits[:, 2].mean() <= 0.02


def test_a_reference_that_another_population_exceeds_is_not_called():
    hits = bounds.each_against_the_others({"low": rows(200), "high": rows(200, first=1000)}, 0.02)
    assert not np.any(hits["low"]) and np.sum(hits["high"]) == 2 + 2 + 2 + 4


def test_photographs_of_a_kind_that_is_no_reference_may_be_called_every_time():
    hits = bounds.kind_unknown({"low": rows(200), "high": rows(200, first=1000)}, 0.05)
    assert not np.any(hits["low"]) and np.all(hits["high"])


def test_a_table_has_strangers_and_altered_pictures_at_each_bound():
    sets = {
        "untouched/photographs": rows(200),
        "strangers/packages": rows(10, first=95),
        "self-made altered/splice/lossless": [{"logit": 500, "house": 0}] * 3,
        "self-made altered/telea/lossless": [{"logit": 0, "house": 500}],
    }
    tables = bounds.calls(sets, {"photographs": [float(i) for i in range(400)]})
    assert list(tables) == ["at 1%", "at 2%", "at 5%"]
    together = tables["at 2%"]["self-made altered/all/lossless"]
    assert together["n"] == 4
    assert [together[arm][0] for arm in bounds.ARMS] == [75, 25, 100, 25]
    assert together["detector alone"][1] < 25 < together["detector alone"][2]
    assert tables["at 5%"]["strangers/packages"]["either"][0] == 0
    assert set(tables["at 1%"]["references"]) == {"photographs", "all"}
