"""What the bars of a table show, where there is room for every run and where there is not."""

from __future__ import annotations

import math

import pytest

from fauxto.bench.figures import MOST_BARS, _header, _runs, _whiskers
from fauxto.bench.measured import Estimate, Measured
from fauxto.bench.table import Row


def run(detector: str, seed: int, auc: float, header: float | None = 0.9) -> Row:
    """A row of which only the AUC and the header's are looked at."""
    area = Estimate(auc, auc - 0.1, auc + 0.05)
    measured = Measured(40, 40, 0, area, area, area, area, area, None, 0.5, 0.1, area, header)
    return Row(detector, "all but x", "mean of 2", measured, measured, 1.0, 0.1, 10, seed=seed)


def test_few_runs_have_a_pair_of_bars_each_with_their_own_interval():
    groups = _runs([run("npr", seed, 0.6) for seed in range(3)])
    assert [words[3] for words in groups] == ["seed 0", "seed 1", "seed 2"]
    assert _whiskers(next(iter(groups.values())), "matched") == (0.6, 0.5, pytest.approx(0.65))


def test_many_runs_share_the_pair_of_their_detector():
    rows = [run(name, seed, 0.5 + seed / 100) for name in ("npr", "safe") for seed in range(MOST_BARS)]
    groups = _runs(rows)
    assert list(groups) == [("npr", ""), ("safe", "")]
    assert _whiskers(groups["npr", ""], "raw") == (pytest.approx(0.615), 0.5, 0.73)


def test_a_header_that_was_not_asked_is_no_zero():
    assert _header([run("npr", 0, 0.5, None), run("npr", 1, 0.5, 0.8)]) == 0.8
    assert math.isnan(_header([run("npr", 0, 0.5, None)]))
