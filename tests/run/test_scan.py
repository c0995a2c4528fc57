"""From files to Findings: figures in closed form, hostile files, determinism, isolation, no connection."""

import hashlib
import json
import os
import socket
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import fauxto
from fauxto.errors import InputError, ResourceError
from fauxto.finding import Finding
from fauxto.media.crops import CropSpec, cut, take
from fauxto.media.limits import Limits
from fauxto.run import mapping
from fauxto.run.model import Model
from tests.run import tiny


def timeless(finding: Finding) -> Finding:
    return replace(finding, seconds=None)


def expected_logit(pixels: np.ndarray) -> float:
    """What the tiny model has to say, by numpy alone."""
    spec = CropSpec(tiny.SIZE, tiny.COUNT)
    crops = take(pixels.shape[1], pixels.shape[0], spec, lambda box: cut(pixels, box))
    return float(np.mean([tiny.GAIN * (crop.astype(np.float64).mean() / 255 - 0.5) for crop in crops]))


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and has none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [b"IHDR" + header, b"IDAT" + zlib.compress(b""), b"IEND"]
    packed = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.fixture
def hostile(tmp_path: Path) -> dict[str, str]:
    """Paths of files that no one should be able to scan, each with the code of its error."""
    whole = tiny.write_picture(tmp_path / "whole.png", 99).read_bytes()
    contents = {
        "empty.jpg": (b"", "empty"),
        "text.jpg": (b"dear diary", "unknown_format"),
        "page.png": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unknown_format"),
        "truncated.png": (whole[: len(whole) // 2], "truncated"),
        "bomb.png": (png_header(60_000, 60_000), "too_many_pixels"),
    }
    codes = {str(tmp_path / name): code for name, (_, code) in contents.items()}
    for name, (content, _) in contents.items():
        (tmp_path / name).write_bytes(content)
    os.mkfifo(tmp_path / "fifo.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket.jpg"))
    special = {"fifo.jpg": "not_a_file", "socket.jpg": "not_a_file", "none.jpg": "not_found"}
    codes |= {str(tmp_path / name): code for name, code in special.items()}
    return codes | {"/dev/zero": "not_a_file", "http://localhost/a.jpg": "network", "x" * 9000: "not_found"}


@pytest.mark.parametrize("level", [tiny.DARK, 128, tiny.BRIGHT])
def test_a_png_gets_the_closed_form(tmp_path: Path, model: str, level: int):
    path = tiny.write_picture(tmp_path / "a.png", level, side=100)
    found = fauxto.scan(path, model=model)
    logit = expected_logit(np.asarray(Image.open(path)))
    above = sum(reference >= found.logit for reference in tiny.REFERENCE)
    assert found.logit == pytest.approx(logit, abs=1e-5)
    assert found.probability == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
    assert found.p_value == pytest.approx((1 + above) / (len(tiny.REFERENCE) + 1))
    assert found.verdict == ("no_evidence" if level == tiny.DARK else "generated")
    assert (found.status, found.path, found.fpr) == ("ok", str(path), 0.01)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["a.jpg", "a.webp", "a.gif", "a.bmp", "a.tiff", "a.wrong-name.txt"])
def test_every_format_scores_what_pillow_decodes(tmp_path: Path, model: str, name: str):
    path = tmp_path / name
    Image.fromarray(tiny.noise(150, 90)).save(path, "PNG" if name.endswith("txt") else None)
    expected = expected_logit(np.asarray(Image.open(path).convert("RGB")))
    assert fauxto.scan(path, model=model).logit == pytest.approx(expected, abs=1e-4)


def test_an_array_scores_like_its_file_without_provenance(tmp_path: Path, model: str):
    path = tiny.write_picture(tmp_path / "a.png", 150, side=90)
    pixels = np.asarray(Image.open(path))
    from_file, from_array = fauxto.scan(path, model=model), fauxto.scan(pixels, model=model)
    assert from_array.logit == from_file.logit
    assert (from_array.path, from_array.provenance) == ("<array>", None)
    assert from_array.sha256 == hashlib.sha256(pixels.tobytes()).hexdigest()


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 4), np.uint8)],
)
def test_other_arrays_are_refused(model: str, pixels: np.ndarray):
    with pytest.raises(InputError, match="Expected uint8 pixels"):
        fauxto.scan(pixels, model=model)


