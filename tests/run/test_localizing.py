"""`--localize`: the shipped way from bytes to regions, with a localizer whose map is known in closed form."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from fauxto.errors import WeightError
from fauxto.run import localizer as localizers
from fauxto.run.localizer import LocalizerModel
from fauxto.run.localizing import localize
from fauxto.run.model import load
from fauxto.run.options import Options
from fauxto.run.pipeline import Scanner
from tests.run import tiny

TILE = 32


def write_localizer(folder: Path, decides: bool = True, **changes: object) -> Path:
    """Logit of a pixel = 16 (mean of its colours - 0.5): what is brighter than mid-grey is "altered"."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Sub", ["mean", "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "gain"], ["map"]),
        helper.make_node("ReduceMean", ["map"], ["logit"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, TILE, TILE])],
        [
            helper.make_tensor_value_info("map", TensorProto.FLOAT, ["n", TILE, TILE]),
            helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n"]),
        ],
        [
            helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
            helper.make_tensor("gain", TensorProto.FLOAT, [], [16.0]),
        ],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), folder / "model.onnx"
    )
    description = {
        "name": "tiny-localizer", "version": "1", "onnx": "model.onnx",
        "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
        "tile": TILE, "overlap": 8, "most_tiles": 40, "top_share": 0.02, "decides": decides,
        "populations": {"photographs": {"description": "made up", "n": 300, "logits": tiny.REFERENCE}},
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(description | changes))
    return folder


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Put a tiny localizer in the place of the shipped one."""

    def put(decides: bool) -> None:
        monkeypatch.setattr(localizers, "NAME", str(write_localizer(tmp_path / "localizer", decides)))
        monkeypatch.setattr(localizers.load_localizer, "__defaults__", (localizers.NAME, "openvino"))

    return put


def picture() -> np.ndarray:
    pixels = tiny.noise(tiny.DARK, 96)
    pixels[:24, 8:56] = tiny.noise(tiny.BRIGHT, 64)[:24, :48]  # above what the detector reads
    return pixels


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_the_map_of_a_picture_is_that_of_its_pixels(tmp_path, backend):
    model = LocalizerModel(write_localizer(tmp_path), backend)
    pixels = picture()
    expected = 16 * (pixels.mean(2) / 255 - 0.5)
    np.testing.assert_allclose(model.logits(pixels), expected, atol=1e-4)
    np.testing.assert_allclose(model.logits(pixels[:20, :9]), expected[:20, :9], atol=1e-4)


def test_a_scan_fills_regions_and_the_verdict_is_edited_where_the_localizer_decides(model, shipped):
    shipped(True)
    found = Scanner(Options(model=model, localize=True, fpr=0.02)).scan_pixels(picture())
    assert found.verdict == "edited" and found.fpr == 0.02
    (region,) = found.regions
    assert (region.x, region.y, region.width, region.height) == (8, 0, 48, 24)
    item = next(item for item in found.evidence if item.layer == "localizer")
    assert item.points_to == "edited" and item.value["fpr"] == 0.01 and item.value["regions"][0]["width"] == 48
    pixels = next(item for item in found.evidence if item.layer == "pixels")
    assert pixels.value["fpr"] == 0.01
    assert json.loads(found.to_json())["regions"][0]["x"] == 8


@pytest.mark.parametrize(("may", "fpr"), [(False, 0.02), (True, 0.01)])
def test_a_localizer_that_does_not_decide_leaves_verdict_and_bound_alone(model, shipped, may, fpr):
    """It may not, or half of the bound would rest on fewer than two of its 300 photographs."""
    shipped(may)
    found = Scanner(Options(model=model, localize=True, fpr=fpr)).scan_pixels(picture())
    plain = Scanner(Options(model=model, fpr=fpr)).scan_pixels(picture())
    assert found.verdict == plain.verdict == "no_evidence" and len(found.regions) == 1 and plain.regions == []
    rest = [item for item in found.evidence if item.layer != "localizer"]
    assert rest == plain.evidence


def test_the_windows_of_a_report_keep_their_place(model, shipped):
    shipped(False)
    found = Scanner(Options(model=model, localize=True, regions=True)).scan_pixels(picture())
    assert {region.width for region in found.regions} == {tiny.SIZE}
    assert next(item for item in found.evidence if item.layer == "localizer").value["regions"]


def test_no_time_or_no_picture_is_no_map_and_said(tmp_path):
    model = LocalizerModel(write_localizer(tmp_path))

    def refuse() -> np.ndarray:
        raise MemoryError

    late, why = localize(picture, model, 0.01, counts=True, started=time.perf_counter() - 9, seconds=10)
    assert late is None and "too long" in why[0].statement
    none, why = localize(refuse, model, 0.01, counts=True, started=time.perf_counter(), seconds=10)
    assert none is None and "memory" in why[0].statement and why[0].points_to == "none"


@pytest.mark.parametrize(
    "changes",
    [{"sha256": "0" * 64}, {"tile": 20}, {"decides": "yes"}, {"populations": None}, {"top_share": 2}, {"step": 12}],
)
def test_a_localizer_that_is_not_what_it_says_is_refused(tmp_path, changes):
    with pytest.raises(WeightError):
        LocalizerModel(write_localizer(tmp_path, **changes))


def test_a_localizer_is_no_detector_and_is_not_offered_as_one():
    with pytest.raises(WeightError) as refused:
        load("nothing-of-that-name")
    assert "house" in refused.value.fix and "localizer" not in refused.value.fix


def test_a_scan_without_it_imports_nothing_of_it():
    code = (
        "import sys, numpy as np; from fauxto.run.pipeline import Scanner; from fauxto.run.options import Options;"
        "Scanner(Options()).scan_pixels(np.zeros((64, 64, 3), np.uint8));"
        "print([n for n in sys.modules if n in ('fauxto.run.localizer', 'fauxto.run.localizing', 'fauxto.media.tiles',"
        " 'fauxto.verdict.altered', 'fauxto.verdict.altered_wording', 'torch', 'scipy', 'cv2')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_what_ships_decides_from_the_bound_that_the_documentation_names():
    shipped, detector = localizers.load_localizer(), load("house")
    assert shipped.decides_at(0.02, detector) and not shipped.decides_at(0.01, detector)
