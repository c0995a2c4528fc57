"""The map of a tool as a picture: pale grey where nothing was found, warm where it was."""

from __future__ import annotations

import numpy as np
from PIL import Image

from fauxto.media.heat_colours import blend


def overlay(pixels: np.ndarray, map: np.ndarray, max_side: int = 1600) -> np.ndarray:
    """A map `(h, w)` in [0, 1] over uint8 pixels `(h, w, 3)` of the same size; long side at most `max_side`."""
    height, width = pixels.shape[:2]
    scale = min(1.0, max_side / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = 96 + 0.6 * np.asarray(Image.fromarray(pixels).resize(size).convert("L"), dtype=np.float32)[..., None]
    heat = np.asarray(Image.fromarray(np.ascontiguousarray(map)).resize(size, Image.Resampling.BOX))
    drawn: np.ndarray = np.rint(blend(grey, heat)).astype(np.uint8)
    return drawn
