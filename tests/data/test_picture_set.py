"""Folders and manifests as sets of pictures of one size: classes by folder, and every unfit picture said clearly."""

from __future__ import annotations

import errno
import io
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fauxto.data import picture_set
from fauxto.data.manifest import Sample, write
from fauxto.data.picture_set import build, fitted, from_arrays, kept_pixels, samples_of, subset
from fauxto.data.walk import Problems
from fauxto.errors import InputError, ResourceError


def save(path: Path, size=(8, 8), mode="RGB", seed=0) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng([seed, len(str(path))]).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return pixels


def made(folder: Path, out: Path, **options):
    samples, names = samples_of(folder)
    return build(samples, names, out, size=8, **options)


def test_folders_are_classes(tmp_path):
    pixels = {name: save(tmp_path / "in" / name, seed=k) for k, name in enumerate(("b/1.png", "a/1.png", "a/2.png"))}
    found = made(tmp_path / "in", tmp_path / "out")
    assert found.classes == ("a", "b") and found.labels.tolist() == [0, 0, 1]
    for row, name in enumerate(("a/1.png", "a/2.png", "b/1.png")):
        np.testing.assert_array_equal(found.pixels[row], pixels[name])
    again = pickle.loads(pickle.dumps(found))  # noqa: S301  # as a spawned process gets it
    np.testing.assert_array_equal(again.pixels, found.pixels)
    assert len(again) == 3 and again.key == found.key


def test_one_folder_is_no_class_and_the_array_is_read_back(tmp_path, monkeypatch):
    for k in range(3):
        save(tmp_path / "in" / f"{k}.png", seed=k)
    first = made(tmp_path / "in", tmp_path / "out")
    assert first.classes == () and first.labels.tolist() == [0, 0, 0]
    monkeypatch.setattr(picture_set, "open_picture", lambda data: pytest.fail("decoded again"))
    assert made(tmp_path / "in", tmp_path / "out").key == first.key


def test_of_a_manifest_real_rows_for_training_are_taken(tmp_path):
    rows = []
    for k, (label, split, content) in enumerate([(0, "", "x"), (1, "", "x"), (0, "test", "y"), (0, "train", "y")]):
        save(tmp_path / f"{k}.png", seed=k)
        rows.append(Sample(str(tmp_path / f"{k}.png"), label, split=split, content=content))
    write(rows, tmp_path / "m.csv")
    samples, names = samples_of(tmp_path / "m.csv")
    assert [Path(sample.path).name for sample in samples] == ["0.png", "3.png"] and names == ["x", "y"]
    write(rows[1:2], tmp_path / "fakes.csv")
    with pytest.raises(InputError, match="none is real"):
        samples_of(tmp_path / "fakes.csv")


def test_unfit_pictures_are_refused_with_a_way_out(tmp_path):
    save(tmp_path / "sizes" / "a.png")
    save(tmp_path / "sizes" / "b.png", size=(12, 9))
    with pytest.raises(InputError, match=r"1 of 8x8, 1 of 12x9.*--resize crop"):
        made(tmp_path / "sizes", tmp_path / "out")
    assert len(made(tmp_path / "sizes", tmp_path / "out", resize="crop")) == 2
    assert len(made(tmp_path / "sizes", tmp_path / "out", resize="squeeze")) == 2
    for mode, word in (("L", "grey"), ("RGBA", "transparent"), ("LA", "transparent")):
        folder = tmp_path / mode
        save(folder / "a.png")
        save(folder / "b.png", mode=mode)
        with pytest.raises(InputError, match=rf"{word} \(mode {mode}\).*--convert"):
            made(folder, tmp_path / "out")
        assert len(made(folder, tmp_path / "out", convert=True)) == 2


def test_too_few_and_half_classified_sets_are_refused(tmp_path):
    save(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"^1 of 2 pictures can be learned from; 1 could not be read.*skipped.json"):
        made(tmp_path / "in", tmp_path / "out")
    save(tmp_path / "in" / "deep" / "c.png")
    with pytest.raises(InputError, match="have no class"):
        made(tmp_path / "in", tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        samples_of(tmp_path / "empty")


def test_a_full_disk_is_said_and_leaves_no_half(tmp_path, monkeypatch):
    for k in range(3):
        save(tmp_path / "in" / f"{k}.png", seed=k)

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    original = Path.open
    monkeypatch.setattr(Path, "open", lambda p, *a, **k: Full() if p.suffix == ".partial" else original(p, *a, **k))
    with pytest.raises(ResourceError, match="No space left"):
        made(tmp_path / "in", tmp_path / "out")
    monkeypatch.undo()
    assert len(made(tmp_path / "in", tmp_path / "out")) == 3


def test_resizing_is_pillows_lanczos_of_the_middle_square():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    expected = Image.fromarray(pixels[:, 5:25]).resize((8, 8), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(fitted(pixels, 8, "crop"), np.asarray(expected))
    expected = Image.fromarray(pixels).resize((8, 8), Image.Resampling.LANCZOS)
    np.testing.assert_array_equal(fitted(pixels, 8, "squeeze"), np.asarray(expected))


def test_arrays_are_a_set_too():
    pixels = np.zeros((4, 8, 8, 3), np.uint8)
    assert from_arrays(pixels).classes == ()
    assert from_arrays(pixels, np.array([0, 1, 2, 1])).classes == ("0", "1", "2")
    assert from_arrays(pixels).key != from_arrays(pixels + 1).key
    with pytest.raises(InputError, match="Expected uint8"):
        from_arrays(pixels.astype(np.float32))


def test_a_subset_has_the_chosen_pictures_in_memory_and_on_disk(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    whole, chosen = from_arrays(pixels, np.array([0, 1, 2, 0, 1, 2])), np.array([4, 1, 5])
    mapped = np.memmap(tmp_path / "all", np.uint8, "w+", shape=pixels.shape)
    mapped[:] = pixels
    on_disk = replace(whole, pixels=mapped)
    for given in (whole, on_disk):
        part = subset(given, chosen, tmp_path)
        np.testing.assert_array_equal(part.pixels, pixels[chosen])
        assert part.labels.tolist() == [1, 1, 2] and part.classes == whole.classes
        assert part.key != whole.key == on_disk.key
    assert part.key == subset(whole, chosen, tmp_path).key != subset(whole, chosen[::-1], tmp_path).key
    assert len(list(tmp_path.glob("pictures-*/pixels"))) == 1
    (tmp_path / "taken").write_text("no folder")
    with pytest.raises(ResourceError, match="GB"):
        subset(on_disk, chosen, tmp_path / "taken")


def test_what_is_passed_over_is_said(tmp_path):
    save(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "elsewhere" / "a.png")
    with pytest.raises(InputError, match=r"no pictures below.*1 left out, such as link\.png: it is a link that leaves"):
        samples_of(tmp_path / "in")
    save(tmp_path / "in" / "b.png")
    problems = Problems()
    assert len(samples_of(tmp_path / "in", problems)[0]) == 1 and problems.count == 1
    with pytest.raises(InputError, match="nothing at"):
        samples_of(tmp_path / "nowhere")


def test_the_pixels_of_a_run_are_found_again(tmp_path):
    for k in range(3):
        save(tmp_path / "in" / f"{k}.png", seed=k)
    found = made(tmp_path / "in", tmp_path / "out")
    np.testing.assert_array_equal(kept_pixels(tmp_path / "out", found.key, 8), found.pixels)
    with pytest.raises(InputError, match="are not at"):
        kept_pixels(tmp_path / "out", "0" * 16, 8)
