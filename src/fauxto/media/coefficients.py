"""The quantised luma coefficients of a JPEG, recovered from its decoded luma plane.

A decoder multiplies the stored integers by the quantization table, transforms back and rounds to 8 bits. Where nothing
was clipped to 0 or 255, the forward transform of the decoded plane divided by the table lies within about 0.3 / q of
those integers, so rounding gives them back. Against the integers that libjpeg itself reads, over 40 photographs, 5 in
100,000 were wrong (by one) at steps of 4 and more, 13 in 10,000 at 3, 5 in 1,000 at 2; and 7 in 100 at a step of 1,
where the rounding of the pixels is as large as the step (`Luma.trusted` leaves those out). No second JPEG decoder has
to be exposed to hostile bytes for it, nor any library added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg

from fauxto.errors import InputError
from fauxto.media.codecs import jpeg_mode
from fauxto.media.decode import Opened, open_picture
from fauxto.media.jpeg import JpegHeader
from fauxto.media.jpeg_stream import bare
from fauxto.media.limits import DEFAULT_LIMITS, Limits

_RGB_IDS = (ord("R"), ord("G"), ord("B"))


@dataclass(frozen=True, slots=True)
class Luma:
    """The stored luma of a JPEG, block by block, as stored (no orientation applied).

    - `plane`: uint8 `(8 rows, 8 columns)`, the decoded luma that they were recovered from.
    - `levels`: int16 `(rows, columns, 8, 8)`, the quantised coefficients in natural order; blocks that the picture
      fills only in part are left out.
    - `table`: float32 `(8, 8)`, the quantization steps.
    - `valid`: bool `(rows, columns)`; False where a pixel is 0 or 255, so that clipping may have changed the block.
    - `trusted`: bool `(8, 8)`; the coefficients whose step is at least 2.
    """

    plane: np.ndarray
    levels: np.ndarray
    table: np.ndarray
    valid: np.ndarray
    trusted: np.ndarray


def read_luma(data: bytes | Opened, limits: Limits = DEFAULT_LIMITS, most: int | None = None) -> Luma:
    """The luma coefficients of a JPEG; with `most`, of a central part of at most that many pixels.

    Errors: what `media.decode.probe` raises; `InputError` ("unsupported") for what is no JPEG, has no luma plane of
    full size (RGB or CMYK inside), or is under 8 pixels on a side; "corrupt" or "truncated" for damaged data.
    """
    opened = data if isinstance(data, Opened) else open_picture(data, limits)
    header = opened.header.jpeg
    if header is None or not has_luma(header, {part.name: bytes(part.data[:5]) for part in opened.walk.parts}):
        raise _refuse(f"a {opened.header.format.upper()} without a luma plane of full size")
    jpeg_mode(header)
    if min(header.width, header.height) < 8 or header.components[0].table not in header.quantization:
        raise _refuse(f"a JPEG of {header.width} x {header.height} pixels")
    table = np.array(header.quantization[header.components[0].table], dtype=np.float32).reshape(8, 8)
    if not table.all():
        raise _refuse("a JPEG whose table has steps of zero")
    try:
        plane = simplejpeg.decode_jpeg(bare(opened.data, opened.walk), colorspace="GRAY", fastdct=False, strict=False)
    except ValueError as error:
        raise InputError(
            f"The JPEG cannot be decoded: {str(error).rstrip('.')}.",
            fix="Fetch or export the picture again.",
            code="corrupt",
        ) from error
    pixels = plane[..., 0]
    top, left, rows, columns = middle(pixels.shape[0] // 8, pixels.shape[1] // 8, most // 64 if most else None)
    part = pixels[8 * top : 8 * (top + rows), 8 * left : 8 * (left + columns)]
    blocks = part.reshape(rows, 8, columns, 8).swapaxes(1, 2)
    clipped = ((blocks == 0) | (blocks == 255)).any(axis=(2, 3))
    levels = np.rint(block_dct(part) / table).astype(np.int16)
    return Luma(part, levels, table, ~clipped, table >= 2)


def has_luma(header: JpegHeader, marks: dict[str, bytes]) -> bool:
    """Whether the first plane is luma and has the size of the picture; `marks` maps segments to their first bytes.

    The colour space is told as libjpeg tells it: JFIF means YCbCr, else the Adobe transform, else the component ids.
    """
    planes = header.components
    if len(planes) == 1:
        return True
    if len(planes) != 3 or any(p.horizontal > planes[0].horizontal or p.vertical > planes[0].vertical for p in planes):
        return False
    if marks.get("APP0", b"") == b"JFIF\0":
        return True
    if header.adobe_transform is not None:
        return header.adobe_transform != 0
    return tuple(plane.id for plane in planes) != _RGB_IDS


def middle(rows: int, columns: int, most: int | None) -> tuple[int, int, int, int]:
    """The central part of a grid that holds at most `most` cells, of the grid's own aspect: top, left, rows, columns.

    >>> middle(30, 40, 300), middle(30, 40, None)
    ((7, 10, 15, 20), (0, 0, 30, 40))
    """
    if most is None or rows * columns <= most:
        return 0, 0, rows, columns
    shrink = (most / (rows * columns)) ** 0.5
    kept_rows = min(rows, max(1, int(rows * shrink)))
    kept_columns = min(columns, max(1, most // kept_rows), max(1, int(columns * shrink)) if kept_rows > 1 else columns)
    return (rows - kept_rows) // 2, (columns - kept_columns) // 2, kept_rows, kept_columns


def basis() -> np.ndarray:
    """The orthonormal 8 x 8 DCT-II matrix, float32: row k is the k-th cosine."""
    k, n = np.mgrid[0:8, 0:8]
    matrix = np.cos(np.pi * (2 * n + 1) * k / 16) * np.where(k == 0, np.sqrt(1 / 8), np.sqrt(2 / 8))
    return matrix.astype(np.float32)


def block_dct(plane: np.ndarray) -> np.ndarray:
    """The orthonormal DCT of each 8 x 8 block of a plane whose sides are multiples of 8, float32 `(r, c, 8, 8)`.

    The plane is shifted by 128 first, as JPEG does.
    """
    rows, columns = plane.shape[0] // 8, plane.shape[1] // 8
    blocks = plane.reshape(rows, 8, columns, 8).swapaxes(1, 2).astype(np.float32) - 128
    cosines = basis()
    return np.matmul(np.matmul(cosines, blocks), cosines.T)


def _refuse(what: str) -> InputError:
    return InputError(f"Coefficients were asked of {what}.", fix="Give a YCbCr or gray JPEG.", code="unsupported")
