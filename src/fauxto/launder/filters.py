"""Blur, noise and sharpening, computed in float and rounded once (truncating twice darkens)."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from fauxto.launder.operation import rounded

_TRUNCATE = 4.0
"""The Gaussian is cut at so many sigma: the sigma that is asked for is the sigma that acts."""

_NO_BLUR = 0.1
"""Below this sigma the neighbours weigh less than 1e-21: nothing changes."""


def gaussian(sigma: float) -> np.ndarray:
    """The sampled Gaussian kernel, sum 1, float64 of odd length `2 ceil(4 sigma) + 1`.

    >>> gaussian(0.5).round(4).tolist()
    [0.0003, 0.1065, 0.7866, 0.1065, 0.0003]
    """
    radius = math.ceil(_TRUNCATE * sigma)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def blur(pixels: np.ndarray, rng: np.random.Generator, sigma: float = 1.0) -> np.ndarray:
    """Separable Gaussian blur, edges mirrored with the edge pixel repeated."""
    if sigma < _NO_BLUR:
        return pixels
    kernel = gaussian(sigma)
    blurred = np.empty_like(pixels)
    for channel in range(3):  # one channel at a time keeps the float copies small
        plane = pixels[..., channel].astype(np.float32)
        blurred[..., channel] = rounded(_along(_along(plane, kernel, 0), kernel, 1))
    return blurred


def noise(pixels: np.ndarray, rng: np.random.Generator, std: float = 5.0) -> np.ndarray:
    """Independent Gaussian noise per pixel and channel; `std` on the 0-255 scale."""
    grain = rng.standard_normal(pixels.shape, dtype=np.float32)
    return rounded(pixels + np.float32(std) * grain)


def sharpen(
    pixels: np.ndarray, rng: np.random.Generator, radius: float = 1.0, percent: int = 80, threshold: int = 0
) -> np.ndarray:
    """Pillow's unsharp mask; differences up to `threshold` grey levels are left alone."""
    return np.array(Image.fromarray(pixels).filter(ImageFilter.UnsharpMask(radius, percent, threshold)))


def _along(plane: np.ndarray, kernel: np.ndarray, axis: int) -> np.ndarray:
    radius = len(kernel) // 2
    width = [(0, 0), (0, 0)]
    width[axis] = (radius, radius)
    padded = np.pad(plane, width, mode="symmetric")
    length = plane.shape[axis]
    out = np.zeros_like(plane)
    for tap, weight in enumerate(kernel.astype(np.float32)):
        out += weight * (padded[tap : tap + length] if axis == 0 else padded[:, tap : tap + length])
    return out
