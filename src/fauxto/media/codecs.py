"""The codecs behind `decode`: one call a format family, each turning its library's errors into ours."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.media.container import Walk
from fauxto.media.crops import Box
from fauxto.media.jpeg import JpegHeader

if TYPE_CHECKING:
    from PIL import Image

_CODEC_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, AttributeError,
    NotImplementedError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
_STRIP = 256


def jpeg_mode(header: JpegHeader) -> str:
    """Pillow's word for the pixels of a JPEG; raises `InputError` ("unsupported") for what no decoder here reads."""
    modes = {1: "L", 3: "RGB", 4: "CMYK"}
    if (
        header.precision != 8
        or header.process not in {"SOF0", "SOF1", "SOF2"}
        or len(header.components) not in modes
    ):
        raise InputError(
            f"The JPEG is of a kind that is not decoded: {header.process}, {header.precision} bits, "
            f"{len(header.components)} components.",
            fix="Convert it to a baseline or progressive JPEG of 8 bits, or to PNG.",
            code="unsupported",
        )
    return modes[len(header.components)]


def decode_jpeg(data: bytes, found: Walk, header: JpegHeader, box: Box) -> np.ndarray:
    """The box (stored coordinates) of a JPEG as RGB."""
    picture = data[: found.end]
    if len(header.components) == 4:
        pixels = _rgb(_opened(picture, "jpeg"))
    else:
        import simplejpeg

        try:
            pixels = simplejpeg.decode_jpeg(picture, colorspace="RGB", fastdct=False, fastupsample=False)
        except ValueError as error:
            raise _corrupt("jpeg", error) from error
    return pixels[box.y : box.y + box.height, box.x : box.x + box.width]


def open_header(data: bytes, found: Walk) -> tuple[int, int, str, int]:
    """Stored width and height, mode and number of frames, from the codec's own header reader; no pixels."""
    image = _opened(data, found.format)
    frames = sum(part.name in {"IMAGE", "fcTL", "ANMF"} for part in found.parts)
    return image.width, image.height, image.mode, max(1, frames)


def decode_other(data: bytes, found: Walk, width: int, height: int) -> np.ndarray:
    """The whole stored picture of any format but JPEG as RGB."""
    pixels = _rgb(_opened(data, found.format))
    if pixels.shape != (height, width, 3):
        raise InputError("size differs", code="corrupt")
    return pixels


def _opened(data: bytes, format: str) -> Image.Image:
    """A lazily opened picture: the one plugin of the sniffed format, so that no other is ever reached."""
    try:
        return _plugin(format)(io.BytesIO(data))
    except _CODEC_ERRORS as error:
        raise _corrupt(format, error) from error


def _plugin(format: str):  # type: ignore[no-untyped-def]
    from PIL import Image

    if format == "heif":
        try:
            from pillow_heif import HeifImageFile
        except ImportError:
            raise InputError(
                "HEIF pictures need an extra package.",
                fix="Run: pip install 'fauxto[heif]'",
                code="unsupported",
            ) from None
        return HeifImageFile
    return lambda fp: Image.open(fp, formats=[format.upper()])


def _rgb(image: Image.Image) -> np.ndarray:
    """Any Pillow mode as RGB: alpha over white, 16 bits by their high byte, CMYK by Pillow's formula."""
    format = str(image.format).lower()
    try:
        image.load()
        if image.mode.startswith("I;16"):
            gray = (np.asarray(image) >> 8).astype(np.uint8)
            return np.repeat(gray[..., None], 3, axis=2)
        if image.mode in {"I", "F"}:
            raise InputError(
                f"The picture has pixels of mode {image.mode!r}, which have no stated range.",
                fix="Convert it to 8 or 16 bits a channel.",
                code="unsupported",
            )
        if image.has_transparency_data:
            return _over_white(np.asarray(image.convert("RGBA")))
        return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    except FauxtoError:
        raise
    except _CODEC_ERRORS as error:
        raise _corrupt(format, error) from error
    except MemoryError as error:
        raise ResourceError(
            "Not enough memory to decode the picture.", fix="Lower --workers.", code="memory"
        ) from error


def _over_white(rgba: np.ndarray) -> np.ndarray:
    """Colour over white, rounded to nearest: `(c * a + 255 * (255 - a)) / 255`, strip by strip to spare memory."""
    out = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), _STRIP):
        strip = rgba[top : top + _STRIP].astype(np.uint16)
        alpha = strip[..., 3:]
        out[top : top + _STRIP] = (strip[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return out


def _corrupt(format: str, error: Exception) -> InputError:
    return InputError(
        f"The {format.upper()} cannot be decoded: {error}.",
        fix="Fetch or export the picture again.",
        code="corrupt",
    )
