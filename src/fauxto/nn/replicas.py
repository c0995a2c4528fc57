"""Where up-sampling by s copies the spectrum of a picture, and how to take the copies out."""

from __future__ import annotations

import numpy as np


def replica_frequencies(height: int, width: int, factor: int) -> list[tuple[int, int]]:
    """Row and column in the full DFT of the copies that up-sampling by `factor` makes: multiples of h/s and w/s.

    Zero insertion copies the baseband to each; nearest, bilinear and learned kernels weaken the copies and do not null
    them. The baseband itself, (0, 0), is not among them. `height` and `width` are multiples of `factor`.

    >>> replica_frequencies(8, 8, 2)
    [(0, 4), (4, 0), (4, 4)]
    """
    rows, columns = (range(0, side, side // factor) for side in (height, width))
    return [(row, column) for row in rows for column in columns if row or column]


def without_replicas(values: np.ndarray, factor: int, reach: float = 0.09) -> np.ndarray:
    """A picture `(h, w)` or `(h, w, c)`, float64, without what lies near the copies that up-sampling makes.

    `reach` is the radius of the notch around each copy as a share of the sampling rate; its flank is a raised cosine
    over the last half, so that it rings little.
    """
    height, width = values.shape[:2]
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    keep = np.ones((height, width))
    for row, column in replica_frequencies(height, width, factor):
        apart = np.hypot(_around(rows - row / height), _around(columns - column / width))
        keep *= 0.5 - 0.5 * np.cos(np.pi * np.clip(2 * apart / reach - 1, 0, 1))
    spectrum = np.fft.fft2(values, axes=(0, 1))
    return np.fft.ifft2(spectrum * (keep[..., None] if values.ndim == 3 else keep), axes=(0, 1)).real


def _around(frequency: np.ndarray) -> np.ndarray:
    """A difference of frequencies on the circle, in [-1/2, 1/2)."""
    return (frequency + 0.5) % 1 - 0.5
