"""Pixels of every format against Pillow, and the written policy on alpha, 16 bits, CMYK and animations."""

import io
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageOps

from fauxto.errors import InputError
from fauxto.media.crops import Box
from fauxto.media.decode import decode, probe
from tests.media.pictures import exif, file_of, noise, pillow_rgb

SOLID = {
    "jpeg 4:2:0": file_of(noise(75, 50), "JPEG", quality=90, subsampling="4:2:0"),
    "jpeg 4:2:2": file_of(noise(75, 50), "JPEG", quality=80, subsampling="4:2:2"),
    "jpeg 4:4:4": file_of(noise(75, 50), "JPEG", quality=100, subsampling="4:4:4"),
    "jpeg progressive": file_of(noise(75, 50), "JPEG", progressive=True),
    "jpeg rgb": file_of(noise(75, 50), "JPEG", keep_rgb=True),
    "jpeg gray": file_of(noise(75, 50, "L"), "JPEG"),
    "jpeg cmyk": file_of(noise(75, 50, "CMYK"), "JPEG"),
    "jpeg restart": file_of(noise(75, 50), "JPEG", restart_marker_rows=1),
    "mpo": file_of(noise(75, 50), "MPO", save_all=True, append_images=[noise(75, 50, seed=1)]),
    "png": file_of(noise(75, 50), "PNG"),
    "png gray": file_of(noise(75, 50, "L"), "PNG"),
    "png palette": file_of(noise(75, 50, "P"), "PNG"),
    "png bilevel": file_of(noise(75, 50, "1"), "PNG"),
    "webp": file_of(noise(75, 50), "WEBP", quality=70),
    "webp lossless": file_of(noise(75, 50), "WEBP", lossless=True),
    "gif": file_of(noise(75, 50, "P"), "GIF"),
    "bmp": file_of(noise(75, 50), "BMP"),
    "bmp palette": file_of(noise(75, 50, "P"), "BMP"),
    "tiff": file_of(noise(75, 50), "TIFF"),
    "tiff lzw": file_of(noise(75, 50), "TIFF", compression="tiff_lzw"),
    "tiff cmyk": file_of(noise(75, 50, "CMYK"), "TIFF"),
    "avif": file_of(noise(75, 50), "AVIF", quality=60, speed=10),
}


@pytest.mark.parametrize("name", SOLID)
def test_pixels_are_those_of_pillow(name):
    data = SOLID[name]
    pixels = decode(data)
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    np.testing.assert_array_equal(pixels, pillow_rgb(data))
    header = probe(data)
    assert (header.width, header.height, header.orientation) == (75, 50, 1)


@pytest.mark.parametrize("name", SOLID)
def test_a_box_is_the_same_part_of_the_whole(name):
    whole = decode(SOLID[name])
    part = decode(SOLID[name], box=Box(21, 13, 30, 20))
    np.testing.assert_array_equal(part, whole[13:33, 21:51])


def test_heif_pixels_are_those_of_pillow_heif():
    out = io.BytesIO()
    pillow_heif.from_pillow(noise(64, 48)).save(out, quality=80)
    expected = np.asarray(pillow_heif.open_heif(out.getvalue()).to_pillow().convert("RGB"))
    np.testing.assert_array_equal(decode(out.getvalue()), expected)
    assert probe(out.getvalue()).format == "heif"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_applied_as_pillow_applies_it(format, orientation):
    data = file_of(noise(60, 40), format, exif=exif(orientation))
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    np.testing.assert_array_equal(decode(data), expected)
    header = probe(data)
    assert (header.height, header.width) == expected.shape[:2]
    box = Box(5, 7, 20, 11)
    np.testing.assert_array_equal(decode(data, box=box), expected[7:18, 5:25])


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_avif_is_turned_by_its_own_boxes(orientation):
    data = file_of(noise(64, 48), "AVIF", quality=90, speed=10, exif=exif(orientation))
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    np.testing.assert_array_equal(decode(data), expected)


@pytest.mark.parametrize(("format", "mode"), [("PNG", "RGBA"), ("PNG", "LA"), ("WEBP", "RGBA"), ("TIFF", "RGBA")])
def test_alpha_is_laid_over_white(format, mode):
    image = noise(40, 30, "RGBA").convert(mode)
    data = file_of(image, format, **({"lossless": True, "exact": True} if format == "WEBP" else {}))
    rgba = np.asarray(image.convert("RGBA")).astype(np.float64)
    alpha = rgba[..., 3:] / 255
    expected = np.floor(rgba[..., :3] * alpha + 255 * (1 - alpha) + 0.5)
    np.testing.assert_array_equal(decode(data), expected)


