"""Answers of workers: what is no Finding is refused, and what is not refused breaks no output."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.cli.render import Tally, row
from fauxto.finding import Evidence, Finding, Region
from fauxto.run.answer import read_answer
from fauxto.run.parquet import SCHEMA, _row
from fauxto.run.scan import finding_of

MODEL = {"name": "tiny", "version": "1", "sha256": "0" * 64, "backend": "openvino", "reading": "standard"}
GOOD = Finding(
    path="a.jpg",
    sha256="0" * 64,
    verdict="generated",
    probability=0.9,
    logit=3,
    p_value=0.005,
    fpr=0.01,
    stability={"agree": 5},
    provenance={"tags": []},
    evidence=[Evidence("pixels", "Synthetic.", "strong", "generated", "Not proof.", {"logit": 3.0})],
    regions=[Region(0, 0, 256, 256, -1.5)],
    model=MODEL,
    seconds=0.1,
)
BAD = Finding("a.jpg", status="error", error={"code": "corrupt", "what": "Broken.", "fix": "Mend it."}, seconds=0.1)


@pytest.mark.parametrize("finding", [GOOD, BAD])
def test_what_an_honest_worker_answers_comes_through(finding: Finding):
    assert read_answer(finding.to_json().encode()) == finding


@pytest.mark.parametrize(
    ("base", "change"),
    [
        *((GOOD, change) for change in ({"verdict": None}, {"verdict": "real"}, {"verdict": ["generated"]})),
        *((GOOD, change) for change in ({"probability": None}, {"p_value": 1.5}, {"p_value": "0.1"}, {"fpr": True})),
        *(
            (GOOD, change)
            for change in ({"logit": "3"}, {"logit": 10**400}, {"seconds": []}, {"sha256": 7}, {"sha256": "a"})
        ),
        *((GOOD, change) for change in ({"evidence": [{}]}, {"evidence": 7}, {"model": {"name": "x"}}, {"more": 1})),
        *((GOOD, change) for change in ({"stability": "yes"}, {"provenance": [1]}, {"error": BAD.error})),
        (GOOD, {"evidence": [{"layer": "pixels", "statement": 7, "strength": "strong"}]}),
        (GOOD, {"evidence": [{"layer": "pixels", "statement": "x", "strength": "certain"}]}),
        (GOOD, {"regions": [{"x": 0, "y": 0, "width": 2**40, "height": 1, "logit": 0.0}]}),
        (GOOD, {"provenance": {"text": "\ud800"}}),
        (BAD, {"error": None}),
        (BAD, {"error": {"code": "corrupt"}}),
        (BAD, {"error": {"code": "[red]\x1b[31m", "what": "x", "fix": "y"}}),
        (BAD, {"verdict": "no_evidence"}),
        (BAD, {"status": "fine"}),
    ],
)
def test_what_is_no_finding_is_an_error_row(base: Finding, change: dict[str, Any]):
    answer = json.dumps(base.to_dict() | change).encode()
    with pytest.raises(ValueError):
        read_answer(answer)
    refused = finding_of("b.jpg", answer)
    assert (refused.path, refused.error["code"]) == ("b.jpg", "internal")


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"logit": NaN}', b'{"path": 1e999}']
)
def test_what_is_no_object_is_refused(answer: bytes):
    with pytest.raises(ValueError):
        read_answer(answer)


LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just("generated")
ANY = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([GOOD, BAD]), st.sampled_from(list(Finding.__slots__)), ANY)
def test_what_is_accepted_breaks_no_output(base: Finding, field: str, value: Any):
    try:
        finding = read_answer(json.dumps(base.to_dict() | {field: value}).encode())
    except ValueError:
        return
    if field == "path":
        return  # set by the parent
    assert Finding.from_dict(json.loads(finding.to_json().encode("utf-8"))) == finding
    assert row(finding).plain.encode("utf-8")
    tally = Tally()
    tally.add(finding)
    assert tally.total == 1 and pa.Table.from_pylist([_row(finding)], schema=SCHEMA).num_rows == 1
