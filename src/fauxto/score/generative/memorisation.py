"""Does a generator repeat its training pictures? A copy has a perfect FID; authenticity sees it."""

from __future__ import annotations

import numpy as np

from fauxto.score.generative.features import as_pair
from fauxto.score.generative.neighbours import ROWS, squared_distances, squared_radii


def authenticity(train: np.ndarray, fake: np.ndarray, *, rows: int = ROWS) -> float:
    """The share of fakes that are no copy (Alaa et al., ICML 2022): about 0.5 for new samples, near 0 for copies.

    A fake counts as authentic when its nearest training picture lies farther from it than from its own nearest other
    training picture. Errors: InputError for fewer than two training pictures.
    """
    train, fake = as_pair(train, fake)
    nearest_other = squared_radii(train, 1, rows)
    authentic = 0
    for _, squared in squared_distances(fake, train, rows):
        nearest = squared.argmin(1)
        authentic += int((squared[np.arange(len(squared)), nearest] > nearest_other[nearest]).sum())
    return authentic / len(fake)
