"""Operators that change the size of a picture. Resampling is Pillow's: antialiased when it shrinks."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from fauxto.errors import ResourceError
from fauxto.launder import tone

KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

_SELECTION_SLIP = 8
"""A hand-drawn selection misses the corner by 0-7 pixels, so an earlier JPEG grid is out of phase."""

MAX_PIXELS = 178_000_000
"""A step that would make a picture larger than this is refused (Pillow would refuse to decode it)."""


def resize(pixels: np.ndarray, rng: np.random.Generator, factor: float = 0.5, kernel: str = "bicubic") -> np.ndarray:
    """Both sides times `factor`, rounded, at least one pixel."""
    height, width = pixels.shape[:2]
    return to_size(pixels, max(1, round(width * factor)), max(1, round(height * factor)), kernel)


def fit(pixels: np.ndarray, rng: np.random.Generator, long_edge: int = 1080, kernel: str = "bicubic") -> np.ndarray:
    """Shrunk so that the long edge is at most `long_edge`; never enlarged."""
    factor = long_edge / max(pixels.shape[:2])
    return resize(pixels, rng, factor, kernel) if factor < 1 else pixels


def crop(pixels: np.ndarray, rng: np.random.Generator, area: float = 0.8, position: str = "random") -> np.ndarray:
    """A window of the same shape that keeps the share `area`; a random place, or the middle."""
    height, width = pixels.shape[:2]
    side = math.sqrt(area)
    kept_height, kept_width = max(1, round(height * side)), max(1, round(width * side))
    free_y, free_x = height - kept_height, width - kept_width
    if position == "centre":
        y, x = free_y // 2, free_x // 2
    else:
        y, x = int(rng.integers(free_y + 1)), int(rng.integers(free_x + 1))
    return np.ascontiguousarray(pixels[y : y + kept_height, x : x + kept_width])


def screenshot(pixels: np.ndarray, rng: np.random.Generator, scale: float = 0.75, gamma: float = 1.0) -> np.ndarray:
    """Bilinear at `scale`, the screen's `gamma`, then a selection that misses the top left by 0-7 pixels."""
    shown = tone.gamma(resize(pixels, rng, scale, "bilinear"), rng, gamma)
    y, x = (int(rng.integers(min(_SELECTION_SLIP, side))) for side in shown.shape[:2])
    return np.ascontiguousarray(shown[y:, x:])


def screenshot_outline(pixels: np.ndarray, rng: np.random.Generator, scale: float, gamma: float) -> np.ndarray:
    """The part of `screenshot` that moves pixels."""
    return screenshot(pixels, rng, scale)


def to_size(pixels: np.ndarray, width: int, height: int, kernel: str) -> np.ndarray:
    """Exactly this size, by Pillow. Errors: ResourceError over `MAX_PIXELS`."""
    if (height, width) == pixels.shape[:2]:
        return pixels
    check_area(width, height)
    return np.array(Image.fromarray(pixels).resize((width, height), KERNELS[kernel]))


def check_area(width: int, height: int) -> None:
    """Refuse a size over `MAX_PIXELS`. Errors: ResourceError."""
    if height * width > MAX_PIXELS:
        raise ResourceError(
            f"A step would make {width} x {height} pixels; the limit is {MAX_PIXELS / 1e6:.0f} million.",
            fix="Use a smaller factor, or put fit:4096 before it.",
        )
