"""The whole picture squeezed into a square: for the systems whose published input is that, and for no other."""

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
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels of shape (H, W, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))
