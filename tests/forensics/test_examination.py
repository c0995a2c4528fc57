"""Asking all tools about a picture, and what is said of their errors."""

import json
import time

import numpy as np
import pytest
from PIL import Image

from fauxto import forensics
from fauxto.errors import InputError, ResourceError
from fauxto.forensics import calibration, examination, extra
from fauxto.forensics.overlay import overlay
from fauxto.forensics.tools import TOOLS, tool
from fauxto.forensics.trace import Trace
from fauxto.media.decode import open_picture
from fauxto.media.encode import encode
from fauxto.media.limits import DEFAULT_LIMITS
from tests.forensics.pictures import disc, pasted, saved, scene
from tests.media.pictures import exif, file_of


@pytest.fixture
def shipped(monkeypatch):
    """A calibration that is small enough to check by hand."""

    def rate(n, flagged):
        return {"n": n, "flagged": flagged, "rate": flagged / n, "low": 0.01, "high": 0.09}

    entry = {
        "threshold": 2.0,
        "photographs": rate(100, 3),
        "populations": {"web": rate(50, 1), "camera": rate(40, 2), "scan": rate(10, 9)},
        "references": [0.5, 1.0, 1.5, 2.5],
        "forgeries": {"noise": rate(20, 15)},
        "tampered": {"inpainted": rate(10, 1), "composite": rate(9, 9)},
    }
    made = {"tools": {"noise": entry}, "any_flag": {"1": rate(100, 22), "2": rate(100, 4), "3": rate(100, 0)}}
    monkeypatch.setattr(calibration, "read", lambda: made)
    return made


def test_a_number_is_held_against_the_photographs(shipped):
    found = calibration.judge(Trace("noise", 2.4, ""))
    assert found.flagged and found.p_value == 2 / 5 and found.false_alarms == 0.03
    assert found.worst == "camera" and found.worst_rate == 0.05  # ten scans are too few to be named
    assert found.catches == {"noise": 0.75} and found.tampered == {"inpainted": 0.1}
    assert found.sentence == (
        "Flags 3 % of untouched photographs (95 % interval 1 % to 9 %, n = 100; at worst 5 % (camera))."
    )
    assert not calibration.judge(Trace("noise", 2.0, "")).flagged
    unasked = calibration.judge(Trace("noise", None, ""))
    assert not unasked.flagged and unasked.p_value is None
    assert calibration.together(0) == "" and calibration.together(1).startswith("22 % of untouched photographs raise 1")
    assert "raise 3 flags or more" in calibration.together(5)


def test_what_ships_speaks_of_every_tool():
    found = calibration.read()
    assert set(found["tools"]) == set(TOOLS)
    for name, entry in found["tools"].items():
        counts = [row["n"] for row in entry["populations"].values()]
        assert sum(counts) == entry["photographs"]["n"] == len(entry["references"]) > 0
        assert entry["references"] == sorted(entry["references"])
        above = (
            sum(value > entry["threshold"] for value in entry["references"]) if entry["threshold"] is not None else 0
        )
        assert above == entry["photographs"]["flagged"]
        assert (entry["threshold"] is None) == (name == "quantization")


@pytest.mark.parametrize("name", TOOLS)
def test_every_card_is_complete(name):
    function, about = tool(name)
    assert about.name == name and about.fails_on and about.cannot_show.endswith(".")
    assert about.reads in {"pixels", "file"} and about.source and about.unit and function.__doc__


def test_all_tools_answer_about_a_file_and_those_of_pixels_about_pixels():
    data = encode(saved(scene(), 70), quality=92)
    found = forensics.examine(data)
    assert [item.about.name for item in found] == list(TOOLS)
    for item in found:
        row = json.loads(json.dumps(item.to_dict(), allow_nan=False))
        assert row["statement"].startswith(item.trace.statement)
        evidence = item.evidence()
        assert evidence.layer == "forensics" and evidence.strength in {"weak", "none"} and evidence.limits
        assert {"name", "number", "threshold", "false_alarms", "p_value"} <= set(evidence.value)
        assert (evidence.points_to == "edited") == item.judgement.flagged
    of_pixels = forensics.examine(scene())
    assert [item.about.name for item in of_pixels] == [name for name in TOOLS if tool(name)[1].reads == "pixels"]
    assert [item.about.name for item in forensics.examine(data, ["noise"])] == ["noise"]


def test_an_unknown_tool_is_refused():
    with pytest.raises(InputError) as caught:
        forensics.examine(scene(64, 64), ["noise", "magic"])
    assert caught.value.code == "usage" and "'magic'" in str(caught.value)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_maps_lie_the_displayed_way_up(orientation):
    pixels = pasted(saved(scene(288, 320), 70), scene(288, 320, seed=1), disc(288, 320))
    data = file_of(Image.fromarray(pixels), "JPEG", quality=92, subsampling="4:4:4", exif=exif(orientation))
    plain = forensics.examine(encode(pixels, quality=92, subsampling="4:4:4"), ["jpeg-ghosts"])[0].trace
    turned = forensics.examine(data, ["jpeg-ghosts"])[0].trace
    assert turned.number == plain.number
    quarter = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    assert np.array_equal(turned.map, np.rot90(plain.map, quarter))


def test_a_scan_gets_items_only_while_there_is_time():
    opened = open_picture(encode(scene(96, 96)))
    now = time.perf_counter()
    late = examination.evidence_of(opened, DEFAULT_LIMITS, started=now - 50, seconds=20)
    assert len(late) == len(TOOLS) and all("no time" in item.statement for item in late)
    items = examination.evidence_of(opened, DEFAULT_LIMITS, started=now, seconds=1000)
    assert [item.value["name"] for item in items] == list(TOOLS)


def test_a_tool_that_fails_costs_its_own_item_only(monkeypatch):
    def broken(pixels):
        raise ZeroDivisionError

    monkeypatch.setattr("fauxto.forensics.noise.noise", broken)
    items = examination.evidence_of(scene(96, 96), DEFAULT_LIMITS, started=time.perf_counter(), seconds=1000)
    failed = [item for item in items if item.value is None]
    assert len(items) == len(TOOLS) - 2 and len(failed) == 1
    assert "noise" in failed[0].statement and "ZeroDivisionError" in failed[0].statement


def test_a_missing_library_is_named_with_the_command(monkeypatch):
    def missing(name):
        raise ImportError(name)

    with monkeypatch.context() as patched, pytest.raises(ResourceError) as caught:
        patched.setattr(extra.importlib, "import_module", missing)
        extra.need("scipy.ndimage")
    assert caught.value.code == "missing" and "pip install 'fauxto[forensics]'" in caught.value.fix
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ResourceError, match="cv2, pywt, scipy"):
        examination.require()


def test_a_drawing_is_grey_where_nothing_was_found_and_warm_where_it_was():
    pixels, mask = scene(120, 200), disc(120, 200, 100, 60, 40)
    drawn = overlay(pixels, mask.astype(np.float32), max_side=100).astype(int)
    assert drawn.shape == (60, 100, 3)
    spread = drawn.max(axis=2) - drawn.min(axis=2)
    assert spread[2, 2] <= 1 and spread[30, 50] > 40