@pytest.mark.parametrize("thing", [b"a.png", None, 7, ["a.png"], Image.new("RGB", (64, 64))])
def test_what_is_neither_path_nor_array_is_refused(model: str, thing: object):
    with pytest.raises(InputError, match="Expected a path or an array") as refused:
        fauxto.scan(thing, model=model)
    assert "np.asarray" in refused.value.fix


def test_a_single_path_is_no_list_of_its_letters(folder: Path, model: str):
    """Taken for a list, "/tmp/x" would begin with the whole disk."""
    for single in (str(folder), folder, os.fsencode(folder)):
        found = list(fauxto.scan_many(single, model=model, workers=1))
        assert [Path(item.path).name for item in found] == ["0.png", "1.png", "2.png", "3.png"]
    assert len(list(fauxto.scan_many([os.fsencode(folder)], model=model, workers=1))) == 4
    with pytest.raises(TypeError):
        list(fauxto.scan_many([np.zeros((8, 8, 3), np.uint8)], model=model))


def test_the_same_file_gives_the_same_finding_everywhere(folder: Path, model: str):
    paths = sorted(folder.iterdir())
    here = [timeless(fauxto.scan(path, model=model, stability=True, regions=True)) for path in paths]
    options = {"model": model, "stability": True, "regions": True}
    assert [timeless(found) for found in fauxto.scan_many([folder], workers=2, **options)] == here
    assert timeless(fauxto.scan(paths[0], isolate=True, **options)) == here[0]
    assert here[0].stability["total"] == 5
    assert len(here[0].regions) == 4


def test_a_hostile_file_is_one_clear_row_here_and_in_a_worker(hostile: dict[str, str], model: str):
    isolated = list(fauxto.scan_many(hostile, workers=2, model=model))
    assert [found.path for found in isolated] == list(hostile)
    assert [found.error["code"] for found in isolated] == list(hostile.values())
    for found in isolated:
        assert found.status == "error"
        assert found.error["what"] and found.error["fix"]
        assert (found.verdict, found.logit, found.p_value, found.evidence) == (None, None, None, [])
    here = [fauxto.scan(path, model=model) for path in hostile]
    assert [found.error for found in here[:-1]] == [found.error for found in isolated[:-1]]


def test_good_files_among_bad_ones_are_scanned(hostile: dict[str, str], folder: Path, model: str):
    mixed = [path for pair in zip(hostile, list(folder.iterdir()) * 4, strict=False) for path in pair]
    found = list(fauxto.scan_many(mixed, workers=2, model=model))
    assert [item.status for item in found] == ["error", "ok"] * len(hostile)


def test_a_name_that_is_no_text_is_scanned_and_shown(tmp_path: Path, model: str):
    raw = os.path.join(os.fsencode(tmp_path), b"caf\xe9\nbar.png")
    with open(raw, "wb") as file:
        file.write(tiny.write_picture(tmp_path / "a.png", 60).read_bytes())
    [found] = fauxto.scan_many([os.fsdecode(raw)], workers=1, model=model)
    assert found.status == "ok"
    assert found.path == f"{tmp_path}/caf\\xe9\nbar.png"
    assert Finding.from_dict(json.loads(found.to_json().encode("utf-8"))) == found


def test_limits_are_kept_by_the_workers(tmp_path: Path, model: str):
    path = tiny.write_picture(tmp_path / "a.png", 60, side=100)
    [found] = fauxto.scan_many([path], model=model, limits=Limits(max_pixels=9_999))
    assert found.error["code"] == "too_many_pixels"
    [found] = fauxto.scan_many([path], model=model, limits=Limits(max_bytes=1_000))
    assert found.error["code"] == "too_many_bytes"


