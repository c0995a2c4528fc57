"""What is wrong with a training set is said before, or while, it is read."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from fauxto.data.manifest import Sample
from fauxto.data.masks import MaskStore
from fauxto.data.patches import build
from fauxto.data.training import STORED, side_read, training_rows, training_store
from fauxto.errors import InputError
from fauxto.media.crops import CropSpec


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([Sample("a", 0, split="test"), Sample("b", 1, split="calibration")], "None of the 2 rows is for training"),
        ([Sample("a", 0), Sample("b", 1, split="test")], "All 1 rows for training are real"),
        ([Sample("a", 1), Sample("b", 1)], "All 2 rows for training are generated"),
        ([Sample("a", 0), Sample("b", 1), Sample("a", 0, split="test")], "a is for training and, as a, in the split"),
        ([Sample("a", 0, sha256="x"), Sample("b", 1), Sample("c", 0, sha256="x", split="test")], "as c, in the split"),
    ],
)
def test_rows_that_cannot_be_trained_on_are_refused(samples, message):
    with pytest.raises(InputError, match=message) as caught:
        training_rows(samples)
    assert caught.value.fix


def picture(folder, name: str, seed: int) -> str:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / name)
    return str(folder / name)


def test_corrupt_missing_and_repeated_pictures_are_left_out_by_name(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    good = [picture(tmp_path, f"{i}.png", i) for i in range(3)]
    paths = [*good, str(tmp_path / "broken.png"), str(tmp_path / "gone.png"), picture(tmp_path, "again.png", 0)]
    store = build([Sample(p, 0) for p in paths], tmp_path / "out", size=32, per_picture=1)
    assert [sample.path for sample in store.samples] == good
    (skipped,) = (tmp_path / "out").glob("patches-*/skipped.json")
    reasons = json.loads(skipped.read_text())
    assert set(reasons) == set(paths[3:])
    assert reasons[paths[5]] == f"the same pixels as {good[0]}"


def test_one_picture_under_both_labels_is_refused_by_name(tmp_path):
    samples = [Sample(picture(tmp_path, "a.png", 0), 0), Sample(picture(tmp_path, "b.png", 0), 1)]
    with pytest.raises(InputError, match=r"a\.png and .*b\.png are the same picture"):
        build(samples, tmp_path / "out", size=32)


def test_when_nothing_can_be_read_the_reasons_are_there(tmp_path):
    with pytest.raises(InputError, match="Not one picture") as caught:
        build([Sample(str(tmp_path / "gone.png"), 0)], tmp_path / "out", size=32)
    assert "gone.png" in Path(caught.value.fix.removeprefix("See ").removesuffix(".")).read_text()


def test_whole_pictures_are_squeezed(tmp_path):
    path = picture(tmp_path, "a.png", 0)
    store = build([Sample(path, 0)], tmp_path / "out", size=16, whole=True)
    expected = Image.open(path).resize((16, 16), Image.Resampling.BILINEAR)
    assert np.array_equal(store.pixels[0], np.asarray(expected))


@pytest.mark.parametrize("resize", ["required", "forbidden"])
@pytest.mark.parametrize("kinds", [("detector",), ("localizer",), ("detector", "localizer")])
def test_the_data_are_cut_as_the_system_reads_them(kinds, resize, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("real.png", "new.png", "mask.png"):
        Image.fromarray(rng.integers(0, 256, (300, 320, 3), dtype=np.uint8)).save(tmp_path / name)
    real, new, mask = (str(tmp_path / name) for name in ("real.png", "new.png", "mask.png"))
    samples = [Sample(real, 0), Sample(new, 1, mask=mask)]
    reads = {"tile": 96} if "localizer" in kinds else {"crop": CropSpec(64, 1)}
    card = SimpleNamespace(kinds=kinds, input=SimpleNamespace(resize=resize))
    system = SimpleNamespace(card=card, **reads)
    store = training_store(system, samples, tmp_path / "store", per_picture=2)
    side, count = (side_read(system), 2) if resize == "required" else (STORED, 4)
    assert store.pixels.shape == (count, side, side, 3)
    assert isinstance(store, MaskStore) == ("localizer" in kinds)
