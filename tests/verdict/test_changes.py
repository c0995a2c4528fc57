"""What would change a verdict: each reason is named, none that is not there, and each is in the catalogue."""

import pytest

from fauxto.finding import Evidence, Finding
from fauxto.language import translate
from fauxto.verdict.bound import pixel_bound
from fauxto.verdict.changes import what_would_change

FLIPPED = {"agree": 2, "total": 5, "flipped": True, "seed": 0, "chains": []}
STABLE = {**FLIPPED, "agree": 5, "flipped": False}
SIGNED = Evidence("c2pa", "Signed.", "proof", "generated")
CONFLICT = Evidence("metadata", "Contradicts.", "declared", "conflict")
PART = Evidence("localizer", "Stands out.", "strong", "edited", value={"p_value": 0.008, "fpr": 0.01})
UNFIT = Evidence("quality", "Too small.", "none")


def finding(verdict: str, p_value: float, *evidence: Evidence, **changes: object) -> Finding:
    fields: dict[str, object] = {"verdict": verdict, "p_value": p_value, "fpr": 0.01, "stability": STABLE}
    return Finding("a.jpg", evidence=list(evidence), **{**fields, **changes})  # type: ignore[arg-type]


def said(found: Finding) -> str:
    return " ".join(what_would_change(found))


@pytest.mark.parametrize(
    ("found", "there", "not_there"),
    [
        (finding("generated", 0.004), ["stricter than 1 in 250", "1 in 100 was asked"], ["not tried"]),
        (finding("generated", 0.004, stability=None), ["not tried"], []),
        (finding("generated", 0.9, SIGNED), ["signer"], ["stricter", "would outrank"]),
        (finding("edited", 0.9), ["would outrank"], ["stricter", "bound"]),
        (finding("edited", 0.9, PART), ["stricter than 1 in 125", "1 in 100 was asked"], ["not tried"]),
        (finding("no_evidence", 0.12), ["bound of 12 in 100"], ["inconclusive"]),
        (finding("no_evidence", 0.62), ["earlier or larger copy"], ["bound of"]),
        (finding("inconclusive", 0.004, stability=FLIPPED), ["before it was re-shipped"], ["nearer to the original"]),
        (finding("inconclusive", 0.03), ["up to 3 in 100", "only 1 in 100"], ["disagree", "re-shipped"]),
        (finding("inconclusive", 0.5, CONFLICT), ["disagree"], ["nearer"]),
        (finding("inconclusive", 0.03, UNFIT), ["larger or less processed"], ["nearer"]),
    ],
)
def test_each_reason_is_named(found: Finding, there: list[str], not_there: list[str]):
    words = said(found).replace("1 in 33", "3 in 100")
    assert all(part in words for part in there), words
    assert not any(part in words for part in not_there), words


def test_every_sentence_is_translated():
    for verdict, p_value in [("generated", 0.004), ("edited", 0.9), ("no_evidence", 0.1), ("inconclusive", 0.03)]:
        for words in what_would_change(finding(verdict, p_value, CONFLICT, UNFIT, PART, stability=None)):
            assert all(translate(words, language) != words for language in ("de", "fr", "es", "zh"))


def test_an_error_changes_by_nothing():
    assert what_would_change(Finding("a.jpg", status="error", error={"code": "x", "what": "x", "fix": ""})) == []


def test_the_bound_is_that_at_which_the_pixels_were_judged():
    shared = Evidence("pixels", "Unusual.", "weak", value={"fpr": 0.005})
    assert pixel_bound(finding("inconclusive", 0.008, shared)) == 0.005
    assert "only 1 in 200" in said(finding("inconclusive", 0.008, shared))
    assert pixel_bound(finding("generated", 0.004)) == 0.01
