"""The smallest detector there is: a logistic regression on how much power lies in bands of spatial frequency.

It stands in for a network where a smoke claim has seconds: what it is shown in training decides what it learns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

BANDS = 12


def band_powers(images: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Log of the mean power in `BANDS` rings of equal width, `(len(images), BANDS)`; uint8 HWC squares of one size.

    The mean is taken out first, so brightness plays no part; colours are averaged.

    >>> band_powers([np.zeros((64, 64, 3), np.uint8)]).shape
    (1, 12)
    """
    grey = np.stack([image.mean(2) for image in images])
    grey -= grey.mean((1, 2), keepdims=True)
    power = np.abs(np.fft.fft2(grey)) ** 2 / grey[0].size
    frequency = np.fft.fftfreq(grey.shape[1])
    radius = np.hypot(frequency[:, None], frequency[None, :])
    ring = np.minimum((radius / 0.5 * BANDS).astype(int), BANDS - 1)
    return np.log(np.stack([power[:, ring == band].mean(1) for band in range(BANDS)], 1) + 1e-3)


def fit_bands(images: Sequence[np.ndarray], labels: np.ndarray) -> Pipeline:
    """A logistic regression on the standardised band powers."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(band_powers(images), labels)
