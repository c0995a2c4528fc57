"""Bytes to uint8 RGB pixels, the displayed way up; the policy is written down in docs/pixels.md."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fauxto.errors import InputError
from fauxto.media import codecs
from fauxto.media.container import Walk, walk
from fauxto.media.crops import Box
from fauxto.media.jpeg import JpegHeader, header_of
from fauxto.media.limits import DEFAULT_LIMITS, Limits, check_pixels
from fauxto.media.orientation import is_turned, stored_box, upright
from fauxto.media.tiff_tags import orientation as exif_orientation


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture is, told without decoding its pixels.

    `width`, `height` are as displayed (orientation applied); `orientation` is the EXIF value 1 to 8 that has
    to be applied to the stored pixels; `mode` is Pillow's word for the stored pixels ("RGB", "RGBA", "P",
    "I;16", "CMYK"); `frames` counts the frames of an animation (1 = still; only the first is decoded);
    `trailing` counts the bytes after the end of the picture; `jpeg` is the JPEG's own header.
    """

    format: str
    width: int
    height: int
    orientation: int
    mode: str
    frames: int
    trailing: int
    jpeg: JpegHeader | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose container was walked and whose header was read, once for all that is asked of it then."""

    data: bytes
    walk: Walk
    header: Header

    @property
    def reads_parts(self) -> bool:
        """Does a box cost less than the whole picture?"""
        return self.header.jpeg is not None

    def read(self, box: Box | None = None) -> np.ndarray:
        """The pixels, or those of a box, as `decode` gives them."""
        header = self.header
        whole = Box(0, 0, header.width, header.height)
        box = whole if box is None else box
        _check_box(box, whole)
        turned = is_turned(header.orientation)
        width, height = (whole.height, whole.width) if turned else (whole.width, whole.height)
        wanted = stored_box(box, width, height, header.orientation)
        if header.jpeg is not None:
            pixels = codecs.decode_jpeg(self.data, self.walk, header.jpeg, wanted)
        else:
            pixels = codecs.decode_other(self.data, self.walk, width, height)
            pixels = pixels[wanted.y : wanted.y + wanted.height, wanted.x : wanted.x + wanted.width]
        return np.require(upright(pixels, header.orientation), requirements=["C", "W"])


def open_picture(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Opened:
    """Walk the container and read the header; no pixel is decoded. Raises what `probe` raises."""
    found = walk(data, limits)
    return Opened(data, found, _probe(data, found, limits))


def probe(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Header:
    """The header of a picture; no pixel is decoded.

    Raises `InputError` with code "empty", "unknown_format", "truncated", "corrupt" or "unsupported", and
    `ResourceError` with code "too_many_bytes", "too_many_pixels", "too_many_scans", "too_many_chunks",
    "too_many_frames" or "metadata_too_large".
    """
    return open_picture(data, limits).header


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS, box: Box | None = None) -> np.ndarray:
    """The pixels of a picture: uint8, height x width x 3, RGB, as displayed.

    With `box` (pixels of the displayed picture) only that part, bit-identical to the same part of the full
    decode; a JPEG then costs less. Raises what `probe` raises, and `InputError` "bad_box" for a box that
    leaves the picture.
    """
    return open_picture(data, limits).read(box)


def _probe(data: bytes, found: Walk, limits: Limits) -> Header:
    if found.truncated:
        raise InputError(
            f"The {found.format.upper()} ends early: {len(data):,} bytes are there, but its end is missing.",
            fix="Fetch or export the picture again.",
            code="truncated",
        )
    jpeg = None
    if found.format == "jpeg":
        jpeg = header_of(found)
        stored = codecs.Stored(jpeg.width, jpeg.height, codecs.jpeg_mode(jpeg), 1)
    else:
        stored = codecs.open_header(data, found)
    check_pixels(stored.width, stored.height, limits)
    turn = _orientation(found, stored)
    width, height = (stored.height, stored.width) if is_turned(turn) else (stored.width, stored.height)
    frames = max(1, sum(part.name in {"IMAGE", "fcTL", "ANMF"} for part in found.parts))
    return Header(found.format, width, height, turn, stored.mode, frames, found.trailing, jpeg)


def _orientation(found: Walk, stored: codecs.Stored) -> int:
    """The orientation that is left to us: Exif's, or the codec's word for formats that keep it elsewhere."""
    match found.format:
        case "jpeg":
            blocks = [p.data for p in found.parts if p.name == "APP1" and p.data[:6] == b"Exif\0\0"]
        case "png":
            blocks = [p.data for p in found.parts if p.name == "eXIf"]
        case "webp":
            blocks = [p.data for p in found.parts if p.name == "EXIF"]
        case _:
            return stored.orientation
    return exif_orientation(blocks[0]) if blocks else 1


def _check_box(box: Box, whole: Box) -> None:
    inside = box.x >= 0 and box.y >= 0 and box.width > 0 and box.height > 0
    if not (inside and box.x + box.width <= whole.width and box.y + box.height <= whole.height):
        raise InputError(
            f"{box} does not lie inside the picture of {whole.width} x {whole.height} pixels.",
            fix="Ask for a box within the displayed picture, for example one of crops.windows.",
            code="bad_box",
        )
