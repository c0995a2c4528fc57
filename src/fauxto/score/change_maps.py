"""Metrics of continuous change maps, where a pixel's truth is how much it was changed (FakeLocator, DFFD, ForgeryNet).

Maps are float, `(h, w)`, in [0, 1]. Names as in the sheets; formulas that the papers leave open are fixed here.
"""

from __future__ import annotations

import numpy as np

from fauxto.score import similarity
from fauxto.score.masks import count

LARGEST_PSNR = 100.0
"""Decibels of two identical maps."""


def cosine(prediction: np.ndarray, truth: np.ndarray) -> float:
    """COSS: the cosine of the two flattened maps; 1 if both are zero, 0 if exactly one is.

    >>> cosine(np.zeros((2, 2)), np.zeros((2, 2)))
    1.0
    """
    a, b = np.asarray(prediction, np.float64).ravel(), np.asarray(truth, np.float64).ravel()
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not all(lengths):
        return float(lengths[0] == lengths[1])
    return float(a @ b / (lengths[0] * lengths[1]))


def psnr(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels, data range 1, at most 100."""
    return min(LARGEST_PSNR, similarity.psnr(prediction, truth))


def inverse_intersection(prediction: np.ndarray, truth: np.ndarray, threshold: float = 0.5) -> float:
    """IINC of DFFD (Dang et al., CVPR 2020), lower is better: both maps binarised at `threshold`.

    1 / (3 - U) times 0 where both are empty, 1 where exactly one is, else 2 - I / |prediction| - I / |truth|; U is the
    share of the picture that the union covers.
    """
    altered = np.asarray(truth) > threshold
    table = count(np.asarray(prediction), altered, threshold)
    called, wanted = table.both + table.called, table.both + table.missed
    union = (table.both + table.called + table.missed) / altered.size
    if not called and not wanted:
        return 0.0
    if not called or not wanted:
        return 1 / (3 - union)
    return (2 - table.both / called - table.both / wanted) / (3 - union)


def binary_accuracy(prediction: np.ndarray, truth: np.ndarray, threshold: float = 0.5) -> float:
    """PBCA of DFFD: the share of pixels on which the two binarised maps agree."""
    return float(((np.asarray(prediction) > threshold) == (np.asarray(truth) > threshold)).mean())


def iou_at(prediction: np.ndarray, truth: np.ndarray, threshold: float) -> float:
    """ForgeryNet's `IoU@threshold`: both maps binarised at it; 1 where both are empty."""
    a, b = np.asarray(prediction) > threshold, np.asarray(truth) > threshold
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def soft_iou(prediction: np.ndarray, truth: np.ndarray) -> float:
    """`IoU_soft`: the sum of the pixels' minima over that of their maxima; 1 where both maps are zero."""
    above = float(np.maximum(prediction, truth).sum())
    return float(np.minimum(prediction, truth).sum()) / above if above else 1.0


def mean_error(prediction: np.ndarray, truth: np.ndarray, changed: float | None = None) -> float:
    """`L1`, or with `changed` 0.01 `L1_fg`: over the pixels whose truth exceeds it; plain L1 rewards the empty map.

    NaN where no pixel does.
    """
    apart = np.abs(np.asarray(prediction, np.float64) - truth)
    if changed is not None:
        apart = apart[np.asarray(truth) > changed]
    return float(apart.mean()) if apart.size else float("nan")
