"""Co-occurrences of quantized residuals: what a linear classifier needs to tell decoders from cameras.

Three planes (G, R - G, B - G), three residuals (first and second differences, the 3x3 kernel of the spatial rich
model), two steps of quantization, along and across the difference: 36 tables of the values of three neighbours, each
cut off at two steps, with mirrored and negated triples added up. After Fridrich and Kodovsky, 2012; on colour
differences after Goljan, Fridrich and Cogranne, 2014.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

PLANES, RESIDUALS, STEPS, WAYS = ("G", "R-G", "B-G"), ("first", "second", "square"), (1, 3), ("along", "across")
BLOCKS = [(plane, residual, step, way) for plane in PLANES for residual in RESIDUALS for step in STEPS for way in WAYS]
"""What each block of 125 features is."""
UNIT = {"first": 1.0, "second": 1.5, "square": 3.0}
"""The step of quantization in grey levels that counts as 1."""


def features(pixels: np.ndarray) -> np.ndarray:
    """Square roots of the 36 tables of uint8 `(h, w, 3)`, `(36 * 125,)`; each table sums to 1 before the root."""
    red, green, blue = pixels.astype(np.float32).transpose(2, 0, 1)
    tables = []
    for plane in (green, red - green, blue - green):
        for name, (across, down) in _residuals(plane):
            for step in STEPS:
                codes = [_quantized(residual, step * UNIT[name]) for residual in (across, down)]
                for along in (True, False):
                    table = _triples(codes[0], 1 if along else 0) + _triples(codes[1], 0 if along else 1)
                    table = table + table.transpose(2, 1, 0)
                    table = table + table[::-1, ::-1, ::-1]
                    tables.append(np.sqrt(table / table.sum()).ravel())
    return np.concatenate(tables).astype(np.float32)


def _residuals(plane: np.ndarray) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    yield "first", (np.diff(plane, axis=1), np.diff(plane, axis=0))
    yield "second", (np.diff(plane, 2, axis=1), np.diff(plane, 2, axis=0))
    rows = np.diff(plane, 2, axis=1)
    square = -np.diff(rows, 2, axis=0)
    yield "square", (square, square)


def _quantized(residual: np.ndarray, step: float) -> np.ndarray:
    """0 to 4: rounded steps, cut off at two."""
    return (np.clip(np.rint(residual / np.float32(step)), -2, 2) + 2).astype(np.int16)


def _triples(codes: np.ndarray, axis: int) -> np.ndarray:
    """How often each value follows each two, `(5, 5, 5)`."""
    first, second, third = (np.moveaxis(codes, axis, 0)[i : len(np.moveaxis(codes, axis, 0)) - 2 + i] for i in range(3))
    return np.bincount((first * 25 + second * 5 + third).ravel(), minlength=125).reshape(5, 5, 5).astype(np.float64)
