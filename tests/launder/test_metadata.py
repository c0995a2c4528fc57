"""Metadata against Pillow reading it back: taken out, kept, forged, and the coded picture as it was."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from fauxto import launder
from fauxto.errors import InputError
from fauxto.launder.metadata import Declared, declared, forge_orientation, keep, strip, write
from fauxto.media.container import walk
from fauxto.media.decode import decode

X = np.random.default_rng(0).integers(0, 256, (24, 41, 3), dtype=np.uint8)
MAKE, ORIENTATION = 0x010F, 0x0112
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CONTAINERS = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP"}
STEPS = {"jpeg": "jpeg:80", "png": "png", "webp": "webp:70"}


def original(container: str, orientation: int | None = 6) -> bytes:
    """A file as Pillow writes it, with Exif, XMP and a profile."""
    exif, text, buffer = Image.Exif(), PngInfo(), io.BytesIO()
    exif[MAKE] = "a camera"
    if orientation is not None:
        exif[ORIENTATION] = orientation
    options = {"exif": exif.tobytes(), "icc_profile": ICC, "xmp": XMP}
    if container == "png":
        text.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        options = {"exif": exif, "icc_profile": ICC, "pnginfo": text}
    Image.fromarray(X).save(buffer, CONTAINERS[container], **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def with_manifest(data: bytes) -> bytes:
    return data[:2] + b"\xff\xeb\x00\x0bJP-a-part" + data[2:]


@pytest.mark.parametrize("there", STEPS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_what_the_original_declares_is_kept_and_set_upright(container, there):
    plain = launder.ship(X, STEPS[there])
    kept = launder.ship(X, f"{STEPS[there]}|keep", original=original(container))
    image = opened(kept.data)
    assert image.format == CONTAINERS[there]
    assert image.getexif()[MAKE] == "a camera" and image.getexif()[ORIENTATION] == 1
    assert image.info["xmp"] == XMP and image.info["icc_profile"] == ICC
    assert np.array_equal(kept.pixels, plain.pixels) and np.array_equal(decode(kept.data), kept.pixels)


@pytest.mark.parametrize("container", CONTAINERS)
def test_exif_that_says_upright_is_kept_to_the_byte(container):
    for orientation in (None, 1):
        file = original(container, orientation)
        kept = launder.ship(X, "jpeg:80|keep", original=file).data
        assert declared(kept).exif == declared(file).exif != b""


@pytest.mark.parametrize("container", CONTAINERS)
def test_what_is_stripped_declares_nothing_and_shows_the_same(container):
    file = original(container, None)
    bare = strip(file)
    image = opened(bare)
    assert not {"exif", "xmp", "icc_profile", "comment"} & set(image.info) and not image.getexif()
    assert declared(bare) == Declared(container=container)
    assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(opened(file).convert("RGB")))
    assert strip(bare) == bare == strip(keep(bare, original("jpeg")))


@pytest.mark.parametrize("there", STEPS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_forged_orientation_turns_what_pillow_and_we_see(there, orientation):
    shipped = launder.ship(X, f"{STEPS[there]}|forge_orientation:{orientation}")
    seen = np.asarray(ImageOps.exif_transpose(opened(shipped.data)).convert("RGB"))
    assert np.array_equal(shipped.pixels, seen) and np.array_equal(decode(shipped.data), seen)
    assert np.array_equal(launder.replay(X, shipped.record), shipped.pixels)
    mask = X[..., 0] > 127
    where = launder.follow(mask, f"{STEPS[there]}|forge_orientation:{orientation}")
    assert np.array_equal(where, launder.apply(X, f"forge_orientation:{orientation}")[..., 0] > 127)


def test_only_the_orientation_of_an_exif_is_forged():
    forged = forge_orientation(original("jpeg"), 3)  # half a turn behind a quarter
    was, now = declared(original("jpeg")).exif, declared(forged).exif
    assert sum(a != b for a, b in zip(was, now, strict=True)) == 1 and opened(forged).getexif()[ORIENTATION] == 8
    assert opened(forge_orientation(original("png", None), 5)).getexif()[ORIENTATION] == 5


def test_orientations_add_up_and_no_step_behind_turns_the_picture_back():
    for first in range(1, 9):
        for second in range(1, 9):
            once = launder.apply(X, f"forge_orientation:{first}")
            twice = f"forge_orientation:{first}|forge_orientation:{second}"
            assert np.array_equal(launder.apply(X, twice), launder.apply(once, f"forge_orientation:{second}"))
    for step in ("strip", "keep"):
        shipped = launder.ship(X, f"jpeg:80|forge_orientation:8|{step}", original=original("png"))
        assert np.array_equal(shipped.pixels, launder.apply(X, "jpeg:80|forge_orientation:8"))
        assert opened(shipped.data).getexif()[ORIENTATION] == 8
    assert np.array_equal(decode(strip(original("webp"))), decode(original("webp")))


def test_a_step_behind_a_forged_orientation_writes_it_into_the_pixels():
    chain = "png|forge_orientation:6|jpeg:80"
    assert np.array_equal(launder.apply(X, chain), launder.apply(np.ascontiguousarray(np.rot90(X, -1)), "jpeg:80"))
    assert declared(launder.ship(X, chain).data) == Declared(container="jpeg")


def test_a_manifest_goes_to_a_file_of_the_same_container_only():
    file = with_manifest(original("jpeg"))
    kept = launder.ship(X, "jpeg:80|keep", original=file).data
    assert bytes(walk(kept).first("APP11").data) == b"JP-a-part"
    assert walk(launder.ship(X, "png|keep", original=file).data).first("caBX") is None
    assert walk(strip(file)).first("APP11") is None


def test_pixels_alone_need_no_original_but_a_file_does():
    assert np.array_equal(launder.apply(X, "jpeg:80|keep|strip"), launder.apply(X, "jpeg:80"))
    record = launder.ship(X, "jpeg:80|keep", original=original("png")).record
    launder.replay(X, record)
    with pytest.raises(InputError, match="keep needs the file"):
        launder.ship(X, "jpeg:80|keep")


def test_what_cannot_hold_it_is_refused():
    with pytest.raises(InputError, match="this file is gif"):
        launder.apply(X, "gif|strip")
    with pytest.raises(InputError, match="JPEG holds no"):
        write(strip(original("jpeg")), Declared(exif=bytes(70_000)))
    long = Declared(icc=bytes(150_000))
    assert declared(write(original("jpeg"), long)).icc == long.icc  # in three segments
    assert opened(write(original("jpeg"), long)).info["icc_profile"] == long.icc


def test_a_profile_is_inflated_so_far_and_no_further():
    packed = b"x\0\0" + zlib.compress(bytes(40 * 2**20))
    chunk = len(packed).to_bytes(4, "big") + b"iCCP" + packed + zlib.crc32(b"iCCP" + packed).to_bytes(4, "big")
    file = strip(original("png"))
    assert len(declared(file[:33] + chunk + file[33:]).icc) == 16 * 2**20
    assert declared(file[:33] + b"\0\0\0\x04iCCPx\0\0\1" + bytes(4) + file[33:]).icc == b""
