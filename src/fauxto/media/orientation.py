"""EXIF orientation: turn stored pixels into displayed ones, and displayed boxes into stored ones."""

from __future__ import annotations

import numpy as np

from fauxto.media.crops import Box

# Stored pixels become displayed ones by mirroring columns, then rows, then exchanging the two for 5 to 8.
_MIRRORED_COLUMNS = {2, 3, 7, 8}
_MIRRORED_ROWS = {3, 4, 6, 7}


def is_turned(orientation: int) -> bool:
    """Whether width and height change places (orientations 5 to 8)."""
    return orientation >= 5


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored HWC pixels as displayed, for EXIF orientation 1 to 8 (Exif 3.0, tag 274); a view, no copy.

    >>> upright(np.arange(6).reshape(2, 3, 1), 6)[..., 0].tolist()
    [[3, 0], [4, 1], [5, 2]]
    """
    if orientation in _MIRRORED_COLUMNS:
        pixels = pixels[:, ::-1]
    if orientation in _MIRRORED_ROWS:
        pixels = pixels[::-1]
    return pixels.swapaxes(0, 1) if is_turned(orientation) else pixels


def stored_box(box: Box, width: int, height: int, orientation: int) -> Box:
    """Where a box of the displayed picture lies in the stored one; `width` and `height` are the stored size.

    >>> stored_box(Box(0, 0, 10, 20), width=300, height=200, orientation=6)
    Box(x=0, y=190, width=20, height=10)
    """
    x, y, w, h = box.x, box.y, box.width, box.height
    if is_turned(orientation):
        x, y, w, h = y, x, h, w
    if orientation in _MIRRORED_COLUMNS:
        x = width - x - w
    if orientation in _MIRRORED_ROWS:
        y = height - y - h
    return Box(x, y, w, h)
