"""EXIF orientation: turn stored pixels into displayed ones, and displayed boxes into stored ones."""

from __future__ import annotations

import numpy as np

from fauxto.media.crops import Box


def is_turned(orientation: int) -> bool:
    """Whether width and height change places (orientations 5 to 8)."""
    return orientation >= 5


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored HWC pixels as displayed, for EXIF orientation 1 to 8 (Exif 3.0, tag 274); a view, no copy.

    >>> upright(np.arange(6).reshape(2, 3, 1), 6)[..., 0].tolist()
    [[3, 0], [4, 1], [5, 2]]
    """
    match orientation:
        case 2:
            return pixels[:, ::-1]
        case 3:
            return pixels[::-1, ::-1]
        case 4:
            return pixels[::-1]
        case 5:
            return pixels.swapaxes(0, 1)
        case 6:
            return pixels[::-1].swapaxes(0, 1)
        case 7:
            return pixels[::-1, ::-1].swapaxes(0, 1)
        case 8:
            return pixels[:, ::-1].swapaxes(0, 1)
    return pixels


def stored_box(box: Box, width: int, height: int, orientation: int) -> Box:
    """Where a box of the displayed picture lies in the stored one; `width` and `height` are the stored size.

    >>> stored_box(Box(0, 0, 10, 20), width=300, height=200, orientation=6)
    Box(x=0, y=190, width=20, height=10)
    """
    x, y, w, h = box.x, box.y, box.width, box.height
    if is_turned(orientation):
        x, y, w, h = y, x, h, w
    if orientation in {2, 3, 7, 8}:
        x = width - x - w
    if orientation in {3, 4, 6, 7}:
        y = height - y - h
    return Box(x, y, w, h)
