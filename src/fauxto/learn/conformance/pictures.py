"""The pictures of the sweep: every awkward size and content, made from a seed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

SIZES = ((8, 8), (9, 7), (256, 256), (333, 251), (1080, 1350), (2400, 40), (40, 2400), (1, 300))
"""Width and height in pixels: tiny, odd, exact, common, both panoramas, one line."""

CAMERA = (4000, 3000)
"""A phone's native size."""


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Noise on a slope, uint8 `(height, width, 3)`: no two pixels need be alike, so a mixed-up axis shows."""
    rng = np.random.default_rng((width, height, seed))
    pixels = rng.integers(0, 60, (height, width, 3), np.uint8)
    pixels += np.linspace(0, 140, width).astype(np.uint8)[None, :, None]
    pixels += np.linspace(0, 40, height).astype(np.uint8)[:, None, None]
    return pixels + np.array([0, 8, 15], np.uint8)


def awkward() -> Iterator[tuple[str, np.ndarray]]:
    """Named pictures of every size, and a grayscale, a black and a white one."""
    for width, height in (*SIZES, CAMERA):
        yield f"{width}x{height}", picture(width, height)
    yield "grayscale as RGB", picture(300, 200)[..., :1].repeat(3, axis=2)
    yield "black", np.zeros((300, 200, 3), np.uint8)
    yield "white", np.full((300, 200, 3), 255, np.uint8)


def few() -> list[np.ndarray]:
    """Four pictures that differ in size, brightness and contrast, so that scores differ and branches part."""
    return [
        picture(300, 260),
        picture(333, 251, 1) // 8,
        255 - picture(64, 64, 2) // 4,
        np.random.default_rng(3).integers(0, 256, (300, 512, 3), np.uint8),
    ]
