"""The lab's scripts: who is left out with whom, what a mean over families says, and when a corpus is usable."""

import sys
from pathlib import Path

import pytest

from fauxto.data.manifest import Sample

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from claim_difficulty import smallest_usable
from lab_comparison import dealt
from lab_summary import by_family, means, over_families


def test_families_are_dealt_by_name_and_small_ones_stay_in_training():
    made = [Sample("x.png", 1, family=name) for name in "ecadb" for _ in range(20)] + [Sample("y.png", 1, family="few")]
    assert dealt(made, 2) == [["a", "c", "e"], ["b", "d"]]


def test_the_interval_of_a_mean_is_over_families():
    middle, low, high = over_families([0.5, 0.7] * 8)
    assert middle == pytest.approx(0.6) and 0.5 < low < 0.56 and 0.64 < high < 0.7


def test_a_corpus_is_as_hard_as_its_controls_allow_and_no_more_is_run_than_it_takes():
    run = []

    def first(share):
        run.append(("first", share))
        return share

    def second(share):
        run.append(("second", share))
        return 0.9

    rows = smallest_usable((0.5, 0.7, 0.8), lambda share: share, {"first": first, "second": second})
    assert [row["usable"] for row in rows] == [False, True]
    assert run == [("first", 0.5), ("first", 0.7), ("second", 0.7)]


def test_the_summary_ranks_by_the_matched_mean_and_shows_the_headers():
    rows = [
        {
            "detector": name,
            "tested_on": family,
            "seed": seed,
            "raw_auc": 0.9,
            "matched_auc": area + 0.25 * seed,
            "matched_real_accuracy": 0.5,
            "matched_fake_accuracy": 0.75,
            "images_per_second": 12.5,
            "gmac": 0.1,
            "parameters": 2_000_000,
            "raw_header_auc": 0.8,
            "matched_header_auc": 0.5,
        }
        for name, area in (("worse", 0.375), ("better", 0.5))
        for family in ("x", "y")
        for seed in (0, 1)
    ]
    lines = means(rows)
    assert lines[2].startswith(
        "| better | 0.900 (0.900-0.900) | **0.625 (0.625-0.625)** | 0.50 0.75 | 50 / 75 | 12.5 | 0.100 | 2.00"
    )
    assert lines[-1].startswith("| *headers alone* | 0.800 (0.800-0.800) | 0.500")
    assert by_family(rows)[-2:] == ["| *headers, raw* | *0.80* | *0.80* |", "| *headers, matched* | *0.50* | *0.50* |"]
