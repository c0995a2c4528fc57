"""Codecs other than JPEG and WebP, and JPEG twice over; what is not installed is refused by name."""

from __future__ import annotations

import importlib
import io
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image

from fauxto.errors import InputError
from fauxto.launder import codecs
from fauxto.launder.operation import Operator
from fauxto.launder.parameters import number, whole, word

UNAVAILABLE = {
    "jpeg_ai": "JPEG AI is a learned codec: its decoder is a trained network, and no package holds the standard's. A "
    "network of one's own would be another codec, so chains that need this one are to be skipped, and counted."
}
"""Operators of published lists that cannot be done, and why."""


def double_jpeg(
    pixels: np.ndarray, rng: np.random.Generator, first: int = 90, second: int = 75, *, down: int = 4, right: int = 4
) -> bytes:
    """JPEG at one quality, so many rows and columns cut off at the top left, JPEG at another: the grids disagree."""
    once = codecs.decode(codecs.jpeg(pixels, rng, first))
    down, right = min(down, once.shape[0] - 1), min(right, once.shape[1] - 1)
    return codecs.jpeg(np.ascontiguousarray(once[down:, right:]), rng, second)


def _double_outline(pixels: np.ndarray, rng: np.random.Generator, down: int, right: int, **_: int) -> np.ndarray:
    return pixels[min(down, pixels.shape[0] - 1) :, min(right, pixels.shape[1] - 1) :]


def jpeg_swapped(pixels: np.ndarray, rng: np.random.Generator, quality: int = 95) -> np.ndarray:
    """JPEG of a picture whose red and blue were exchanged before and are after: what comes of giving RGB arrays to
    OpenCV, as some published code does. Only for repeating published figures.
    """
    swapped = np.ascontiguousarray(pixels[..., ::-1])
    return np.ascontiguousarray(codecs.decode(codecs.jpeg(swapped, rng, quality))[..., ::-1])


def avif(pixels: np.ndarray, rng: np.random.Generator, quality: int = 75, speed: int = 6) -> bytes:
    """AVIF by Pillow's libavif, 4:2:0; its quality scale is not that of JPEG."""
    return codecs.save(pixels, "AVIF", quality=quality, speed=speed)


def jpeg2000(pixels: np.ndarray, rng: np.random.Generator, rate: float = 20.0) -> bytes:
    """JPEG 2000 (irreversible wavelet) by Pillow's OpenJPEG; `rate` is the compression ratio."""
    return codecs.save(pixels, "JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True)


def gif(pixels: np.ndarray, rng: np.random.Generator, colours: int = 256, dither: str = "diffusion") -> bytes:
    """A GIF with an adaptive palette (median cut), dithered by error diffusion or not at all."""
    method = Image.Dither.FLOYDSTEINBERG if dither == "diffusion" else Image.Dither.NONE
    palette = Image.fromarray(pixels).quantize(colours, Image.Quantize.MEDIANCUT)
    image = Image.fromarray(pixels).quantize(palette=palette, dither=method)
    buffer = io.BytesIO()
    image.save(buffer, "GIF")
    return buffer.getvalue()


def quantise(pixels: np.ndarray, rng: np.random.Generator, colours: int = 64) -> np.ndarray:
    """A PNG with a palette of so many colours (median cut), not dithered."""
    return np.array(
        Image.fromarray(pixels).quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    )


def heif(pixels: np.ndarray, rng: np.random.Generator, quality: int = 75) -> np.ndarray:
    """HEIF by pillow-heif (x265), 4:2:0. Errors: InputError where that is not installed."""
    module = _module("pillow_heif", "fauxto[heif]")
    buffer = io.BytesIO()
    module.from_pillow(Image.fromarray(pixels)).save(buffer, quality=quality)
    return np.array(module.open_heif(buffer.getvalue(), convert_hdr_to_8bit=True).to_pillow().convert("RGB"))


def h264_frame(pixels: np.ndarray, rng: np.random.Generator, crf: int = 23) -> np.ndarray:
    """One intra frame of H.264 by PyAV (x264, 4:2:0) at a constant rate factor. Errors: InputError without PyAV."""
    av = _module("av", "av")
    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=Fraction(25), options={"crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = even.shape[1], even.shape[0], "yuv420p"
        out.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        out.mux(stream.encode())
    buffer.seek(0)
    with av.open(buffer) as file:
        frame = next(file.decode(video=0)).to_ndarray(format="rgb24")
    return np.ascontiguousarray(frame[:height, :width])


def _module(name: str, package: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise InputError(f"This step needs the package {name}.", fix=f"Run: pip install '{package}'") from None


TABLE = (
    Operator("double_jpeg", "JPEG, a shift of the grid, JPEG.", double_jpeg,
             (whole("first", 90, 1, 100), whole("second", 75, 1, 100), whole("down", 4, 0, 7), whole("right", 4, 0, 7)),
             ("95,85", "90,80", "85,75", "75,70", "60,40"), moves=True,
             outline=_double_outline),
    Operator("jpeg_swapped", "JPEG with red and blue exchanged inside (RGB given to OpenCV).", jpeg_swapped,
             (whole("quality", 95, 1, 100),), ("95", "85", "70", "50", "30")),
    Operator("avif", "Saved as AVIF (libavif); its quality scale is not that of JPEG.", avif,
             (whole("quality", 75, 0, 100), whole("speed", 6, 0, 10)), ("80", "65", "50", "35", "20")),
    Operator("jpeg2000", "Saved as JPEG 2000 at a compression ratio (OpenJPEG).", jpeg2000,
             (number("rate", 20.0, 1.0, 500.0),), ("10", "20", "40", "80", "160")),
    Operator("gif", "Saved as GIF with a palette of its own.", gif,
             (whole("colours", 256, 2, 256), word("dither", "diffusion", ("diffusion", "none")))),
    Operator("quantise", "A palette of so many colours (median cut), not dithered.", quantise,
             (whole("colours", 64, 2, 256),), ("128", "64", "32", "16", "8")),
    Operator("heif", "Saved as HEIF (x265).", heif, (whole("quality", 75, 0, 100),), needs="pillow_heif"),
    Operator("h264_frame", "One frame of H.264 video (x264).", h264_frame, (whole("crf", 23, 0, 51),), needs="av"),
)  # fmt: skip
"""Operators of this file."""
