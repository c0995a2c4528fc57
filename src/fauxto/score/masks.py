"""How well a map finds the altered pixels: metrics whose names say how they are computed.

A `prediction` is a float map in [0, 1], a `mask` is bool, both `(h, w)`; `valid` may leave pixels out (padding, flat
blocks). Published F1 values of localizers are computed in at least four ways that differ by tens of points, so every
function carries the definition in its name and no figure of one stands beside that of another without it.

The rules of the house: pixel metrics are of altered pictures only; an empty prediction on an altered picture counts 0
and is not skipped; untouched pictures give `false_area` and the image-level metrics; "flip" variants, which forgive an
inverted map, are offered and never the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.stats import rankdata

from fauxto.errors import InputError

EPSILON = 1e-8
"""In the denominators of precision, recall and F1, as in IMDL-BenCo: 0 / 0 becomes 0."""

ERODE, DILATE = 15, 11
"""Sides of TruFor's border trim: positives survive a 15 x 15 minimum, negatives lie outside an 11 x 11 maximum."""

Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True, slots=True)
class Counts:
    """Pixels that are altered and called so, called only, altered only, and neither."""

    both: float
    called: float
    missed: float
    neither: float

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.both + other.both,
            self.called + other.called,
            self.missed + other.missed,
            self.neither + other.neither,
        )

    @property
    def f1(self) -> float:
        """2 PR / (P + R), with an epsilon in each denominator."""
        precision = self.both / (self.both + self.called + EPSILON)
        recall = self.both / (self.both + self.missed + EPSILON)
        return 2 * precision * recall / (precision + recall + EPSILON)

    @property
    def iou(self) -> float:
        """Intersection over union of the altered class; 0 where nothing was called and nothing altered."""
        return self.both / (self.both + self.called + self.missed + EPSILON)

    @property
    def mcc(self) -> float:
        """Matthews' correlation, signed; 0 where a row or column of the table is empty. TruFor prints its magnitude."""
        rows = (self.both + self.called) * (self.missed + self.neither)
        columns = (self.both + self.missed) * (self.called + self.neither)
        if not rows or not columns:
            return 0.0
        return (self.both * self.neither - self.called * self.missed) / float(np.sqrt(rows) * np.sqrt(columns))


def count(prediction: np.ndarray, mask: np.ndarray, threshold: float = 0.5, valid: np.ndarray | None = None) -> Counts:
    """The pixels of one picture by prediction > threshold and mask. Errors: InputError for maps of two sizes."""
    called, altered = _flat(prediction, mask, valid)
    called = called > threshold
    both = int((called & altered).sum())
    only, missed = int(called.sum()) - both, int(altered.sum()) - both
    return Counts(both, only, missed, called.size - both - only - missed)


def soft_count(prediction: np.ndarray, mask: np.ndarray, valid: np.ndarray | None = None) -> Counts:
    """As `count`, each pixel called to the degree of its prediction (photoholmes' weighted metrics): no threshold."""
    degree, altered = _flat(prediction, mask, valid)
    degree = degree.astype(np.float64)
    both, called = float(degree[altered].sum()), float(degree[~altered].sum())
    return Counts(both, called, float(altered.sum()) - both, float((~altered).sum()) - called)


def f1_at_half_per_image(prediction: np.ndarray, mask: np.ndarray) -> float:
    """`f1@0.5/image`: F1 of one picture at a threshold of 0.5 (IMDL-BenCo, MVSS-Net)."""
    return count(prediction, mask).f1


def iou_at_half_per_image(prediction: np.ndarray, mask: np.ndarray) -> float:
    """`iou@0.5/image`: IoU of one picture at a threshold of 0.5; its mean is gIoU in the SIDA family."""
    return count(prediction, mask).iou


def mcc_at_half_per_image(prediction: np.ndarray, mask: np.ndarray) -> float:
    """`mcc@0.5/image`: Matthews' correlation of one picture at a threshold of 0.5, signed."""
    return count(prediction, mask).mcc


def best_f1_per_image(prediction: np.ndarray, mask: np.ndarray, valid: np.ndarray | None = None) -> float:
    """`f1-best/image`: the largest F1 over every threshold that the map's own values allow (TruFor, CAT-Net).

    It needs the mask to choose the threshold, so no user gets it: a bound on what thresholding could reach.
    """
    values, altered = _flat(prediction, mask, valid)
    total = int(altered.sum())
    if not total:
        return 0.0
    order = np.argsort(values, kind="stable")[::-1]
    both = np.cumsum(altered[order])
    size = np.arange(1, len(order) + 1)
    last = np.append(np.diff(values[order]) != 0, True)  # a threshold falls between two values only
    return float((2 * both[last] / (size[last] + total)).max())


