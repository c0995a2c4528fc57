"""The whole picture made small: squeezed into a square, or its middle square at a glance."""

from __future__ import annotations

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


def glance(pixels: np.ndarray, short: int, size: int) -> np.ndarray:
    """uint8 `(h, w, 3)` to uint8 `(size, size, 3)`: the short side made `short` pixels, then the middle square.

    What lies beyond the square is left out. Errors: InputError when the picture is not uint8 HWC RGB, or `short` is
    less than `size`.

    >>> glance(np.full((30, 70, 3), 9, np.uint8), 18, 16).shape
    (16, 16, 3)
    """
    if short < size:
        raise InputError(f"A square of {size} pixels does not fit into {short}.", fix="Give a longer short side.")
    small = shortened(pixels, short)
    top, left = (small.shape[0] - size) // 2, (small.shape[1] - size) // 2
    return small[top : top + size, left : left + size]


def shortened(pixels: np.ndarray, short: int) -> np.ndarray:
    """uint8 `(h, w, 3)`, its short side made `short` pixels by Pillow's bicubic kernel, widened when it shrinks.

    Errors: InputError when the picture is not uint8 HWC RGB.

    >>> shortened(np.full((30, 70, 3), 9, np.uint8), 15).shape
    (15, 35, 3)
    """
    _check(pixels)
    height, width = pixels.shape[:2]
    factor = short / min(height, width)
    sides = max(short, round(width * factor)), max(short, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(sides, Image.Resampling.BICUBIC))


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels of shape (H, W, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
