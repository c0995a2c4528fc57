"""The colours of maps over a picture: amber to plum."""

from __future__ import annotations

import numpy as np

OPACITY = 0.72
"""Of the hottest place."""

_RAMP = np.array([[250, 216, 120], [240, 140, 60], [203, 50, 60], [120, 20, 80]], dtype=np.float32)
"""Ordered in lightness, so that it reads in grey and to colour-blind eyes."""


def blend(grey: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Grey of shape `(..., 1)` under the colour for `heat` `(...)` in [0, 1]; none at 0."""
    opacity = OPACITY * heat[..., None]
    return grey * (1 - opacity) + colours(heat) * opacity


def colours(heat: np.ndarray) -> np.ndarray:
    """The opaque colour for `heat` `(...)` in [0, 1]: `(..., 3)` from 0 to 255."""
    stops = np.linspace(0, 1, len(_RAMP))
    return np.stack([np.interp(heat, stops, _RAMP[:, channel]) for channel in range(3)], axis=-1)


def palette() -> np.ndarray:
    """The colour and opacity of each of 256 even steps of heat: uint8 RGBA `(256, 4)`, clear at 0."""
    steps = np.linspace(0, 1, 256)
    return np.rint(np.concatenate([colours(steps), 255 * OPACITY * steps[:, None]], axis=1)).astype(np.uint8)
