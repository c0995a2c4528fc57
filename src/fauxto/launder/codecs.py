"""Lossy codecs, as Pillow's builds of libjpeg-turbo and libwebp do them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from fauxto.errors import InputError
from fauxto.media.orientation import upright
from fauxto.media.tiff_tags import orientation as exif_orientation

SUBSAMPLINGS = {"420": "4:2:0", "422": "4:2:2", "444": "4:4:4"}

_LONGEST = {"JPEG": 65500, "WEBP": 16383, "AVIF": 65536, "JPEG2000": 65500, "GIF": 65500, "PNG": 2**31 - 1}


def jpeg(
    pixels: np.ndarray,
    rng: np.random.Generator,
    quality: int = 75,
    subsampling: str = "420",
    mode: str = "baseline",
) -> bytes:
    """A JPEG file at an IJG quality from 1 to 100; 4:2:0 is the default at every quality, 100 included."""
    return save(
        pixels,
        "JPEG",
        quality=quality,
        subsampling=SUBSAMPLINGS[subsampling],
        progressive=mode == "progressive",
    )


def webp(
    pixels: np.ndarray, rng: np.random.Generator, quality: int = 80, method: int = 4, mode: str = "lossy"
) -> bytes:
    """A WebP file; `method` trades time (0) for size (6). Where it is lossless, `quality` is effort, not loss."""
    return save(pixels, "WEBP", quality=quality, method=method, lossless=mode == "lossless")


def decode(data: bytes) -> np.ndarray:
    """The uint8 H x W x 3 RGB pixels of a file that an operator has just written, turned as its Exif says."""
    with Image.open(io.BytesIO(data), formats=tuple(_LONGEST)) as image:
        pixels = np.array(image.convert("RGB"))
        exif = image.info.get("exif", b"")
    return np.ascontiguousarray(upright(pixels, exif_orientation(exif))) if exif else pixels


def save(pixels: np.ndarray, codec: str, **options: object) -> bytes:
    """A file by one of Pillow's codecs. Errors: InputError for a side that the codec cannot hold."""
    if max(pixels.shape[:2]) > _LONGEST[codec]:
        raise InputError(
            f"{codec} holds at most {_LONGEST[codec]} pixels a side; got {max(pixels.shape[:2])}.",
            fix=f"Put fit:{_LONGEST[codec]} before this step.",
        )
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, codec, **options)
    return buffer.getvalue()
