"""A whole picture as overlapping square tiles at native resolution, and the maps of the tiles as one map again."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from fauxto.errors import InputError
from fauxto.media.crops import Box


def tile_boxes(width: int, height: int, size: int, overlap: int, most: int | None = None) -> list[Box]:
    """Tiles of `size` pixels that cover a picture, row by row, neighbours sharing at least `overlap` pixels.

    Where that takes more than `most` tiles they lie further apart, evenly, and leave gaps.

    Starts are multiples of 8, so that every tile sees a JPEG's grid in the same phase. A side shorter than `size` is
    one tile, taken whole. Errors: InputError unless `size` is a multiple of 8 and at least `overlap` + 16.

    >>> [box.x for box in tile_boxes(600, 200, 256, 32)]
    [0, 176, 344]
    """
    if size % 8 or size < overlap + 16 or overlap < 0:
        raise InputError(
            f"Tiles need a multiple of 8 that is at least the overlap and 16; got {size} and {overlap}.",
            fix="Use 256 and 32, for example.",
        )
    columns, rows = (_count(side, size, overlap) for side in (width, height))
    if most is not None and columns * rows > most:
        shrink = math.sqrt(most / (columns * rows))
        columns, rows = (min(most, max(1, int(count * shrink))) for count in (columns, rows))
    return [
        Box(x, y, min(size, width - x), min(size, height - y))
        for y in _starts(height, size, rows)
        for x in _starts(width, size, columns)
    ]


def cut_tile(pixels: np.ndarray, box: Box, size: int, step: int | None = None) -> np.ndarray:
    """The tile under a box, uint8 `(size, size, 3)`; beyond the picture it is mirrored, never black.

    With `step`, for networks that take any multiple of it, a tile that the picture cuts short is cut to such a
    multiple instead (at least one, mirrored up to it): what is mirrored has another JPEG grid and other statistics.
    `fill_tile` brings its map to `size` again. Errors: InputError for pixels that are not uint8 HWC RGB.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(
            f"Expected uint8 pixels of shape (height, width, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
    part = pixels[box.y : box.y + box.height, box.x : box.x + box.width]
    height, width = (size, size) if step is None else (max(step, side // step * step) for side in part.shape[:2])
    part = part[:height, :width]
    short = ((0, height - part.shape[0]), (0, width - part.shape[1]), (0, 0))
    return np.ascontiguousarray(np.pad(part, short, mode="symmetric") if any(s[1] for s in short) else part)


def fill_tile(values: np.ndarray, size: int) -> np.ndarray:
    """A map of a tile that was cut short, `(h, w)`, as `(size, size)`: its last row and column go on.

    >>> fill_tile(np.array([[1.0, 2.0]]), 2).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    short = ((0, size - values.shape[0]), (0, size - values.shape[1]))
    return np.pad(values, short, mode="edge") if any(s[1] for s in short) else values


def assemble(maps: Iterable[np.ndarray], boxes: Iterable[Box], width: int, height: int, size: int) -> np.ndarray:
    """The maps of the tiles, float32 `(size, size)` each, as one map of the picture, float32 `(height, width)`.

    Where tiles overlap, each counts most in its middle; what lies beyond the picture is dropped; where no tile lies the
    map is NaN.
    """
    total = np.zeros((height, width), np.float32)
    weight = np.zeros((height, width), np.float32)
    ramp = np.minimum(np.arange(size) + 1, size - np.arange(size)).clip(max=size // 4).astype(np.float32)
    window = ramp[:, None] * ramp[None]
    for values, box in zip(maps, boxes, strict=True):
        here = np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
        own = window[: box.height, : box.width]
        total[here] += own * values[: box.height, : box.width]
        weight[here] += own
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def chances(logits: np.ndarray) -> np.ndarray:
    """Logits as probabilities, float32, without overflow.

    >>> chances(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return (0.5 + 0.5 * np.tanh(0.5 * np.asarray(logits))).astype(np.float32)


def top_share(values: np.ndarray, share: float) -> float:
    """The mean of the highest `share` of a map's values, at least one: an image-level rule that one pixel cannot move.

    NaN, where nothing was read, does not count. Errors: InputError for a map without values.

    >>> top_share(np.array([[0.0, 1.0], [2.0, 3.0]]), 0.5)
    2.5
    """
    flat = np.asarray(values, np.float64).ravel()
    flat = flat[~np.isnan(flat)]
    if not flat.size or not 0 < share <= 1:
        raise InputError(
            f"Expected a map and a share in (0, 1]; got {flat.size} values and {share}.", fix="Correct the share."
        )
    first = flat.size - max(1, round(share * flat.size))
    return float(np.partition(flat, first)[first:].mean())


def _count(side: int, size: int, overlap: int) -> int:
    """How many tiles cover a side."""
    return 1 if side <= size else -(-_last(side, size) // ((size - overlap) // 8 * 8)) + 1


def _last(side: int, size: int) -> int:
    """The last start: that tile reaches the end of the side, or up to 7 pixels beyond it."""
    return -(-max(0, side - size) // 8) * 8


def _starts(side: int, size: int, count: int) -> list[int]:
    """`count` starts, multiples of 8, spread from 0 to the last; a single one is central."""
    last = _last(side, size)
    return [last // 16 * 8] if count == 1 else [round(i * last / (count - 1) / 8) * 8 for i in range(count)]
