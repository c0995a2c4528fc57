"""A few hundred attacks over HTTP; `python -m tests.serve.fuzz` sends as many as are wanted."""

import random

import pytest

from tests.media.fuzz import made_seeds
from tests.serve import fuzz


@pytest.fixture(scope="module")
def report(model: str) -> dict:
    return fuzz.run(made_seeds(), count=240, seed=3, model=model)


def test_hostile_requests_are_answered_as_documented_and_leave_the_service_well(report: dict):
    assert report["faults"] == []
    assert sum(sum(counts.values()) for kind, counts in report["statuses"].items() if kind != "layer") == 240
    assert report["worker_deaths"] == 0 and report["slowest_answer_in_seconds"] < fuzz.PATIENCE
    assert {"mutated file", "mutated form", "no HTTP", "oversize", "huge headers", "cut body"} < set(report["statuses"])
    assert "413" in report["statuses"]["oversize"]


def test_a_service_that_errs_would_be_found_out():
    attack = fuzz.mutated_file(b"x", random.Random(0))
    assert fuzz.check(attack, 500, {"code": "internal", "detail": "", "fix": ""}) is not None
    assert fuzz.check(attack, 422, {"code": "input", "detail": "It is broken.", "fix": "", "status": 422}) is not None
    finding = {"path": "", "status": "error", "error": {"code": "internal", "what": "", "fix": ""}}
    assert "internal" in (fuzz.check(attack, 201, {"finding": finding, "name": "a"}) or "")
    assert "came through" in (fuzz.check(attack, 201, {"finding": {"path": ""}, "name": "../a"}) or "")
    assert fuzz.check(attack, 201, {"finding": {"path": ""}, "name": "a.jpg"}) is None
