"""The codecs behind `decode`: one call a format family, each turning its library's errors into ours."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg

from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.media.crops import Box
from fauxto.media.jpeg import JpegHeader
from fauxto.media.jpeg_stream import bare
from fauxto.media.libjpeg import LibjpegError
from fauxto.media.partial import decode_rectangle
from fauxto.media.parts import Walk
from fauxto.media.png_chunks import bare_png
from fauxto.media.tiff_tags import orientation

if TYPE_CHECKING:
    from PIL import Image

_PLUGINS = {
    "jpeg": "PIL.JpegImagePlugin:JpegImageFile",
    "png": "PIL.PngImagePlugin:PngImageFile",
    "webp": "PIL.WebPImagePlugin:WebPImageFile",
    "gif": "PIL.GifImagePlugin:GifImageFile",
    "bmp": "PIL.BmpImagePlugin:BmpImageFile",
    "tiff": "PIL.TiffImagePlugin:TiffImageFile",
    "avif": "PIL.AvifImagePlugin:AvifImageFile",
    "heif": "pillow_heif:HeifImageFile",
}
_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr"}
_STRIP = 256  # rows at a time, so that intermediates stay small


@dataclass(frozen=True, slots=True)
class Stored:
    """What a codec's header reader says: size as the codec gives it, and the orientation that it leaves to
    us."""

    width: int
    height: int
    mode: str
    orientation: int


def jpeg_mode(header: JpegHeader) -> str:
    """Pillow's word for the pixels of a JPEG; raises `InputError` ("unsupported") for what no decoder here
    reads."""
    modes = {1: "L", 3: "RGB", 4: "CMYK"}
    if header.precision != 8 or header.process not in {"SOF0", "SOF1", "SOF2"} or len(header.components) not in modes:
        raise InputError(
            f"The JPEG is of a kind that is not decoded: {header.process}, {header.precision} bits, "
            f"{len(header.components)} components.",
            fix="Convert it to a baseline or progressive JPEG of 8 bits, or to PNG.",
            code="unsupported",
        )
    return modes[len(header.components)]


def decode_jpeg(data: bytes, found: Walk, header: JpegHeader, box: Box) -> np.ndarray:
    """The box (stored coordinates) of a JPEG as RGB."""
    with _our_errors("jpeg"):
        try:
            pixels = decode_rectangle(data, found, header, box)
        except LibjpegError as error:
            if not error.fatal:
                raise
            pixels = None
        if pixels is None:
            restarts = any(part.name == "DRI" for part in found.parts)
            whole = _whole_jpeg(bare(data, found), len(header.components), restarts)
            pixels = whole[box.y : box.y + box.height, box.x : box.x + box.width]
    return pixels


def open_header(data: bytes, found: Walk) -> Stored:
    """Stored size, mode and orientation of any format but JPEG, without decoding pixels."""
    with _our_errors(found.format):
        image = _open(data, found)
        turn = orientation(image.info["exif"]) if found.format == "avif" and "exif" in image.info else 1
        return Stored(image.width, image.height, image.mode, turn)


def decode_other(data: bytes, found: Walk, width: int, height: int) -> np.ndarray:
    """The whole picture of any format but JPEG as RGB; `width` and `height` as `open_header` said."""
    with _our_errors(found.format):
        image = _open(data, found)
        image.load()
        if image.size != (width, height):
            raise ValueError(f"the header says {width} x {height} pixels, the data are {image.width} x {image.height}")
        return _rgb(image)


def _open(data: bytes, found: Walk) -> Image.Image:
    """A lazily opened picture that ends where its container ends."""
    return _plugin(found.format)(io.BytesIO(bare_png(data, found) if found.format == "png" else data[: found.end]))


def _plugin(format: str) -> Callable[[Any], Image.Image]:
    """The one plugin of a format, called directly: no other plugin of Pillow is ever reached."""
    module, name = _PLUGINS[format].split(":")
    try:
        plugin: Callable[[Any], Image.Image] = getattr(importlib.import_module(module), name)
    except ImportError:
        raise InputError(
            "HEIF pictures need one more package.", fix="Run: pip install 'fauxto[heif]'", code="unsupported"
        ) from None
    return plugin


def _rgb(image: Image.Image) -> np.ndarray:
    """Pixels of any mode as RGB: 16 bits by their high byte, alpha over white, CMYK by Pillow's formula.

    Strip by strip, for a whole picture in two more modes would double what its decoding takes.
    """
    if image.mode.startswith("I;16"):
        gray = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(gray[..., None], 3, axis=2)
    if image.mode not in _MODES:
        raise InputError(
            f"The picture has pixels of mode {image.mode!r}, which have no fixed range or colours.",
            fix="Convert it to gray, RGB or CMYK of 8 or 16 bits a channel.",
            code="unsupported",
        )
    transparent, (width, height) = image.has_transparency_data, image.size
    wanted, out = "RGBA" if transparent else "RGB", np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP):
        strip = image.crop((0, top, width, min(top + _STRIP, height)))
        pixels = np.asarray(strip if strip.mode == wanted else strip.convert(wanted))
        out[top : top + _STRIP] = over_white(pixels) if transparent else pixels
    return out


def over_white(rgba: np.ndarray) -> np.ndarray:
    """RGBA over white, rounded to nearest: `(c * a + 255 * (255 - a)) / 255`.

    >>> over_white(np.array([[[200, 0, 0, 0], [200, 0, 0, 255], [0, 0, 0, 128]]], np.uint8)).tolist()
    [[[255, 255, 255], [200, 0, 0], [127, 127, 127]]]
    """
    out = np.empty((*rgba.shape[:2], 3), np.uint8)
    for top in range(0, len(rgba), _STRIP):
        strip = rgba[top : top + _STRIP].astype(np.uint16)
        alpha = strip[..., 3:]
        out[top : top + _STRIP] = (strip[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return out


def _whole_jpeg(stream: bytes, components: int, restarts: bool) -> np.ndarray:
    """Every pixel, by the accurate DCT and fancy up-sampling; damaged data are an error, never gray."""
    space = "CMYK" if components == 4 else "RGB"

    def read(strict: bool) -> np.ndarray:
        return simplejpeg.decode_jpeg(stream, colorspace=space, fastdct=False, fastupsample=False, strict=strict)

    try:
        pixels = read(strict=True)
    except ValueError as error:
        if "subsampling" in str(error):  # TurboJPEG has no name for these sampling factors; libjpeg reads them
            image = _plugin("jpeg")(io.BytesIO(stream))
            image.load()
            return _rgb(image)
        # Spare bytes behind the last block are the one flaw that costs no pixel; some cameras write them.
        # Where there are restarts, the same words may mean that one, and every row from there, is missing.
        if restarts or "extraneous bytes before marker 0xd9" not in str(error):
            raise
        pixels = read(strict=False)
    return cmyk_to_rgb(pixels) if components == 4 else pixels


def cmyk_to_rgb(inverted: np.ndarray) -> np.ndarray:
    """CMYK as JPEG stores it (255 = no ink) as RGB: `c * k / 255`, rounded to nearest, as Pillow does.

    >>> cmyk_to_rgb(np.array([[[255, 128, 0, 128]]], np.uint8)).tolist()
    [[[128, 64, 0]]]
    """
    out = np.empty((*inverted.shape[:2], 3), np.uint8)
    for top in range(0, len(inverted), _STRIP):
        strip = inverted[top : top + _STRIP].astype(np.uint16)
        out[top : top + _STRIP] = (strip[..., :3] * strip[..., 3:] + 127) // 255
    return out


@contextmanager
def _our_errors(format: str) -> Iterator[None]:
    """Any error of a codec on hostile bytes becomes an `InputError` that names it; nothing is swallowed."""
    try:
        yield
    except FauxtoError:
        raise
    except MemoryError as error:
        raise ResourceError(
            "There is not enough memory to decode the picture, or a row of it is too long for its codec.",
            fix="If you trust the file, raise the limit with --limit-memory, or use fewer workers.",
            code="memory",
        ) from error
    except Exception as error:
        cut = "truncated" in str(error).lower() or "premature end of jpeg" in str(error).lower()
        raise InputError(
            f"The {format.upper()} cannot be decoded: {str(error).rstrip('.') or type(error).__name__}.",
            fix="Fetch or export the picture again.",
            code="truncated" if cut else "corrupt",
        ) from error
