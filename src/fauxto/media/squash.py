"""The whole picture made small: squeezed into a square, or its middle square at a glance."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from fauxto.errors import InputError


def squash(pixels: np.ndarray, size: int) -> np.ndarray:
    """uint8 `(h, w, 3)` to uint8 `(size, size, 3)`: Pillow's bilinear kernel, widened when it shrinks, aspect lost.

    Errors: InputError when the picture is not uint8 HWC RGB.

    >>> squash(np.full((30, 70, 3), 9, np.uint8), 16).shape
    (16, 16, 3)
    """
    _check(pixels)
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def glance(pixels: np.ndarray, short: int, size: int, *, across: float = 0.5, down: float = 0.5) -> np.ndarray:
    """uint8 `(h, w, 3)` to uint8 `(size, size, 3)`: a square of the picture whose short side was made `short` pixels.

    `across` and `down` say where it lies, as shares of what is free beside and above: the middle if not given. Pillow's
    bicubic kernel, widened when it shrinks, reads beyond the square's edge, but only the square is computed. What would
    shrink to less than a quarter is averaged in whole pixels down to twice the size first. Errors: InputError when the
    picture is not uint8 HWC RGB, or `short` is less than `size`.

    >>> glance(np.full((30, 70, 3), 9, np.uint8), 18, 16).shape
    (16, 16, 3)
    """
    _check(pixels)
    if short < size:
        raise InputError(f"A square of {size} pixels does not fit into {short}.", fix="Give a longer short side.")
    height, width = pixels.shape[:2]
    side = min(height, width) * size / short
    left, top = across * (width - side), down * (height - side)
    factor = max(1, int(side / size / _ENOUGH))
    reach = _REACH * side / size if factor > 1 else math.ceil(2 * _REACH * max(1.0, side / size))
    x, y = max(0, int(left - reach)), max(0, int(top - reach))
    near = pixels[y : math.ceil(top + side + reach), x : math.ceil(left + side + reach)]
    box = [edge / factor for edge in (left - x, top - y, left - x + side, top - y + side)]
    small = Image.fromarray(_averaged(near, factor))
    return np.asarray(small.resize((size, size), Image.Resampling.BICUBIC, box=tuple(box)))


_ENOUGH = 2.0
"""What shrinks more is averaged in whole pixels first, down to this many pixels for each of the result."""
_REACH = 1.5
"""How far beyond the square the kernel reads where it counts, in pixels of the result."""
_ROWS = 32
"""Rows averaged at a time: a whole large picture would be copied, and its copy cleared first, at twice the cost."""


def _averaged(pixels: np.ndarray, factor: int) -> np.ndarray:
    """Means of squares of `factor` pixels, those at the right and lower edge of what is left: uint8 HWC in and out."""
    if factor == 1:
        return np.ascontiguousarray(pixels)
    bands = (pixels[top : top + factor * _ROWS] for top in range(0, len(pixels), factor * _ROWS))
    return np.concatenate([np.asarray(Image.fromarray(np.ascontiguousarray(band)).reduce(factor)) for band in bands])


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels of shape (H, W, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