def test_a_transparent_palette_entry_is_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 4, 8))
    for format in ("PNG", "GIF"):
        pixels = decode(file_of(image, format, transparency=0))
        assert pixels[0, 0].tolist() == [0, 0, 255] and pixels[0, 7].tolist() == [255, 255, 255]


def test_sixteen_bits_keep_their_high_byte():
    values = np.random.default_rng(3).integers(0, 2**16, (20, 30), dtype=np.uint16)
    for format in ("PNG", "TIFF"):
        pixels = decode(file_of(Image.fromarray(values), format))
        np.testing.assert_array_equal(pixels, np.repeat((values >> 8)[..., None], 3, axis=2))


def test_sixteen_bit_colour_png_keeps_its_high_bytes():
    values = np.random.default_rng(4).integers(0, 2**16, (9, 11, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")

    size = (11).to_bytes(4, "big") + (9).to_bytes(4, "big")
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x10\x02\0\0\0")
    data += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(decode(data), values >> 8)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_of_an_animation_is_decoded(format):
    frames = [noise(40, 30, seed=seed) for seed in range(3)]
    options = {"lossless": True} if format == "WEBP" else {}
    data = file_of(frames[0], format, save_all=True, append_images=frames[1:], duration=50, **options)
    np.testing.assert_array_equal(decode(data), pillow_rgb(data))
    assert probe(data).frames == 3


def test_profiles_leave_the_stored_values_alone():
    image = noise(30, 20)
    profile = b"\0" * 36 + b"acsp" + b"\0" * 200
    for format in ("PNG", "JPEG", "WEBP"):
        plain, tagged = file_of(image, format), file_of(image, format, icc_profile=profile)
        np.testing.assert_array_equal(decode(tagged), decode(plain))


def test_float_pixels_are_refused():
    data = file_of(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF")
    with pytest.raises(InputError, match="mode 'F'") as caught:
        decode(data)
    assert caught.value.code == "unsupported"


@pytest.mark.parametrize("box", [Box(-1, 0, 4, 4), Box(0, 0, 0, 4), Box(70, 0, 6, 4), Box(0, 45, 4, 6)])
def test_a_box_outside_of_the_picture_is_an_error(box):
    with pytest.raises(InputError) as caught:
        decode(SOLID["png"], box=box)
    assert caught.value.code == "bad_box"


def test_sampling_factors_without_a_name_are_read_by_pillow(monkeypatch):
    def nameless(*args, **options):
        raise ValueError("Could not determine subsampling level of JPEG image")

    monkeypatch.setattr("simplejpeg.decode_jpeg", nameless)
    for name in ("jpeg 4:2:0", "jpeg gray", "jpeg cmyk"):
        np.testing.assert_array_equal(decode(SOLID[name]), pillow_rgb(SOLID[name]))


def test_spare_bytes_before_the_end_marker_cost_no_pixel():
    data = SOLID["jpeg 4:2:0"]
    np.testing.assert_array_equal(decode(data[:-2] + b"\x12\x34" * 4 + b"\xff\xd9"), pillow_rgb(data))


def test_a_missing_restart_is_never_painted_gray():
    data = SOLID["jpeg restart"]
    restart = data.index(b"\xff\xd1", data.index(b"\xff\xda"))
    with pytest.raises(InputError) as caught:
        decode(data[: restart + 2] + b"\x12\x34" * 4 + b"\xff\xd9")
    assert caught.value.code == "corrupt"
    with pytest.raises(InputError) as caught:
        decode(data[:restart] + b"\x12\x34" * 4 + b"\xff\xd9")
    assert caught.value.code == "corrupt"


def test_odd_jfif_and_adobe_segments_are_read_as_pillow_reads_them():
    data = SOLID["jpeg 4:2:0"]
    version = data.index(b"JFIF\0") + 5
    newer = data[:version] + b"\x02\x01" + data[version + 2 :]
    np.testing.assert_array_equal(decode(newer), pillow_rgb(newer))
    adobe = data[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x07" + data[20:]
    np.testing.assert_array_equal(decode(adobe), pillow_rgb(adobe))


def test_pixels_may_be_written_to():
    for name, data in SOLID.items():
        for pixels in (decode(data), decode(data, box=Box(0, 0, 75, 20))):
            assert pixels.flags.writeable and pixels.flags.owndata | (pixels.base is not None), name
            pixels[0, 0] = 7
            assert pixels[0, 0].tolist() == [7, 7, 7], name
        assert decode(data)[0, 0].tolist() != [7, 7, 7], f"{name}: what is decoded anew is not what was written to"
