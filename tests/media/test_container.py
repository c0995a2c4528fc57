"""Walks over every container: the right parts, the right end, and bounded work on hostile lengths."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from fauxto.errors import InputError, ResourceError
from fauxto.media.container import walk
from fauxto.media.decode import decode, probe
from fauxto.media.limits import Limits
from fauxto.media.tiff_tags import orientation, tags
from tests.media.pictures import exif, file_of, noise

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"


def heif(**options):
    out = io.BytesIO()
    pillow_heif.from_pillow(noise(64, 48)).save(out, quality=50, **options)
    return out.getvalue()


FILES = {
    "jpeg": file_of(noise(40, 30), "JPEG", comment=b"hello", exif=exif(6), xmp=XMP),
    "jpeg progressive": file_of(noise(40, 30), "JPEG", progressive=True, restart_marker_rows=1),
    "png": file_of(noise(40, 30), "PNG", exif=exif(6)),
    "webp": file_of(noise(40, 30), "WEBP", exif=exif(6), xmp=XMP),
    "gif": file_of(noise(40, 30, "P"), "GIF", comment=b"hello", save_all=True, append_images=[noise(40, 30, "P", 1)]),
    "bmp": file_of(noise(40, 30), "BMP"),
    "tiff": file_of(noise(40, 30), "TIFF", software="fauxto"),
    "heif": heif(exif=exif(1), xmp=XMP),
    "avif": file_of(noise(40, 30), "AVIF", speed=10, exif=exif(1), xmp=XMP),
}


@pytest.mark.parametrize("name", FILES)
def test_parts_are_views_on_the_file(name):
    data = FILES[name]
    found = walk(data)
    assert found.format == name.split()[0]
    assert (found.end, found.trailing, found.truncated) == (len(data), 0, False)
    for part in found.parts:
        if not (found.format == "gif" and part.name in {"COM", "APP", "CTRL"}):
            assert part.data == data[part.offset : part.offset + part.length]


def payloads(name, part):
    return [bytes(found.data) for found in walk(FILES[name]).parts if found.name == part]


def test_metadata_is_found_where_each_container_keeps_it():
    assert payloads("jpeg", "COM") == [b"hello"]
    assert payloads("jpeg", "APP1")[0].startswith(b"Exif\0\0")
    assert payloads("jpeg", "APP1")[1].endswith(XMP)
    assert orientation(payloads("png", "eXIf")[0]) == 6
    assert payloads("webp", "XMP ") == [XMP]
    assert orientation(payloads("webp", "EXIF")[0]) == 6
    assert payloads("gif", "COM") == [b"hello"]
    assert payloads("tiff", "IFD0:305") == [b"fauxto\0"]
    for name in ("heif", "avif"):
        assert payloads(name, "item:mime application/rdf+xml") == [XMP]
        assert b"II*\0" in payloads(name, "item:Exif")[0] or b"MM\0*" in payloads(name, "item:Exif")[0]


def test_png_text_chunks_keep_their_names_and_stay_compressed():
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a cat")
    info.add_text("workflow", "x" * 500_000, zip=True)
    found = walk(file_of(noise(20, 20), "PNG", pnginfo=info))
    assert bytes(found.first("tEXt").data) == b"parameters\0a cat"
    assert found.first("zTXt").length < 2000


def test_gif_xmp_is_read_as_one_run():
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    plain = FILES["gif"]
    block = b"\x21\xff\x0bXMP DataXMP" + XMP + trailer
    at = walk(plain).first("COM").offset - 2
    found = walk(plain[:at] + block + plain[at:])
    assert bytes(found.first("XMP").data) == XMP and not found.truncated


@pytest.mark.parametrize("name", [name for name in FILES if name not in {"tiff", "bmp"}])
@pytest.mark.parametrize("tail", [b"PK\x03\x04 a whole archive", b"<html><script>", b"\xff\xd8\xff\xe0 another"])
def test_what_follows_the_picture_is_counted_and_left_alone(name, tail):
    data = FILES[name]
    found = walk(data + tail)
    assert (found.end, found.trailing) == (len(data), len(tail))
    assert probe(data + tail).trailing == len(tail)
    np.testing.assert_array_equal(decode(data + tail), decode(data))


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(FILES)), share=st.floats(0.02, 0.98))
def test_a_file_that_is_cut_off_is_an_error_never_a_gray_picture(name, share):
    data = FILES[name]
    cut = data[: max(1, int(len(data) * share))]
    with pytest.raises(InputError) as caught:
        decode(cut)
    assert caught.value.code in {"truncated", "corrupt", "unknown_format"}


@pytest.mark.parametrize("name", [name for name in FILES if name != "bmp"])
def test_half_a_file_is_called_truncated(name):
    data = FILES[name]
    with pytest.raises(InputError) as caught:
        decode(data[: len(data) - len(data) // 4])
    assert caught.value.code == "truncated"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_walks_end_on_any_bytes(data):
    seed = bytearray(FILES[data.draw(st.sampled_from(sorted(FILES)))])
    for _ in range(data.draw(st.integers(1, 12))):
        at = data.draw(st.integers(4, len(seed) - 4))
        seed[at : at + 4] = data.draw(st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1"]))
    try:
        found = walk(bytes(seed), Limits(max_chunks=5000))
    except (InputError, ResourceError):
        return
    assert 0 <= found.end <= len(seed) and found.trailing == len(seed) - found.end
    assert all(0 <= part.offset <= part.offset + part.length <= len(seed) for part in found.parts)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_tags_of_rubbish_are_bounded(body):
    for head in (b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0"):
        found = list(tags(head + body, 50))
        assert len(found) <= 50
        assert orientation(head + body) in range(1, 9)


def test_directories_that_point_at_each_other_are_read_once():
    block = b"II*\0" + struct.pack("<IHHHIII", 8, 1, 0x8769, 4, 1, 8, 8)
    assert [(tag.directory, tag.tag) for tag in tags(block)] == [("IFD0", 0x8769)]


def test_exif_orientation_agrees_with_pillow():
    for value in range(1, 9):
        with Image.open(io.BytesIO(file_of(noise(8, 8), "JPEG", exif=exif(value)))) as image:
            assert orientation(image.info["exif"]) == image.getexif()[0x0112] == value
    assert orientation(b"Exif\0\0MM\0*rubbish") == 1