def test_a_picture_beyond_the_memory_of_a_worker_is_a_row(tmp_path: Path, model: str):
    """10000 x 10000 pixels need 300 MB; the worker has 350, libraries included."""
    Image.new("P", (10_000, 10_000)).save(tmp_path / "large.png")
    tiny.write_picture(tmp_path / "small.png", 60)
    large, small = fauxto.scan_many(
        [tmp_path / "large.png", tmp_path / "small.png"], workers=1, model=model, memory=350 * 2**20
    )
    assert large.error["code"] in {"memory", "worker_died"}
    assert small.status == "ok"


def test_scanning_opens_no_socket(folder: Path, model: str, monkeypatch: pytest.MonkeyPatch):
    def forbidden(*_, **__):
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo", "socketpair"):
        monkeypatch.setattr(socket, name, forbidden)
    assert fauxto.scan(next(folder.iterdir()), model=model, stability=True).status == "ok"


def test_heat_maps_are_named_by_content(folder: Path, tmp_path: Path, model: str):
    target = tmp_path / "maps" / "new"
    found = list(fauxto.scan_many([folder], model=model, heatmap=str(target)))
    assert {path.name for path in target.iterdir()} == {f"{item.sha256[:32]}.png" for item in found}
    assert all(Image.open(path).size[0] == 48 for path in target.iterdir())


def test_regions_of_what_is_called_only(folder: Path, model: str):
    found = list(fauxto.scan_many([folder], model=model, regions="called"))
    assert {item.verdict for item in found} == {"generated", "no_evidence"}
    assert all(bool(item.regions) == (item.verdict == "generated") for item in found)


@pytest.mark.parametrize("code", ["late", "memory", "corrupt"])
def test_a_map_that_fails_leaves_the_verdict_and_says_why(
    folder: Path, model: str, monkeypatch: pytest.MonkeyPatch, code: str
):
    path = folder / "1.png"
    plain = timeless(fauxto.scan(path, model=model))
    if code == "late":
        monkeypatch.setattr(mapping, "SHARE", 0.0)
    else:
        error = MemoryError() if code == "memory" else InputError("The PNG is broken.", fix="", code=code)

        def fail(*_):
            raise error

        monkeypatch.setattr(Model, "logits", fail_after(Model.logits, 1, fail))
    mapped = timeless(fauxto.scan(path, model=model, regions=True))
    note = {"late": "too long", "memory": "more memory", "corrupt": "The PNG is broken."}[code]
    assert mapped == replace(plain, evidence=mapped.evidence)
    assert mapped.evidence[:-1] == plain.evidence
    assert note in mapped.evidence[-1].statement


def fail_after(method, calls: int, fail):
    """`method` for so many calls, then `fail`: the verdict's own call goes through, those of the map do not."""
    remaining = iter([method] * calls)

    def call(*arguments):
        return next(remaining, fail)(*arguments)

    return call


def test_a_folder_that_cannot_hold_drawings_is_told_once(folder: Path, model: str, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ResourceError, match="cannot be written"):
        list(fauxto.scan_many([folder], model=model, heatmap=str(tmp_path / "file" / "maps")))


def test_options_that_make_no_sense_raise_at_once(model: str):
    with pytest.raises(InputError, match="between 0 and 1"):
        fauxto.scan("a.png", model=model, fpr=1.5)
    with pytest.raises(InputError, match="asked for by"):
        fauxto.scan("a.png", model=model, regions="some")
    with pytest.raises(TypeError):
        fauxto.scan_many(["a.png"], colour="red")
    with pytest.raises(ResourceError, match=r"No model\.json"):
        list(fauxto.scan_many(["a.png"], model="/nowhere"))


def test_a_stricter_bound_calls_less(tmp_path: Path, model: str):
    """300 reference photographs cannot speak at 1 in 1000."""
    path = tiny.write_picture(tmp_path / "a.png", tiny.BRIGHT)
    assert fauxto.scan(path, model=model, fpr=0.01).verdict == "generated"
    assert fauxto.scan(path, model=model, fpr=0.001).verdict == "inconclusive"
