"""Every limit is kept before anything is decoded or inflated, and every refusal is one clear error."""

import tracemalloc
import zlib

import pytest
from PIL import Image, PngImagePlugin

from fauxto.errors import InputError, ResourceError
from fauxto.media.container import walk
from fauxto.media.decode import decode, probe
from fauxto.media.limits import Limits
from fauxto.media.sniff import sniff
from tests.media.pictures import file_of, noise

BOMB_SIDE = 30_000


def assert_refused(data, code, limits=None):
    with pytest.raises((InputError, ResourceError)) as caught:
        decode(data, limits or Limits())
    assert caught.value.code == code
    assert caught.value.what and caught.value.fix
    return caught.value


def png(width, height, *chunks):
    def chunk(name, body):
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\0\0\0"
    pieces = [chunk(b"IHDR", header), *(chunk(*one) for one in chunks), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7 ...", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"8BPS\0\1", "Photoshop"),
        (b"PK\x03\x04", "ZIP"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video"),
        (b"plain words", "neither"),
    ],
)
def test_what_is_no_picture_is_named(data, words):
    assert sniff(data) is None
    assert words in assert_refused(data, "unknown_format").what


def test_an_empty_file_is_called_empty():
    assert_refused(b"", "empty")


def test_a_file_of_too_many_bytes():
    assert_refused(file_of(noise(20, 20), "PNG"), "too_many_bytes", Limits(max_bytes=100))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_too_many_pixels_are_refused_by_the_header(format):
    options = {"speed": 10} if format == "AVIF" else {}
    data = file_of(noise(60, 50), format, **options)
    assert_refused(data, "too_many_pixels", Limits(max_pixels=2999))
    assert decode(data, Limits(max_pixels=3000)).shape == (50, 60, 3)


def test_a_decompression_bomb_costs_no_memory():
    rows = zlib.compress(b"\0" * 3_000_000, 9)
    bomb = png(BOMB_SIDE, BOMB_SIDE, (b"IDAT", rows))
    tracemalloc.start()
    assert_refused(bomb, "too_many_pixels")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_compressed_texts_and_profiles_are_never_inflated(name):
    packed = zlib.compress(b"A" * 50_000_000, 9)
    body = {b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0", b"iCCP": b"icc\0\0"}[name] + packed
    data = png(4, 4, (name, body), (b"IDAT", zlib.compress(b"\0\1\2\3\4" * 4)))
    tracemalloc.start()
    pixels = decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pixels[0, :, 0].tolist() == [1, 2, 3, 4] and peak < 2**20


def test_metadata_chunks_scans_and_frames_are_counted():
    info = PngImagePlugin.PngInfo()
    for index in range(20):
        info.add_text("k", str(index) * 100)
    texts = file_of(noise(8, 8), "PNG", pnginfo=info)
    assert_refused(texts, "metadata_too_large", Limits(max_metadata=1000))
    assert_refused(texts, "too_many_chunks", Limits(max_chunks=10))
    assert_refused(file_of(noise(40, 40), "JPEG", progressive=True), "too_many_scans", Limits(max_scans=9))
    frames = file_of(noise(8, 8, "P"), "GIF", save_all=True, append_images=[noise(8, 8, "P", s) for s in range(1, 6)])
    assert_refused(frames, "too_many_frames", Limits(max_frames=5))


def test_tags_that_share_their_bytes_cannot_multiply_them():
    entries = b"".join(
        (1000 + index).to_bytes(2, "little") + b"\x07\0" + (60_000).to_bytes(4, "little") + b"\x08\0\0\0"
        for index in range(5000)
    )
    data = b"II*\0\x08\0\0\0" + (5000).to_bytes(2, "little") + entries + b"\0\0\0\0"
    assert_refused(data, "metadata_too_large")


def test_overlapping_item_extents_are_bounded():
    iinf = b"\0\0\0\0\0\1" + b"\0\0\0\x15infe\2\0\0\0\0\1\0\0Exif\0"
    iloc = b"\0\0\0\0\0\0\xff\xff" + (b"\0\1\0\0\xff\xff") * 4000
    inner = (len(iinf) + 8).to_bytes(4, "big") + b"iinf" + iinf + (len(iloc) + 8).to_bytes(4, "big") + b"iloc" + iloc
    data = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1"
    data += (len(inner) + 12).to_bytes(4, "big") + b"meta\0\0\0\0" + inner
    assert_refused(data, "too_many_chunks")


def test_a_broken_checksum_is_an_error():
    data = bytearray(file_of(noise(20, 20), "PNG"))
    idat = walk(bytes(data)).first("IDAT")
    data[idat.offset + 10] ^= 0xFF
    assert_refused(bytes(data), "corrupt")


def test_big_pictures_within_the_limit_raise_no_warning(recwarn, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for format in ("JPEG", "PNG", "BMP", "WEBP", "GIF"):
        assert decode(file_of(noise(15, 10), format)).shape == (10, 15, 3)
    assert not list(recwarn)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_kind_of_jpeg_that_no_decoder_reads_is_unsupported():
    data = bytearray(file_of(noise(16, 16), "JPEG"))
    sof = walk(bytes(data)).first("SOF0")
    data[sof.offset] = 12
    assert_refused(bytes(data), "unsupported")
    with pytest.raises(InputError):
        probe(bytes(data))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK"])
def test_a_picture_is_converted_strip_by_strip(mode: str):
    """Beside the codec's own picture there is the result, 3 bytes a pixel, and strips of 256 rows."""
    data = file_of(noise(500, 4000, mode), "TIFF" if mode == "CMYK" else "PNG")
    tracemalloc.start()
    decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500 * 4000 * 3 + 500 * 256 * 24 + 2 * len(data)
