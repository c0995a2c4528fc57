"""Resizing without a wider kernel for shrinking, as OpenCV and torch do it: the picture aliases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fauxto.launder.geometry import check_area
from fauxto.launder.operation import Operator
from fauxto.launder.parameters import number, word

KERNELS = ("nearest", "linear", "cubic", "lanczos4", "area")


def resize_plain(
    pixels: np.ndarray, rng: np.random.Generator, factor: float = 0.5, kernel: str = "linear"
) -> np.ndarray:
    """Both sides times `factor`, rounded: OpenCV's INTER_NEAREST, LINEAR, CUBIC (a = -0.75), LANCZOS4 and AREA, which
    for linear and cubic are also torch's `interpolate` without antialiasing. Computed in float and rounded once: within
    one level of OpenCV, whose fixed point loses some bits.
    """
    height, width = (max(1, round(side * factor)) for side in pixels.shape[:2])
    check_area(width, height)
    out = pixels.astype(np.float32)
    for axis, size in ((0, height), (1, width)):
        places, weights = taps(pixels.shape[axis], size, kernel)
        shape = (-1, 1, 1) if axis == 0 else (1, -1, 1)
        out = sum(
            (np.take(out, places[:, tap], axis) * weights[:, tap].reshape(shape) for tap in range(places.shape[1])),
            start=np.zeros(1, np.float32),
        )
    return np.floor(out.clip(0, 255) + np.float32(0.5)).astype(np.uint8)  # OpenCV rounds halves up


def taps(old: int, new: int, kernel: str) -> tuple[np.ndarray, np.ndarray]:
    """For each of `new` outputs: the inputs that it is made of and their weights, int and float32 `(new, k)`."""
    scale = old / new
    if kernel == "nearest":
        places = np.floor(np.arange(new) * scale)[:, None]
        weights = np.ones_like(places)
    elif kernel == "area" and scale > 1:
        first = np.floor(np.arange(new) * scale)
        places = first[:, None] + np.arange(int(np.ceil(scale)) + 1)
        low, high = np.arange(new)[:, None] * scale, (np.arange(new)[:, None] + 1) * scale
        weights = np.clip(np.minimum(places + 1, high) - np.maximum(places, low), 0, None) / scale
    else:
        centre = (np.arange(new) + 0.5) * scale - 0.5
        first = np.floor(centre)
        before, shape = _SHAPES[kernel]
        places = first[:, None] + np.arange(-before, before + 2)
        weights = shape(np.abs(centre[:, None] - places))
    return np.clip(places, 0, old - 1).astype(np.int64), weights.astype(np.float32)


def _cubic(x: np.ndarray, a: float = -0.75) -> np.ndarray:
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _lanczos4(x: np.ndarray) -> np.ndarray:
    weights = np.sinc(x) * np.sinc(x / 4)
    return weights / weights.sum(axis=1, keepdims=True)


_SHAPES: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "linear": (0, lambda x: 1 - x),
    "area": (0, lambda x: 1 - x),  # what OpenCV does for area where it enlarges
    "cubic": (1, _cubic),
    "lanczos4": (3, _lanczos4),
}
"""How many pixels before the nearest a kernel takes, and its weights by distance, `(new, k)`."""

TABLE = (
    Operator("resize_plain", "Both sides times a factor without antialiasing (OpenCV, torch).", resize_plain,
             (number("factor", 0.5, 0.01, 8.0), word("kernel", "linear", KERNELS)),
             ("0.9", "0.75", "0.5", "0.35", "0.25"), moves=True),
)  # fmt: skip
"""Operators of this file."""
