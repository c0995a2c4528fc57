"""Re-shipping: copies are scored as they arrive, and a flip is a flip."""

import json

import numpy as np
import pytest

from fauxto import launder
from fauxto.verdict import fuse
from fauxto.verdict.stability import DEFAULT_CHAINS, stability
from tests.verdict.reference import read


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)


@pytest.mark.parametrize("logit", [2.0, 0.97, 0.3])
def test_a_score_that_does_not_move_agrees_everywhere(logit: float) -> None:
    report = stability(picture(), lambda x: read(logit), read(logit))
    assert (report["agree"], report["total"], report["flipped"]) == (
        len(DEFAULT_CHAINS),
        len(DEFAULT_CHAINS),
        False,
    )
    assert [row["chain"] for row in report["chains"]] == list(DEFAULT_CHAINS)


def test_the_copies_are_those_of_the_chains() -> None:
    seen: list[np.ndarray] = []
    stability(picture(), lambda x: seen.append(x) or read(0.3), read(0.3), chains=["jpeg:60", "noise:9"], seed=4)
    assert np.array_equal(seen[0], launder.apply(picture(), "jpeg:60", 4))
    assert np.array_equal(seen[1], launder.apply(picture(), "noise:9", 4))


@pytest.mark.parametrize(("original", "copies"), [(2.0, 0.3), (2.0, 0.97), (0.3, 2.0), (0.97, 2.0)])
def test_one_copy_with_another_call_is_a_flip(original: float, copies: float) -> None:
    scores = iter([original, copies, original])
    report = stability(picture(), lambda x: read(next(scores)), read(original), chains=["none"] * 3)
    assert (report["agree"], report["total"], report["flipped"]) == (2, 3, True)
    assert [row["agrees"] for row in report["chains"]] == [True, False, True]
    assert fuse(None, read(original), report).verdict == "inconclusive"


def test_between_borderline_and_ordinary_nothing_flips() -> None:
    scores = iter([0.3, 0.97])
    report = stability(picture(), lambda x: read(next(scores)), read(0.97), chains=["none", "none"])
    assert not report["flipped"]


def test_the_report_is_json_with_every_step_spelled_out() -> None:
    report = json.loads(json.dumps(stability(picture(), lambda x: read(0.3), read(0.3), chains=["whatsapp"])))
    assert report["chains"][0]["steps"].endswith("jpeg:quality=80,subsampling=420,mode=baseline")
