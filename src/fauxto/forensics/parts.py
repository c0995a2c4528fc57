"""What several tools share: the part of a large picture that is read, luma, block windows, and robust departures."""

from __future__ import annotations

import numpy as np

from fauxto.errors import InputError
from fauxto.language import say
from fauxto.media.coefficients import middle

MOST_PIXELS = 2**22
"""Pixels that one tool reads: of a larger picture the middle, at full resolution, with the JPEG grid kept in place."""

_GRID = 16


def checked(pixels: np.ndarray) -> np.ndarray:
    """The pixels, if they are uint8 `(height, width, 3)` or `(height, width)` (then made RGB). Errors: InputError."""
    if pixels.dtype == np.uint8 and pixels.size and pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise InputError(
            f"Expected uint8 pixels of shape (height, width, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give 8-bit RGB, or the path of the picture.",
        )
    return pixels


def central(pixels: np.ndarray, most: int = MOST_PIXELS) -> tuple[np.ndarray, int, int]:
    """The middle of a picture with at most `most` pixels, and its left top corner (x, y), on multiples of 16."""
    height, width = pixels.shape[:2]
    if height * width <= most:
        return pixels, 0, 0
    top, left, rows, columns = middle(max(1, height // _GRID), max(1, width // _GRID), most // _GRID**2)
    y, x = top * _GRID, left * _GRID
    return pixels[y : y + rows * _GRID, x : x + columns * _GRID], x, y


def placed(part: np.ndarray, x: int, y: int, height: int, width: int) -> np.ndarray:
    """A map of a part as float32 in [0, 1] at the size of the whole picture; 0 where nothing was read."""
    whole = np.zeros((height, width), np.float32)
    part = part[: height - y, : width - x]
    whole[y : y + part.shape[0], x : x + part.shape[1]] = np.clip(part, 0, 1)
    return whole


def enlarged(cells: np.ndarray, size: int) -> np.ndarray:
    """Each cell of a map as a square of `size` pixels."""
    return np.repeat(np.repeat(cells, size, axis=0), size, axis=1)


def coverage(pixels: np.ndarray, part: np.ndarray) -> str:
    """A sentence on what was read, empty where that is the whole picture."""
    if part.shape[:2] == pixels.shape[:2]:
        return ""
    return " " + say(
        "Only the central {width} x {height} pixels were examined.", width=part.shape[1], height=part.shape[0]
    )


def luma(pixels: np.ndarray) -> np.ndarray:
    """ITU-R BT.601 luma, float32 in 0 to 255, as JPEG makes it."""
    return (pixels @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32)


def block_sums(values: np.ndarray, size: int) -> np.ndarray:
    """The sum over each whole `size` x `size` block, float64."""
    rows, columns = values.shape[0] // size, values.shape[1] // size
    cut = values[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return cut.sum(axis=(1, 3), dtype=np.float64)


def window_sums(values: np.ndarray, size: int) -> np.ndarray:
    """The sum over the window of `size` cells (odd) about each cell, cut off at the border; float64, same shape."""
    half = size // 2
    for axis in (0, 1):
        total = np.cumsum(np.insert(values.astype(np.float64), 0, 0, axis=axis), axis=axis)
        count = values.shape[axis]
        high = np.minimum(np.arange(count) + half + 1, count)
        low = np.maximum(np.arange(count) - half, 0)
        values = np.take(total, high, axis=axis) - np.take(total, low, axis=axis)
    return values


def departures(values: np.ndarray, given: np.ndarray, valid: np.ndarray, bins: int = 16) -> np.ndarray:
    """How far each value lies from what is usual for its covariate, in robust standard deviations; 0 where not valid.

    The covariate (`given`, such as texture) is cut into `bins` classes of equal count; in each the median and 1.4826
    times the median absolute deviation are taken. Fewer than 32 valid cells give zeros.
    """
    out = np.zeros(values.shape, np.float64)
    where = np.flatnonzero(valid)
    if len(where) < 32:
        return out
    ordered = where[np.argsort(given.flat[where], kind="stable")]
    for members in np.array_split(ordered, max(1, min(bins, len(ordered) // 32))):
        chosen = values.flat[members]
        middle_value = np.median(chosen)
        spread = 1.4826 * np.median(np.abs(chosen - middle_value))
        out.flat[members] = (chosen - middle_value) / max(spread, 1e-6)
    return out


def coherent(departure: np.ndarray, valid: np.ndarray, size: int, least: float = 0.5) -> np.ndarray:
    """The mean departure in the window about each cell; 0 where less than `least` of the window is valid."""
    held = window_sums(valid, size)
    mean = window_sums(np.where(valid, np.clip(departure, -6, 6), 0), size) / np.maximum(held, 1)
    return np.where(held >= least * size * size, mean, 0)
