"""Pictures whose history is known, because it is made here."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fauxto.media.decode import decode
from fauxto.media.encode import encode


def scene(height: int = 320, width: int = 320, seed: int = 0, grain: float = 2) -> np.ndarray:
    """A picture with a photograph's falling spectrum, grain, and no history: uint8 `(h, w, 3)`."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for octave in (2, 4, 8, 16, 32, 64):
        small = rng.normal(0, 4.5 * octave**0.9, (height // octave + 2, width // octave + 2, 3)).astype(np.float32)
        planes = [Image.fromarray(small[..., c]).resize((width, height), Image.Resampling.BICUBIC) for c in range(3)]
        total += np.stack([np.asarray(plane) for plane in planes], axis=2)
    total = total.mean(axis=2, keepdims=True) * 0.8 + total * 0.2 + rng.normal(0, grain, total.shape)
    return np.clip(np.rint(128 + total * 0.5), 2, 253).astype(np.uint8)


def saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    """The pixels after a save as JPEG, 4:4:4."""
    return decode(encode(pixels, quality=quality, subsampling="4:4:4"))


def disc(height: int = 320, width: int = 320, x: int = 200, y: int = 150, radius: int = 60) -> np.ndarray:
    """A mask, bool `(h, w)`."""
    rows, columns = np.mgrid[0:height, 0:width]
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def pasted(base: np.ndarray, patch: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The patch where the mask is, else the base."""
    return np.where(mask[..., None], patch, base).astype(np.uint8)


def mosaicked(pixels: np.ndarray) -> np.ndarray:
    """Green as an RGGB sensor and bilinear demosaicing give it; red and blue as they are."""
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    measured = (rows + columns) % 2 == 1
    p = np.pad(pixels[..., 1].astype(np.float32), 1, mode="reflect")
    mean = (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]) / 4
    out = pixels.copy()
    out[..., 1] = np.where(measured, pixels[..., 1], np.rint(mean))
    return out
