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
    margin = math.ceil(_REACH * max(1.0, side / size))
    x, y = max(0, math.floor(left) - margin), max(0, math.floor(top) - margin)
    near = np.ascontiguousarray(pixels[y : math.ceil(top + side) + margin, x : math.ceil(left + side) + margin])
    box = (left - x, top - y, left - x + side, top - y + side)
    return np.asarray(Image.fromarray(near).resize((size, size), Image.Resampling.BICUBIC, box=box, reducing_gap=2.0))


_REACH = 3
"""How far beyond the square pixels are copied, in pixels of the result: more than the two that the kernel reads."""


def _check(pixels: np.ndarray) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels of shape (H, W, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
