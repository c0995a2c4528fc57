"""JPEG headers against Pillow's own reading, and quality at every setting."""

import io

import pytest
from PIL import Image

from fauxto.errors import InputError
from fauxto.media import jpeg
from fauxto.media.jpeg import read_header
from fauxto.media.quantization import NATURAL_ORDER, quality_of
from tests.media.pictures import file_of, noise


def test_natural_order_walks_the_zigzag_of_the_standard():
    # ITU-T T.81 figure 5: position in the zigzag of the first row and the first column.
    assert NATURAL_ORDER[:8] == (0, 1, 5, 6, 14, 15, 27, 28)
    assert NATURAL_ORDER[::8] == (0, 2, 3, 9, 10, 20, 21, 35)
    assert sorted(NATURAL_ORDER) == list(range(64))


@pytest.mark.parametrize("quality", range(1, 101))
def test_quality_and_tables_at_every_setting(quality):
    data = file_of(noise(16, 16), "JPEG", quality=quality)
    header = read_header(data)
    assert header.quality == quality
    with Image.open(io.BytesIO(data)) as image:
        assert header.quantization == {number: tuple(table) for number, table in image.quantization.items()}


def test_quality_of_gray_pictures_needs_one_table():
    assert read_header(file_of(noise(16, 16, "L"), "JPEG", quality=42)).quality == 42


def test_tables_between_two_qualities_get_the_nearest():
    tables = read_header(file_of(noise(16, 16), "JPEG", quality=80)).quantization
    bent = [value + (index % 7 == 0) for index, value in enumerate(tables[0])]
    assert quality_of(bent, tables[1]) == pytest.approx(80, abs=1.5)


def test_tables_of_no_quality_get_none():
    assert quality_of([7] * 64) is None
    assert quality_of(list(range(255, 191, -1)), [3] * 64) is None


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"subsampling": "4:4:4"}, ("4:4:4", False, 1)),
        ({"subsampling": "4:2:2"}, ("4:2:2", False, 1)),
        ({"subsampling": "4:2:0"}, ("4:2:0", False, 1)),
        ({"subsampling": "4:2:0", "progressive": True}, ("4:2:0", True, 10)),
    ],
)
def test_sampling_and_scans(options, expected):
    header = read_header(file_of(noise(50, 30), "JPEG", **options))
    assert (header.subsampling, header.progressive, header.scans) == expected
    assert (header.width, header.height, header.precision) == (50, 30, 8)


def test_gray_cmyk_restarts_and_adobe():
    assert read_header(file_of(noise(16, 16, "L"), "JPEG")).subsampling == "gray"
    cmyk = read_header(file_of(noise(16, 16, "CMYK"), "JPEG"))
    assert len(cmyk.components) == 4 and cmyk.adobe_transform in (0, 2)
    assert read_header(file_of(noise(64, 64), "JPEG", restart_marker_blocks=3)).restart_interval == 3


def test_a_header_without_frame_is_an_error():
    with pytest.raises(InputError, match="no frame header") as caught:
        read_header(b"\xff\xd8\xff\xdb\x00\x02\xff\xd9")
    assert caught.value.code == "corrupt"
    with pytest.raises(InputError) as caught:
        read_header(b"\xff\xd8\xff\xdb\x00")
    assert caught.value.code == "truncated"


def test_of_many_tables_the_last_counts_and_the_rest_are_not_converted(monkeypatch: pytest.MonkeyPatch):
    data = file_of(noise(16, 16), "JPEG", quality=83)
    flood = (b"\xff\xdb\0\x43\0" + bytes([1]) * 64) * 2000
    converted, natural = [], jpeg._natural
    monkeypatch.setattr(jpeg, "_natural", lambda raw: converted.append(raw) or natural(raw))
    flooded = read_header(data[:2] + flood + data[2:])
    assert len(converted) == 2
    assert (flooded.quantization, flooded.quality) == (read_header(data).quantization, 83.0)
