"""How alike two pictures are: PSNR and SSIM, whole or over a foreground, in the definitions that papers mean.

Pictures are `(h, w)` of any real type; `data_range` is the distance of the least from the greatest value that they
could have, and is never guessed: a wrong one moves PSNR by 6.02 dB for each factor of two.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import ndimage

from fauxto.errors import InputError

Window = Literal["gaussian", "uniform"]
"""Wang et al.'s (sigma 1.5, 11 x 11, population covariance), or 7 x 7 of equal weights with the sample covariance,
scikit-image's default, which many papers report."""

SIGMA, REACH = 1.5, 5
SQUARE = 7
_K1, _K2 = 0.01, 0.03


def psnr(
    prediction: np.ndarray, truth: np.ndarray, *, data_range: float = 1.0, mask: np.ndarray | None = None
) -> float:
    """Peak signal-to-noise ratio in decibels, over the mask where one is given; infinite where nothing differs.

    The mean of several pictures' values is above the value of their mean error: say which. Errors: InputError.

    >>> round(psnr(np.full((4, 4), 0.6), np.full((4, 4), 0.5)), 4)
    20.0
    """
    a, b = _pair(prediction, truth, mask)
    squares = np.square(a - b)
    error = float(squares.mean() if mask is None else squares[mask].mean())
    return 10 * float(np.log10(data_range**2 / error)) if error else float("inf")


def ssim(
    prediction: np.ndarray,
    truth: np.ndarray,
    *,
    data_range: float = 1.0,
    window: Window = "gaussian",
    mask: np.ndarray | None = None,
) -> float:
    """Structural similarity (Wang et al., IEEE TIP 2004): the mean of its map where the window lies inside.

    With a mask, the mean over those of its pixels. Errors: InputError for a picture smaller than the window, other
    shapes, or a mask that has no pixel there.
    """
    edge = REACH if window == "gaussian" else SQUARE // 2
    inside = np.s_[edge:-edge, edge:-edge]
    found = ssim_map(prediction, truth, data_range=data_range, window=window)[inside]
    if mask is None:
        return float(found.mean())
    chosen = mask[inside]
    if not chosen.any():
        raise InputError("The mask has no pixel where SSIM's window lies inside of the picture.", fix="Leave it out.")
    return float(found[chosen].mean())


def ssim_map(
    prediction: np.ndarray, truth: np.ndarray, *, data_range: float = 1.0, window: Window = "gaussian"
) -> np.ndarray:
    """The similarity around every pixel, float64 `(h, w)`; the outermost ones see the picture mirrored."""
    a, b = _pair(prediction, truth)
    side = 2 * REACH + 1 if window == "gaussian" else SQUARE
    if min(a.shape) < side:
        raise InputError(f"SSIM needs pictures of at least {side} x {side} pixels; got {a.shape}.", fix="Enlarge them.")
    mean_a, mean_b = _smooth(a, window), _smooth(b, window)
    share = SQUARE**2 / (SQUARE**2 - 1) if window == "uniform" else 1.0
    variance_a, variance_b = (share * (_smooth(v * v, window) - m * m) for v, m in ((a, mean_a), (b, mean_b)))
    together = share * (_smooth(a * b, window) - mean_a * mean_b)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    above = (2 * mean_a * mean_b + c1) * (2 * together + c2)
    return above / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))


def foreground(picture: np.ndarray) -> np.ndarray:
    """Where the subject is, bool `(h, w)`: above Otsu's threshold, holes and gaps closed.

    A black surrounding that every method gets right inflates both metrics. Everything where all values are alike.
    """
    values = np.asarray(picture, np.float64)
    if values.min() == values.max():
        return np.ones(values.shape, bool)
    above = np.pad(values > otsu(values), 3)
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(above, iterations=3))
    return np.asarray(closed)[3:-3, 3:-3]


def otsu(values: np.ndarray, bins: int = 256) -> float:
    """The threshold that parts values into two kinds as different in the mean as can be (Otsu, 1979)."""
    counts, edges = np.histogram(values, bins)
    middles = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(counts), np.cumsum(counts * middles)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(middles[np.nanargmax(apart[:-1])])


def _smooth(values: np.ndarray, window: Window) -> np.ndarray:
    if window == "gaussian":
        return np.asarray(ndimage.gaussian_filter(values, SIGMA, radius=REACH))
    return np.asarray(ndimage.uniform_filter(values, SQUARE))


def _pair(a: np.ndarray, b: np.ndarray, mask: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if (
        a.shape != b.shape
        or a.ndim != 2
        or not a.size
        or (mask is not None and (mask.shape != a.shape or not mask.any()))
    ):
        what = "" if mask is None else f" and a mask of them; got {mask.shape}, {int(mask.sum())} pixels"
        raise InputError(f"Expected two grey pictures of one size{what}; got {a.shape}, {b.shape}.", fix="Match them.")
    return a, b
