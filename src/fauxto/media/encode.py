"""Pixels to bytes, with every encoder setting spelled out."""

from __future__ import annotations

import io
from typing import Literal

import numpy as np
from PIL import Image

from fauxto.errors import InputError

Subsampling = Literal["4:4:4", "4:2:2", "4:2:0"]
Format = Literal["jpeg", "png", "webp", "avif"]


def encode(
    pixels: np.ndarray,
    format: Format = "jpeg",
    *,
    quality: int = 90,
    subsampling: Subsampling = "4:2:0",
    progressive: bool = False,
    lossless: bool = False,
) -> bytes:
    """A uint8 HWC RGB (or HW gray) array as one file without metadata.

    `quality` (1 to 100) means IJG quality for JPEG and the codec's own scale for WebP and AVIF; `subsampling`
    and `progressive` are for JPEG (`subsampling` for AVIF too); `lossless` is for WebP. PNG ignores all four.
    Raises `InputError` ("unsupported") for another dtype, shape, format or quality.

    >>> encode(np.zeros((8, 8, 3), np.uint8), "png")[1:4]
    b'PNG'
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise _unsupported(f"Expected uint8 H x W x 3 or H x W pixels; got {pixels.dtype} {pixels.shape}.")
    if not 1 <= quality <= 100:
        raise _unsupported(f"Quality must lie in 1 to 100; got {quality}.")
    image, out = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    match format:
        case "jpeg":
            image.save(out, "JPEG", quality=quality, subsampling=subsampling, progressive=progressive)
        case "png":
            image.save(out, "PNG", compress_level=6)
        case "webp":
            image.save(out, "WEBP", quality=quality, lossless=lossless, method=4)
        case "avif":
            image.save(out, "AVIF", quality=quality, subsampling=subsampling, max_threads=1)
        case _:
            raise _unsupported(f"Expected the format jpeg, png, webp or avif; got {format!r}.")
    return out.getvalue()


def _unsupported(what: str) -> InputError:
    return InputError(what, fix="Correct the arguments of encode().", code="unsupported")
