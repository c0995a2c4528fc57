"""Manifests: round trips, folder layouts, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fauxto.data.manifest import Sample, index, read, write
from fauxto.data.patches import build
from fauxto.errors import InputError


@pytest.mark.parametrize("name", ["m.csv", "m.parquet"])
def test_round_trip(tmp_path, name):
    samples = [
        Sample(str(tmp_path / "a, b.png"), 0, source="camera", width=3, height=4),
        Sample(str(tmp_path / "ü.jpg"), 1, generator="sd", split="test", parent="x"),
    ]
    write(samples, tmp_path / name)
    assert read(tmp_path / name) == samples


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        (["progan/cat/0_real/a.png", "progan/cat/1_fake/b.png"], [(0, ""), (1, "cat")]),
        (["ADM/val/nature/a.png", "ADM/val/ai/b.png"], [(1, "val"), (0, "")]),
        (["real/web/a.png", "fake/flux/b.PNG"], [(1, "flux"), (0, "")]),
    ],
)
def test_folder_layouts(tmp_path, layout, expected):
    for path in layout:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("not a picture")
    assert [(s.label, s.generator) for s in index(tmp_path)] == expected


def test_integer_labels_and_missing_columns_are_refused(tmp_path):
    (tmp_path / "m.csv").write_text("path,label\na.png,1\n")
    with pytest.raises(InputError, match=r"row 1: label '1'"):
        read(tmp_path / "m.csv")
    (tmp_path / "m.csv").write_text("file,label\na.png,real\n")
    with pytest.raises(InputError, match="expected at least path and label"):
        read(tmp_path / "m.csv")
    with pytest.raises(InputError, match="no manifest"):
        read(tmp_path / "absent.csv")


def test_a_folder_without_classes_is_refused_with_what_was_seen(tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "a.png").write_bytes(b"x")
    with pytest.raises(InputError, match="holiday"):
        index(tmp_path)


def test_patches_are_windows_of_the_picture_and_are_read_back(tmp_path):
    rng = np.random.default_rng(0)
    samples = []
    for i, (height, width) in enumerate([(300, 400), (40, 64)]):
        path = tmp_path / f"{i}.png"
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path)
        samples.append(Sample(str(path), i))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    samples.append(Sample(str(tmp_path / "broken.png"), 1))
    store = build(samples, tmp_path / "store", size=64, per_picture=3)
    assert store.picture.tolist() == [0, 0, 0, 1]
    assert store.labels.tolist() == [0, 0, 0, 1]
    whole = np.asarray(Image.open(tmp_path / "0.png"))
    windows = np.lib.stride_tricks.sliding_window_view(whole, (64, 64, 3)).reshape(-1, 64 * 64 * 3)
    for patch in store.pixels[:3]:
        assert (windows[:, :96] == patch.reshape(-1)[:96]).all(1).any()
    again = build(samples, tmp_path / "store", size=64, per_picture=3)
    assert np.array_equal(again.pixels, store.pixels)
