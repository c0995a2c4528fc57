"""Manifests: round trips, folder layouts, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fauxto.data.manifest import Sample, index, read, write
from fauxto.data.patches import build
from fauxto.data.walk import Problems
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
    with pytest.raises(InputError, match="no folder names a class; seen: holiday"):
        index(tmp_path)
    with pytest.raises(InputError, match="seen: holiday itself"):
        index(tmp_path / "holiday")
    (tmp_path / "empty").mkdir()
    (tmp_path / "holiday").rename(tmp_path / "real")
    with pytest.raises(InputError, match="seen: real itself") as caught:
        index(tmp_path / "real")
    assert caught.value.fix.startswith(f"Give {tmp_path}:")
    (tmp_path / "real").rename(tmp_path / "holiday")
    with pytest.raises(InputError, match="There is no picture below"):
        index(tmp_path / "empty")


def test_pictures_without_a_class_beside_others_are_named(tmp_path):
    for path in ("real/a.png", "fake/b.png", "holiday/c.png"):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes(b"x")
    problems = Problems()
    assert len(index(tmp_path, problems)) == 2
    assert problems.shown == [("holiday/c.png", "no folder on its path names a class")]


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


def test_every_column_goes_round_and_old_manifests_still_read(tmp_path):
    full = Sample(
        *(
            str(tmp_path / "a.png"),
            1,
            "flux",
            "web",
            "diffusion",
            "face",
            "test",
            "CC0",
            "png",
            3,
            4,
            "ab",
            "cd",
            "image",
        ),
        *("edited", "dit", "1.0", "2024-08-01", 87.5, str(tmp_path / "m.png"), "a\ncat", "a cat, seen"),
    )
    for name in ("m.csv", "m.parquet"):
        assert write((sample for sample in [full]), tmp_path / name) == 1
        assert read(tmp_path / name) == [full]
    (tmp_path / "old.csv").write_text("path,label,generator,width,blob\na.png,tampered,x,,1\n")
    assert read(tmp_path / "old.csv") == [Sample(str(tmp_path / "a.png"), 1, "x", manipulation="edited")]
    (tmp_path / "odd.csv").write_text("path,label,width\na.png,real,wide\n")
    with pytest.raises(InputError, match="row 1: width is 'wide'"):
        read(tmp_path / "odd.csv")


def test_a_manifest_that_fails_half_way_is_not_left_behind(tmp_path):
    def broken():
        yield Sample("/a.png", 0)
        raise ValueError("no more")

    for name in ("m.csv", "m.parquet"):
        write([Sample("/old.png", 0)], tmp_path / name)
        with pytest.raises(ValueError, match="no more"):
            write(broken(), tmp_path / name)
        assert [s.path for s in read(tmp_path / name)] == ["/old.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.csv", "m.parquet"]


def test_masks_are_no_samples_and_tampered_is_remembered(tmp_path):
    for path in ("real/a.jpg", "tampered/b.png", "tampered/b_mask.png", "masks/b.png", "full_synthetic/c.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"x")
    found = index(tmp_path)
    assert [(s.path.rsplit("/", 2)[1], s.label, s.manipulation) for s in found] == [
        ("full_synthetic", 1, ""),
        ("real", 0, ""),
        ("tampered", 1, "edited"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is no CSV manifest"),
        (b"path,label\n" + b"a" * 2**22 + b"a,real\n", "is no CSV manifest: field larger"),
        (b"path,label\n,real\n", "row 1: the path is empty"),
        (b"path,label\n", "has no rows"),
        (b"path\na.png,real\n", "expected at least path and label"),
    ],
)
def test_what_is_no_manifest_is_refused_in_words(tmp_path, content, words):
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read(tmp_path / "m.csv")
    assert caught.value.fix
    (tmp_path / "m.parquet").write_bytes(content)
    with pytest.raises(InputError):
        read(tmp_path / "m.parquet")


def test_a_long_prompt_is_read_again(tmp_path):
    picture = Sample(str(tmp_path / "a.png"), 1, prompt="a castle, " * 50_000)
    write([picture], tmp_path / "m.csv")
    assert read(tmp_path / "m.csv")[0].prompt == picture.prompt
