"""The second network of a model: what it is shown, when it is asked, and what it adds."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from fauxto import scan
from fauxto.errors import InputError, WeightError
from fauxto.run.appearance import Views
from fauxto.run.model import BACKENDS, Score, load
from fauxto.verdict.heatmap import everywhere
from tests.run import tiny

SHORT, SIDE, WEIGHT = 24, 16, 2.0


def write_model(folder: Path, **changes) -> Path:
    """The tiny model with an appearance: of each view, the mean of its red and of its green, both times `WEIGHT`."""
    tiny.write_model(folder)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixels"], ["colours"], axes=[2, 3], keepdims=0),
            helper.make_node("Slice", ["colours", "start", "end", "axis"], ["logit"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n", 2])],
        [
            helper.make_tensor(name, TensorProto.INT64, [1], [value])
            for name, value in (("start", 0), ("end", 2), ("axis", 1))
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "appearance.onnx")
    entry = {
        "onnx": "appearance.onnx",
        "sha256": hashlib.sha256((folder / "appearance.onnx").read_bytes()).hexdigest(),
        "short": SHORT,
        "size": SIDE,
        "weight": WEIGHT,
    }
    description = json.loads((folder / "model.json").read_text()) | {"appearance": entry} | changes
    (folder / "model.json").write_text(json.dumps(description))
    return folder


def painted(red: int, green: int, side: int = 40) -> np.ndarray:
    return np.broadcast_to(np.uint8([red, green, 0]), (side, side, 3)).copy()


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_logit_is_the_texture_and_the_weighted_appearance_of_the_whole_and_of_the_middle_window(
    tmp_path: Path, backend: str
):
    model = load(write_model(tmp_path), backend)
    windows = np.stack([painted(0, green, tiny.SIZE) for green in (50, 150)])
    score = model.score(windows, lambda: painted(255, 0))
    texture = tiny.GAIN * ((50 + 150) / 2 / 3 / 255 - 0.5)
    assert score.texture == pytest.approx(texture, abs=1e-4)
    assert score.appearance == pytest.approx(WEIGHT * (1 + 150 / 255), abs=1e-4)
    assert score.logit == pytest.approx(score.texture + score.appearance)


def test_a_thorough_reading_looks_at_every_window_and_settles_nothing(tmp_path: Path):
    entry = {
        "crop": {"size": tiny.SIZE, "count": 2},
        "calibration": {"kind": "platt", "slope": 1.0, "intercept": 0.0},
        "populations": {"few": {"description": "made up", "n": 1, "logits": [0.0]}},
    }
    always = {"steps": [{"below": 99, "instead": 0}]}
    model = load(write_model(tmp_path, thorough=entry, settle=always), thorough=True)
    windows = np.stack([painted(0, green, tiny.SIZE) for green in (50, 150)])
    score = model.score(windows, lambda: painted(255, 0))
    assert score.appearance == pytest.approx(WEIGHT * (1 + (50 + 150) / 2 / 255), abs=1e-4)


def test_the_look_of_the_whole_settles_a_picture_then_look_and_texture_together(tmp_path: Path):
    """Black has a look of 0 and a texture of -8; a settled picture gets what its step puts instead of the rest."""
    dark, whole = np.zeros((2, tiny.SIZE, tiny.SIZE, 3), np.uint8), lambda: painted(0, 0)
    texture = -tiny.GAIN / 2
    for looks, both, expected in (
        (0.1, 0.1, Score(-3.0, None, 0.0)),
        (-0.1, texture + 0.1, Score(texture - 5.0, texture, 0.0)),
        (-0.1, texture - 0.1, Score(texture, texture, 0.0)),
    ):
        steps = [{"below": looks, "instead": -3.0}, {"below": both, "instead": -5.0}]
        score = load(write_model(tmp_path, settle={"steps": steps})).score(dark, whole)
        assert score.texture == (None if expected.texture is None else pytest.approx(expected.texture, abs=1e-4))
        assert (score.logit, score.appearance) == pytest.approx((expected.logit, expected.appearance), abs=1e-4)


def test_a_view_is_the_middle_of_the_picture_and_of_each_window():
    picture = np.random.default_rng(0).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    windows = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    views = Views(SHORT, SIDE).take(picture, windows)
    small = Image.fromarray(picture).resize((36, 24), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(views[0], np.asarray(small.crop((10, 4, 26, 20))))
    np.testing.assert_array_equal(views[1:], windows[:, 8:24, 8:24])
    with pytest.raises(InputError, match="smaller than 16"):
        Views(SHORT, SIDE).take(picture, windows[:, :8, :8])


def test_a_scan_tells_the_parts_of_its_logit(tmp_path: Path):
    folder = write_model(tmp_path / "model")
    picture = tmp_path / "a.png"
    Image.fromarray(tiny.noise(120, 64)).save(picture)
    found = scan(picture, model=str(folder))
    (item,) = [item for item in found.evidence if item.layer == "pixels"]
    parts = item.value["parts"]
    assert found.logit == pytest.approx(parts["texture"] + parts["appearance"])
    assert found.logit == scan(np.asarray(Image.open(picture)), model=str(folder)).logit


def test_a_map_of_a_uniform_picture_shows_the_logit_of_all_of_it(tmp_path: Path):
    picture = tmp_path / "a.png"
    Image.fromarray(painted(200, 90, 96)).save(picture)
    found = scan(picture, model=str(write_model(tmp_path / "model")), regions=True)
    assert found.regions
    assert {round(region.logit, 3) for region in found.regions} == {round(found.logit, 3)}
    assert everywhere(found) == pytest.approx(WEIGHT * (200 + 90) / 255, abs=1e-3)


@pytest.mark.parametrize("wrong", [3, {}, {"onnx": "appearance.onnx"}])
def test_an_incomplete_entry_is_refused(tmp_path: Path, wrong: object):
    with pytest.raises(WeightError, match="appearance"):
        load(write_model(tmp_path, appearance=wrong))


def test_the_hash_of_a_model_is_that_of_both_its_networks(tmp_path: Path):
    folder = write_model(tmp_path)
    both = (folder / "model.onnx").read_bytes() + (folder / "appearance.onnx").read_bytes()
    assert load(folder).sha256 == load(folder).identity["sha256"] == hashlib.sha256(both).hexdigest()


def test_another_network_than_the_described_one_is_refused(tmp_path: Path):
    folder = write_model(tmp_path)
    (folder / "appearance.onnx").write_bytes(b"other")
    with pytest.raises(WeightError, match="not the network"):
        load(folder)