def auc_per_image(prediction: np.ndarray, mask: np.ndarray, valid: np.ndarray | None = None) -> float:
    """`pix-auc/image`: the area under the ROC curve of the pixels of one picture, ties counting half.

    Errors: InputError where the mask is empty or full: the area is not defined there, and never 0 or 0.5 instead.
    """
    values, altered = _flat(prediction, mask, valid)
    positives = int(altered.sum())
    negatives = altered.size - positives
    if not positives or not negatives:
        raise InputError(
            "The pixel AUC needs altered and untouched pixels in the mask.", fix="Leave untouched pictures out."
        )
    ranks = rankdata(values)
    return float((ranks[altered].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def trimmed(mask: np.ndarray) -> np.ndarray:
    """The pixels that TruFor and SAFIRE judge, bool: those deep inside the mask and those well outside it."""
    inside = ndimage.minimum_filter(mask, ERODE)
    outside = ~ndimage.maximum_filter(mask, DILATE)
    return np.asarray(inside | outside)


def flipped(metric: Metric, prediction: np.ndarray, mask: np.ndarray) -> float:
    """`.../image+flip`: the better of a map and its inverse. It forgives a map that is wrong everywhere; say so."""
    return max(metric(prediction, mask), metric(1 - prediction, mask))


def macro_or_empty_f1(prediction: np.ndarray, mask: np.ndarray) -> float:
    """`f1-macro-or-empty`: HiFi-Net's figure: the mean F1 of both classes, or that of the empty map if larger.

    The background counts half, so an empty map scores near 0.5 on a small alteration. For comparison only.
    """
    return max(_macro(prediction, mask), _macro(np.zeros_like(prediction), mask))


def pooled(counts: Sequence[Counts]) -> Counts:
    """The sum over pictures: `f1@0.5/pooled` and `iou@0.5/pooled` (cIoU) are its `f1` and `iou`; large ones rule."""
    total = Counts(0, 0, 0, 0)
    for row in counts:
        total = total + row
    return total


def false_area(prediction: np.ndarray, threshold: float = 0.5) -> float:
    """`fpr_area`: the share of an untouched picture's pixels above the threshold."""
    return float((prediction > threshold).mean())


def mean_interval(
    values: Sequence[float], *, seed: int = 0, rounds: int = 1000, level: float = 0.95
) -> tuple[float, float, float]:
    """The mean over pictures and its percentile bootstrap interval, pictures drawn with replacement.

    Errors: InputError for no value, or one that is not finite.
    """
    given = np.asarray(values, np.float64)
    if not given.size or not np.isfinite(given).all():
        raise InputError(
            f"Expected finite values of at least one picture; got {given.size}.", fix="Leave undefined ones out."
        )
    drawn = given[np.random.default_rng(seed).integers(given.size, size=(rounds, given.size))].mean(1)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(given.mean()), float(low), float(high)


PER_IMAGE: dict[str, Metric] = {
    "f1@0.5/image": f1_at_half_per_image,
    "f1-best/image": best_f1_per_image,
    "iou@0.5/image": iou_at_half_per_image,
    "mcc@0.5/image": mcc_at_half_per_image,
    "pix-auc/image": auc_per_image,
}
"""What is reported of each altered picture, by the name to print; means over pictures with a bootstrap interval."""


def _macro(prediction: np.ndarray, mask: np.ndarray) -> float:
    table = count(prediction, mask)
    swapped = Counts(table.neither, table.missed, table.called, table.both)
    return (table.f1 + swapped.f1) / 2


def _flat(prediction: np.ndarray, mask: np.ndarray, valid: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if prediction.shape != mask.shape or mask.dtype != np.bool_ or (valid is not None and valid.shape != mask.shape):
        raise InputError(
            f"Expected a map and a bool mask of one size; got {prediction.shape} and {mask.dtype} {mask.shape}.",
            fix="Bring the map to the picture's size first, and binarise the mask at a stated threshold.",
        )
    if valid is None:
        return prediction.ravel(), mask.ravel()
    return prediction[valid], mask[valid]
