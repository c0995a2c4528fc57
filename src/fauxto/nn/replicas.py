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


def without_replicas(values: np.ndarray, factor: int) -> np.ndarray:
    """A picture `(h, w)` or `(h, w, c)`, float64, without the copies that up-sampling by `factor` made.

    Each copy of the baseband is as wide as the baseband, so together they fill all frequencies beyond 1/(2 s): what is
    kept is the baseband, whose edge falls off as a raised cosine over its last fifth. What is left is what an ideal
    interpolation would have drawn.
    """
    height, width = values.shape[:2]
    rows, columns = (np.abs(np.fft.fftfreq(side)) * 2 * factor for side in (height, width))
    keep = _window(rows)[:, None] * _window(columns)[None]
    spectrum = np.fft.fft2(values, axes=(0, 1))
    return np.fft.ifft2(spectrum * (keep[..., None] if values.ndim == 3 else keep), axes=(0, 1)).real


def _window(share: np.ndarray) -> np.ndarray:
    """1 up to four fifths of the baseband, 0 from its edge on."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(5 * share - 4, 0, 1)))
