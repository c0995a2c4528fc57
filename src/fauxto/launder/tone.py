"""Operators that map each value by itself: a table of 256 entries, computed in float and rounded once."""

from __future__ import annotations

import numpy as np

_VALUES = np.arange(256, dtype=np.float64)


def gamma(pixels: np.ndarray, rng: np.random.Generator, gamma: float = 0.8) -> np.ndarray:
    """255 (v / 255)^gamma."""
    return _mapped(pixels, 255 * (_VALUES / 255) ** gamma)


def contrast(pixels: np.ndarray, rng: np.random.Generator, factor: float = 1.2) -> np.ndarray:
    """127.5 + factor (v - 127.5), clipped."""
    return _mapped(pixels, 127.5 + factor * (_VALUES - 127.5))


def brightness(pixels: np.ndarray, rng: np.random.Generator, factor: float = 1.1) -> np.ndarray:
    """factor v, clipped."""
    return _mapped(pixels, factor * _VALUES)


def _mapped(pixels: np.ndarray, table: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(table), 0, 255).astype(np.uint8)[pixels]
