"""Every combination of layers, against the rules written out a second time as one table and as properties."""

import itertools
import json
from dataclasses import asdict, dataclass
from io import BytesIO

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from fauxto import provenance
from fauxto.finding import VERDICTS, Evidence
from fauxto.verdict import Quality, fuse
from fauxto.verdict.fusion import Decision
from tests.verdict.reference import calling, read

SUMMARIES = ("ai_generated", "ai_edited", "camera", "conflict", "unknown")
CALLS = ("generated", "borderline", "ordinary", "unsupported")
STABLE = {"agree": 5, "total": 5, "flipped": False}
FLIPPED = {"agree": 3, "total": 5, "flipped": True}
UNFIT = Quality(("The picture is 20 x 20 pixels.",))


@dataclass(frozen=True)
class Said:
    summary: str
    decisive: bool

    def evidence(self) -> list[Evidence]:
        return [Evidence("metadata", f"The file says {self.summary}.", "declared")]


def decide(summary: str, decisive: bool, call: str, flipped: bool | None, unfit: bool) -> Decision:
    stability = None if flipped is None else (FLIPPED if flipped else STABLE)
    return fuse(Said(summary, decisive), calling(call), stability, UNFIT if unfit else Quality())


EVERYTHING = list(itertools.product(SUMMARIES, (True, False), CALLS, (None, False, True), (False, True)))


def expected(summary: str, decisive: bool, call: str, flipped: bool | None, unfit: bool) -> str:
    """The rules as a table from most to least weighty: first row that matches."""
    pixels = "mute" if unfit or call == "unsupported" else call
    table = [
        (decisive and summary == "ai_generated", "generated"),
        (decisive and summary == "ai_edited", "edited"),
        (decisive and summary == "camera" and pixels == "generated", "inconclusive"),
        (decisive and summary == "camera", "no_evidence"),
        (pixels == "mute", "inconclusive"),
        (flipped is True, "inconclusive"),
        (pixels == "generated", "generated"),
        (pixels == "borderline", "inconclusive"),
        (summary in ("ai_generated", "ai_edited", "conflict"), "inconclusive"),
        (True, "no_evidence"),
    ]
    return next(verdict for matches, verdict in table if matches)


@pytest.mark.parametrize("case", EVERYTHING, ids=str)
def test_the_table(case: tuple[str, bool, str, bool | None, bool]) -> None:
    assert decide(*case).verdict == expected(*case)


@pytest.mark.parametrize("case", EVERYTHING, ids=str)
def test_what_holds_in_every_case(case: tuple[str, bool, str, bool | None, bool]) -> None:
    summary, decisive, call, flipped, unfit = case
    decision = decide(*case)
    assert decision.verdict in VERDICTS
    assert (decision.p_value, decision.probability) == (calling(call).p_value, calling(call).probability)
    if decision.verdict in ("generated", "edited"):
        signed = decisive and summary in ("ai_generated", "ai_edited")
        assert signed or (call == "generated" and not unfit and not flipped)
    looks = next(item for item in decision.evidence if item.layer == "pixels")
    assert not unfit or (looks.strength, looks.points_to) == ("none", "none"), "what does not count speaks for nothing"
    text = json.dumps([asdict(item) for item in decision.evidence]).lower()
    assert " real" not in text and "authentic" not in text
    assert [item.layer for item in decision.evidence].count("pixels") == 1
    assert all(item.limits for item in decision.evidence if item.layer != "metadata" or item.points_to != "none")


@pytest.mark.parametrize("unfit", [False, True])
@pytest.mark.parametrize("flipped", [None, False, True])
@pytest.mark.parametrize("call", CALLS)
def test_forgeable_statements_decide_nothing(call: str, flipped: bool | None, unfit: bool) -> None:
    """Whatever is written into a file: it adds no call, and it takes none away."""
    bare = fuse(None, calling(call), FLIPPED if flipped else None, UNFIT if unfit else None)
    for summary in SUMMARIES:
        forged = decide(summary, False, call, flipped, unfit)
        assert (forged.verdict == "generated") == (bare.verdict == "generated")
        assert forged.verdict != "edited"
        if forged.verdict != bare.verdict:
            assert (bare.verdict, forged.verdict) == ("no_evidence", "inconclusive")


def test_a_camera_tag_does_not_exonerate() -> None:
    assert decide("camera", False, "generated", None, False).verdict == "generated"


def test_a_declared_machine_that_the_pixels_do_not_confirm_says_so() -> None:
    decision = decide("ai_generated", False, "ordinary", None, False)
    assert decision.verdict == "inconclusive"
    assert "Anyone can write that" in decision.evidence[-1].statement
    assert decision.evidence[-1].points_to == "conflict"


def test_a_trusted_camera_against_the_pixels_is_a_conflict() -> None:
    decision = decide("camera", True, "generated", None, False)
    assert decision.verdict == "inconclusive"
    assert decision.evidence[-1].layer == "c2pa" and decision.evidence[-1].points_to == "conflict"


def test_a_bound_that_no_reference_set_supports_says_what_is_missing() -> None:
    decision = fuse(None, read(2.0, fpr=0.0001, n=999))
    assert decision.verdict == "inconclusive"
    assert "at least 9999 reference photographs" in decision.evidence[0].statement
    assert "1 in 1000" in decision.evidence[0].limits


def test_the_borderline_ends_at_five_times_the_bound() -> None:
    calls = [read((999 - k) / 999 + 1e-9).call for k in range(0, 60)]
    assert [calls.count(c) for c in ("generated", "borderline", "ordinary")] == [10, 40, 10]


def test_false_alarms_of_the_whole_verdict_stay_under_the_bound() -> None:
    """Photographs of the reference kind under every forgeable statement: at most 1 % are called."""
    for summary in SUMMARIES:
        called = 0
        for rank in range(1000):  # the picture takes each rank among 999 references once
            decision = fuse(Said(summary, False), read((rank - 0.25) / 999))
            called += decision.verdict in ("generated", "edited")
        assert called <= 10


def picture_that_declares(text: str) -> bytes:
    """A PNG with the text chunk that a common web interface for diffusion models writes."""
    chunks = PngInfo()
    chunks.add_text("parameters", text)
    buffer = BytesIO()
    Image.new("RGB", (64, 64), "grey").save(buffer, "PNG", pnginfo=chunks)
    return buffer.getvalue()


@pytest.mark.parametrize("call", CALLS)
def test_a_file_with_complete_generator_settings_decides_nothing_by_itself(call: str) -> None:
    settings = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: sd_xl_base_1.0"
    said = provenance.read(picture_that_declares(settings))
    assert said.summary == "ai_generated" and not said.decisive
    decision = fuse(said, calling(call))
    assert decision.verdict == ("generated" if call == "generated" else "inconclusive")
    assert (decision.p_value, decision.probability) == (calling(call).p_value, calling(call).probability)


def test_a_plain_file_says_nothing() -> None:
    buffer = BytesIO()
    Image.new("RGB", (64, 64), "grey").save(buffer, "PNG")
    assert fuse(provenance.read(buffer.getvalue()), calling("ordinary")).verdict == "no_evidence"
