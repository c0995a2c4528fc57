"""The claim of AIGIBench can fail, and its miniature is what it says."""

from pathlib import Path

import numpy as np

from fauxto.claims import aigibench as claim
from fauxto.claims.mini_aigibench import SUBSETS, write
from fauxto.media.decode import decode


def test_without_jpeg_there_is_nothing_to_recover(monkeypatch):
    monkeypatch.setattr(claim, "JPEG", "none")
    result = claim.smoke(count=20)
    assert not result.holds
    assert result.margin < 0.05


def test_a_figure_that_is_pooled_fails_its_check(monkeypatch):
    monkeypatch.setattr(claim, "mean", lambda parts, measured: measured[0])
    assert [check.passed for check in claim.exact_checks()] == [True, True, False, True]


def test_the_best_threshold_is_found_by_hand():
    assert claim.best_threshold(np.array([0.0, 1.0, 5.0]), np.array([2.0, 3.0, 6.0])) == 1.0


def test_the_miniature_has_all_its_parts_and_no_scene_twice(tmp_path):
    samples = write(tmp_path, 0, train=2, test=2)
    assert len(samples) == 3 * 2 + len(SUBSETS) * 4
    assert {s.generator for s in samples if s.label and s.split == "test"} == set(SUBSETS)
    assert {s.source for s in samples if not s.label and s.split == "test"} == set(SUBSETS)
    pictures = [decode(Path(s.path).read_bytes()) for s in samples]
    assert len({p.tobytes() for p in pictures}) == len(samples)
    swapped = next(p for p, s in zip(pictures, samples, strict=True) if s.generator == "swap-a")
    assert swapped.shape == (64, 64, 3)
