"""A whole picture as overlapping square tiles at native resolution, and the maps of the tiles as one map again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fauxto.errors import InputError
from fauxto.media.crops import Box


def tile_boxes(width: int, height: int, size: int, overlap: int) -> list[Box]:
    """Tiles of `size` pixels that cover a picture, row by row, neighbours sharing at least `overlap` pixels.

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
    return [
        Box(x, y, min(size, width - x), min(size, height - y))
        for y in _starts(height, size, overlap)
        for x in _starts(width, size, overlap)
    ]


def cut_tile(pixels: np.ndarray, box: Box, size: int) -> np.ndarray:
    """The tile under a box, uint8 `(size, size, 3)`; beyond the picture it is mirrored, never black.

    Errors: InputError for pixels that are not uint8 HWC RGB.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(
            f"Expected uint8 pixels of shape (height, width, 3); got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
    part = pixels[box.y : box.y + box.height, box.x : box.x + box.width]
    short = ((0, size - part.shape[0]), (0, size - part.shape[1]), (0, 0))
    return np.ascontiguousarray(np.pad(part, short, mode="symmetric") if any(s[1] for s in short) else part)


def assemble(maps: Iterable[np.ndarray], boxes: Iterable[Box], width: int, height: int, size: int) -> np.ndarray:
    """The maps of the tiles, float32 `(size, size)` each, as one map of the picture, float32 `(height, width)`.

    Where tiles overlap, each counts most in its middle; what lies beyond the picture is dropped.
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
    return total / np.maximum(weight, np.float32(1e-6))


def chances(logits: np.ndarray) -> np.ndarray:
    """Logits as probabilities, float32, without overflow.

    >>> chances(np.array([-1000.0, 0.0])).tolist()
    [0.0, 0.5]
    """
    return (0.5 + 0.5 * np.tanh(0.5 * np.asarray(logits))).astype(np.float32)


def top_share(values: np.ndarray, share: float) -> float:
    """The mean of the highest `share` of a map's values, at least one: an image-level rule that one pixel cannot move.

    >>> top_share(np.array([[0.0, 1.0], [2.0, 3.0]]), 0.5)
    2.5
    """
    flat = np.asarray(values, np.float64).ravel()
    if not flat.size or not 0 < share <= 1:
        raise InputError(
            f"Expected a map and a share in (0, 1]; got {flat.size} values and {share}.", fix="Correct the share."
        )
    first = flat.size - max(1, round(share * flat.size))
    return float(np.partition(flat, first)[first:].mean())


def _starts(side: int, size: int, overlap: int) -> list[int]:
    """Starts that cover a side: the first is 0, the last tile reaches the end or up to 7 pixels beyond it."""
    if side <= size:
        return [0]
    last = -(-(side - size) // 8) * 8
    count = -(-last // ((size - overlap) // 8 * 8)) + 1
    return [round(i * last / (count - 1) / 8) * 8 for i in range(count)]
