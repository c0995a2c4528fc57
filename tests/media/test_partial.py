"""Partial JPEG decoding: bit-identical to Pillow for any picture and box, and honest about damage."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.media import libjpeg, partial
from fauxto.media.container import walk
from fauxto.media.crops import Box
from fauxto.media.decode import decode
from fauxto.media.jpeg import read_header
from fauxto.media.partial import decode_rectangle
from tests.media.pictures import file_of, noise, pillow_rgb


@pytest.fixture(autouse=True, scope="module")
def small_pictures_too():
    """Small pictures are decoded whole, because that is quicker; here they stand for large ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partial, "LEAST_SKIPPED", 0)
        yield


def test_a_box_that_skips_little_is_cut_from_the_whole(monkeypatch):
    data = file_of(noise(120, 400), "JPEG")
    box = Box(0, 0, 120, 100)
    for least, is_used in ((120 * 300, True), (120 * 300 + 1, False)):
        monkeypatch.setattr(partial, "LEAST_SKIPPED", least)
        assert (decode_rectangle(data, walk(data), read_header(data), box) is not None) == is_used


@st.composite
def pictures_and_boxes(draw):
    width, height = draw(st.integers(1, 200)), draw(st.integers(1, 200))
    mode = draw(st.sampled_from(["RGB", "RGB", "RGB", "L", "CMYK"]))
    options = {
        "quality": draw(st.sampled_from([10, 50, 75, 95, 100])),
        "progressive": draw(st.booleans()),
        "restart_marker_rows": draw(st.sampled_from([0, 0, 1, 3])),
    }
    if mode == "RGB":
        options["subsampling"] = draw(st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]))
    data = file_of(noise(width, height, mode, seed=draw(st.integers(0, 99))), "JPEG", **options)
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    return data, Box(x, y, draw(st.integers(1, width - x)), draw(st.integers(1, height - y)))


@settings(max_examples=250, deadline=None)
@given(pictures_and_boxes())
def test_every_box_of_every_jpeg_is_bit_identical_to_pillow(case):
    data, box = case
    expected = pillow_rgb(data)[box.y : box.y + box.height, box.x : box.x + box.width]
    np.testing.assert_array_equal(decode(data, box=box), expected)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_the_binding_is_used_where_pillow_ships_its_library(subsampling, progressive):
    assert libjpeg.available()
    data = file_of(noise(120, 400), "JPEG", subsampling=subsampling, progressive=progressive)
    pixels = decode_rectangle(data, walk(data), read_header(data), Box(40, 150, 60, 64))
    np.testing.assert_array_equal(pixels, pillow_rgb(data)[150:214, 40:100])


def test_without_the_binding_a_box_is_cut_from_the_whole(monkeypatch):
    monkeypatch.setattr(libjpeg, "available", lambda: False)
    data = file_of(noise(120, 200), "JPEG")
    box = Box(10, 90, 40, 30)
    assert decode_rectangle(data, walk(data), read_header(data), box) is None
    np.testing.assert_array_equal(decode(data, box=box), pillow_rgb(data)[90:120, 10:50])


def test_a_progressive_jpeg_without_its_last_scans_is_decoded_whole():
    data = file_of(noise(120, 200), "JPEG", progressive=True)
    parts = walk(data).parts
    last_scan = [part for part in parts if part.name == "SOS"][-3]
    data = data[: last_scan.offset - 4] + b"\xff\xd9"
    box = Box(10, 90, 40, 30)
    assert decode_rectangle(data, walk(data), read_header(data), box) is None
    np.testing.assert_array_equal(decode(data, box=box), pillow_rgb(data)[90:120, 10:50])


def test_damage_above_or_inside_of_the_box_is_the_error_of_the_whole():
    data = file_of(noise(160, 400), "JPEG", quality=90)
    scan = walk(data).first("SOS")
    middle = (scan.offset + len(data)) // 2
    broken = data[: scan.offset + 200] + b"\xff\xd3" + data[scan.offset + 202 : middle] + data[middle:]
    for box in (None, Box(0, 200, 160, 64), Box(0, 0, 160, 64)):
        with pytest.raises(InputError) as caught:
            decode(broken, box=box)
        assert caught.value.code == "corrupt"


def test_damage_below_the_box_is_not_seen():
    data = file_of(noise(160, 400), "JPEG", quality=90)
    broken = data[:-300] + b"\xff\xd3" + data[-298:]
    np.testing.assert_array_equal(decode(broken, box=Box(0, 10, 160, 64)), pillow_rgb(data)[10:74])
    with pytest.raises(InputError):
        decode(broken)


def test_a_fatal_error_is_reported_and_parks_one_idle_thread(monkeypatch):
    monkeypatch.setattr(libjpeg, "_parked", 0)
    before = threading.active_count()
    with pytest.raises(libjpeg.LibjpegError, match="Not a JPEG file") as caught:
        libjpeg.read_rectangle(b"no picture at all", 0, 0, 8, 8)
    assert caught.value.fatal
    assert threading.active_count() == before + 1 and libjpeg.available()
    data = file_of(noise(64, 200), "JPEG")
    np.testing.assert_array_equal(decode(data, box=Box(0, 100, 64, 32)), pillow_rgb(data)[100:132])


def test_after_too_many_fatal_errors_whole_pictures_are_decoded(monkeypatch):
    monkeypatch.setattr(libjpeg, "_parked", libjpeg.MAX_PARKED)
    assert not libjpeg.available()
    data = file_of(noise(64, 200), "JPEG")
    np.testing.assert_array_equal(decode(data, box=Box(0, 100, 64, 32)), pillow_rgb(data)[100:132])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_mutated_jpeg_gives_the_same_pixels_or_an_error_and_parks_no_thread(data):
    progressive = data.draw(st.booleans())
    mutated = bytearray(file_of(noise(64, 96), "JPEG", quality=60, progressive=progressive))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(2, len(mutated) - 1))
        mutated[at] = data.draw(st.sampled_from([0, 0xFF, 0xC4, 0xD8, 0xD9, 0xDA, 0x11, mutated[at] ^ 1]))
    parked = libjpeg._parked
    box = Box(8, 40, 40, 24)
    try:
        whole = decode(bytes(mutated))
    except InputError:
        whole = None
    if whole is not None and (whole.shape[0] < 64 or whole.shape[1] < 48):
        return
    try:
        part = decode(bytes(mutated), box=box)
    except InputError as error:
        assert whole is None, error
    else:
        if whole is not None:
            np.testing.assert_array_equal(part, whole[40:64, 8:48])
        assert part.shape == (24, 40, 3)
    assert libjpeg._parked == parked
