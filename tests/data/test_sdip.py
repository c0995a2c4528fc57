"""Crops of internet photographs: boxes by rows first, originals by address or identifier, and every gap named."""

import json

import numpy as np
import pytest
from PIL import Image

from fauxto.data.adapters.sdip import Crop, cut, read_crops
from fauxto.data.walk import Problems
from fauxto.errors import InputError

IDENTIFIER = "0a1b2cdeadbeef"


def listed(path, *entries):
    path.write_text(json.dumps([{"image_name": name, "bounding_box": box} for name, box in entries]))
    return path


@pytest.fixture
def originals(tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (20, 30, 3)).astype(np.uint8)
    nested = tmp_path.joinpath("originals", *IDENTIFIER[:6])
    nested.mkdir(parents=True)
    Image.fromarray(pixels).save(tmp_path / "originals" / "77_o.png")
    Image.fromarray(pixels).save(nested / f"{IDENTIFIER}.png")
    return tmp_path / "originals", pixels


def test_boxes_are_rows_first_and_crops_are_cut_where_they_say(originals, tmp_path):
    folder, pixels = originals
    entries = (
        ("https://live.staticflickr.com/65535/77_o.png", [2, 10, 5, 13]),
        (IDENTIFIER, [0, 20, 0, 30]),
        ("https://live.staticflickr.com/1/gone.jpg", [0, 4, 0, 4]),
        ("77_o.png", [0, 21, 0, 4]),
        ("../77_o.png/..", [0, 4, 0, 4]),
    )
    crops, problems = read_crops(listed(tmp_path / "dogs.json", *entries)), Problems()
    assert crops[0] == Crop(entries[0][0], 2, 10, 5, 13)
    assert cut(crops, folder, tmp_path / "out", 8, problems=problems) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["000000.png", "000001.png"]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / "000000.png")), pixels[2:10, 5:13])
    whole = Image.fromarray(pixels).resize((8, 8), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / "000001.png")), np.asarray(whole))
    assert problems.count == 3
    told = dict(problems.shown)
    assert "not there" in told[entries[2][0]] and "leaves the picture of 30 x 20" in told["77_o.png"]


def test_what_is_cut_already_stays(originals, tmp_path):
    crops = [Crop("77_o.png", 0, 8, 0, 8)]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "000000.png").write_bytes(b"mine")
    assert cut(crops, originals[0], tmp_path / "out", 8) == 1
    assert (tmp_path / "out" / "000000.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{}",
        '[{"image_name": "a"}]',
        '[{"image_name": "a", "bounding_box": [1, 2]}]',
        "[3]",
        '[{"image_name": "a", "bounding_box": [0, NaN, 0, 1]}]',
    ],
)
def test_what_is_no_list_of_boxes_is_refused(tmp_path, text):
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(InputError, match="box"):
        read_crops(tmp_path / "odd.json")
    with pytest.raises(InputError, match="no list of boxes"):
        read_crops(tmp_path / "none.json")
