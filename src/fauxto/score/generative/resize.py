"""The resizings of published scores, each written out: by them alone the same pictures differ by a point of FID."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

Resizing = Callable[[np.ndarray, int], np.ndarray]
"""uint8 `(h, w, 3)` and a side to float32 `(side, side, 3)`, both 0 to 255. The aspect ratio is not kept."""

FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class _Taps(NamedTuple):
    """Along one side: two source pixels for every target pixel, and the weight of the second."""

    low: np.ndarray
    high: np.ndarray
    weight: np.ndarray


def clean(pixels: np.ndarray, side: int) -> np.ndarray:
    """clean-fid (Parmar et al., CVPR 2022): Pillow's bicubic with antialiasing on float channels, then 0 to 255."""
    return np.clip(overshooting(pixels, side), 0, 255)


def overshooting(pixels: np.ndarray, side: int) -> np.ndarray:
    """StudioGAN's copy of `clean`, which leaves out the last step: bicubic runs over at edges."""
    channels = [
        Image.fromarray(np.ascontiguousarray(pixels[..., c], np.float32)).resize((side, side), FILTERS["bicubic"])
        for c in range(3)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=-1)


def friendly(name: str) -> Resizing:
    """Pillow on 8-bit pixels with the filter that the network was trained with ("architecture-friendly")."""

    def resize(pixels: np.ndarray, side: int) -> np.ndarray:
        return np.asarray(Image.fromarray(pixels).resize((side, side), FILTERS[name]), np.float32)

    return resize


def legacy_torch(pixels: np.ndarray, side: int) -> np.ndarray:
    """pytorch-fid: torch's bilinear, centres of pixels aligned, no antialiasing: two neighbours, however far apart."""

    def taps(source: int) -> _Taps:
        scale = np.float64(np.float32(source) / np.float32(side))
        place = (scale * (np.arange(side) + 0.5) - 0.5).astype(np.float32)  # torch multiplies and adds in one rounding
        return _taps(np.maximum(place, 0), source)

    return _bilinear(pixels, taps(pixels.shape[0]), taps(pixels.shape[1]))


def legacy_tensorflow(pixels: np.ndarray, side: int) -> np.ndarray:
    """The graph of 2015, torch-fidelity: TensorFlow 1's bilinear, which reads at `index * source / side` without the
    half pixel, so that the picture moves up and left.
    """

    def taps(source: int) -> _Taps:
        scale = np.float32(source) / np.float32(side)
        return _taps(np.arange(side, dtype=np.float32) * scale, source)

    return _bilinear(pixels, taps(pixels.shape[0]), taps(pixels.shape[1]))


RESIZINGS: dict[str, Resizing] = {
    "clean": clean,
    "overshooting": overshooting,
    "legacy-torch": legacy_torch,
    "legacy-tensorflow": legacy_tensorflow,
    **{f"friendly-{name}": friendly(name) for name in FILTERS},
}
"""By the names that reports and caches use."""


def quantise(pictures: np.ndarray) -> np.ndarray:
    """What a generator gives, floats in [-1, 1], to uint8, halves rounded up: what a saved file would hold.

    >>> quantise(np.array([-1.2, -1.0, 0.0, 1.0]))
    array([  0,   0, 128, 255], dtype=uint8)
    """
    return np.clip(255 * (np.asarray(pictures, np.float64) + 1) / 2 + 0.5, 0, 255).astype(np.uint8)


def _taps(place: np.ndarray, source: int) -> _Taps:
    low = np.minimum(place.astype(np.int64), source - 1)
    return _Taps(low, np.minimum(low + 1, source - 1), (place - low).astype(np.float32))


def _bilinear(pixels: np.ndarray, rows: _Taps, columns: _Taps) -> np.ndarray:
    values = pixels.astype(np.float32)
    left = values[:, columns.low]
    across = left + (values[:, columns.high] - left) * columns.weight[None, :, None]
    top = across[rows.low]
    down: np.ndarray = top + (across[rows.high] - top) * rows.weight[:, None, None]
    return down
