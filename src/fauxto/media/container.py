"""Walk a container: one bounded, linear, zero-copy pass over segments, chunks, blocks, tags or boxes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fauxto.errors import InputError
from fauxto.media.bmff_boxes import walk_bmff
from fauxto.media.gif_blocks import walk_gif
from fauxto.media.jpeg_segments import walk_jpeg
from fauxto.media.limits import DEFAULT_LIMITS, Limits, check_bytes
from fauxto.media.parts import Collector, Part, Walk
from fauxto.media.png_chunks import walk_png
from fauxto.media.riff_chunks import walk_webp
from fauxto.media.sniff import describe, sniff
from fauxto.media.tiff_tags import walk_tiff

__all__ = ["Part", "Walk", "walk"]


def _walk_bmp(collector: Collector) -> Walk:
    """A BMP has no parts; the size in its header is often wrong, so it is believed only where it can be
    true."""
    size = collector.number(2, 4, "little")
    return collector.walk("bmp", size if 26 <= size <= collector.size else collector.size, truncated=False)


_WALKERS: dict[str, Callable[[Collector], Walk]] = {
    "jpeg": walk_jpeg,
    "png": walk_png,
    "webp": walk_webp,
    "gif": walk_gif,
    "bmp": _walk_bmp,
    "tiff": walk_tiff,
    "heif": partial(walk_bmff, format="heif"),
    "avif": partial(walk_bmff, format="avif"),
}


def walk(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Walk:
    """Everything the container of a picture holds, without decoding or inflating anything.

    Raises `InputError` ("empty", "unknown_format") for what is no picture, and `ResourceError`
    ("too_many_bytes", "too_many_scans", "too_many_chunks", "too_many_frames", "metadata_too_large") at the
    first breached limit. Rubbish inside a known container raises nothing: the walk ends there, with
    `truncated` set where data are missing.
    """
    check_bytes(data, limits)
    format = sniff(data)
    if format is not None:
        return _WALKERS[format](Collector(data, limits))
    raise InputError(
        f"The file is {describe(data)}.",
        fix="Give a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIF or AVIF picture.",
        code="unknown_format",
    )
