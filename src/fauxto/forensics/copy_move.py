"""Copy-move: areas of a picture that occur in it twice, one shifted, turned or scaled onto the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from fauxto.forensics.extra import need
from fauxto.forensics.parts import checked, luma, placed
from fauxto.forensics.trace import About, Trace
from fauxto.language import say

ABOUT = About(
    name="copy-move",
    title=say("Copy-move"),
    looks_for=say("areas that occur twice in the same picture, one moved, turned or scaled onto the other"),
    cannot_show=say(
        "It cannot tell which of the two is the original. Buildings, patterns, text and repeated products "
        "occur twice by themselves."
    ),
    unit=say("keypoints that one shift, turn and scale maps onto keypoints with the same surroundings"),
    fails_on=(
        say("windows, tiles, text, logos and other true repetitions"),
        say("smooth copied areas, such as sky: they have no keypoints"),
        say("copies that were reshaped, mirrored or blurred"),
    ),
    reads="pixels",
    source="I. Amerini et al., A SIFT-based forensic method for copy-move attack detection, IEEE TIFS 2011",
)
MOST_SIDE = 1600
"""A longer side is shrunk to this first: repetition survives it."""
_KEYPOINTS = 3000
_CANDIDATES = 8
"""Neighbours that are looked at; those closer in the picture than `_LEAST_SHIFT` pixels are the point itself."""
_RATIO = 0.6
_LEAST_SHIFT = 24
_LEAST_PAIRS = 4
_ALIKE = 0.8
_WINDOW = 9


def copy_move(pixels: np.ndarray) -> Trace:
    """Match SIFT keypoints with each other, fit one similarity to them, and compare the pixels that it maps.

    `pixels`: uint8 `(h, w, 3)`. Number: keypoint pairs that agree on one similarity and whose surroundings correlate
    by 0.8 or more. Details: "shift" (x, y) in pixels from the one area to the other, "angle" in degrees, "scale".
    Needs OpenCV; a longer side is shrunk to 1600. Errors: InputError, ResourceError without the extra.
    """
    cv2 = need("cv2")
    pixels = checked(pixels)
    height, width = pixels.shape[:2]
    shrink = min(1.0, MOST_SIDE / max(height, width))
    gray = luma(pixels).round().astype(np.uint8)
    if shrink < 1:
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    if min(gray.shape) < 64:
        return Trace(ABOUT.name, None, say("The picture is too small to look for copied areas."))
    note = " " + say("It was shrunk for that.") if shrink < 1 else ""
    first, second = _pairs(cv2, gray)
    fitted = _fit(cv2, gray, first, second) if len(first) >= _LEAST_PAIRS else None
    if fitted is None:
        return Trace(ABOUT.name, 0.0, say("No area was found twice.") + note, None, {})
    count, matrix, alike = fitted
    target = cv2.warpAffine(alike.astype(np.uint8), matrix, gray.shape[::-1], flags=cv2.INTER_NEAREST)
    both = np.maximum(alike, target).astype(np.uint8)
    both = cv2.resize(both, (width, height), interpolation=cv2.INTER_NEAREST)
    centre = np.argwhere(alike).mean(axis=0)[::-1] if alike.any() else first.mean(axis=0)
    moved = (matrix[:, :2] @ centre + matrix[:, 2] - centre) / shrink
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    details: dict[str, Any] = {
        "shift": (round(float(moved[0]), 1), round(float(moved[1]), 1)),
        "angle": round(float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))), 1),
        "scale": round(scale, 3),
    }
    return Trace(
        ABOUT.name,
        float(count),
        say(
            "An area occurs twice, {distance} pixels apart: {count} points of the one agree with the other.",
            distance=f"{np.hypot(*moved):.0f}",
            count=count,
        )
        + note,
        placed(both.astype(np.float32), 0, 0, height, width),
        details,
    )


def _pairs(cv2: Any, gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of keypoints and of the unlike-placed keypoints that look the same: float32 `(n, 2)` each."""
    points, descriptors = cv2.SIFT_create(nfeatures=_KEYPOINTS, contrastThreshold=0.02).detectAndCompute(gray, None)
    empty = np.zeros((0, 2), np.float32)
    if descriptors is None or len(points) <= _CANDIDATES:
        return empty, empty
    places = np.array([point.pt for point in points], np.float32)
    roots = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6)).astype(np.float32)
    first, second = [], []
    for start in range(0, len(roots), 1000):
        alike = roots[start : start + 1000] @ roots.T
        nearest = np.argpartition(-alike, min(_CANDIDATES, len(roots) - 1), axis=1)[:, :_CANDIDATES]
        found = np.take_along_axis(alike, nearest, 1)
        apart = np.linalg.norm(places[start : start + 1000, None] - places[nearest], axis=2) >= _LEAST_SHIFT
        distance = np.where(apart, np.sqrt(np.maximum(2 - 2 * found, 0)), 2)
        order = distance.argsort(axis=1)
        best, next_ = (np.take_along_axis(distance, order[:, k : k + 1], 1)[:, 0] for k in (0, 1))
        chosen = np.flatnonzero(best < _RATIO * next_)
        first.append(places[start + chosen])
        second.append(places[nearest[chosen, order[chosen, 0]]])
    one, other = np.concatenate(first), np.concatenate(second)
    # Both directions were matched; keep each pair once, from left to right, or RANSAC would fit a swap.
    swap = (one[:, 0] > other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1]))
    one[swap], other[swap] = other[swap].copy(), one[swap].copy()
    both = np.unique(np.concatenate([one, other], axis=1).round(2), axis=0)
    return np.ascontiguousarray(both[:, :2]), np.ascontiguousarray(both[:, 2:])


def _fit(
    cv2: Any, gray: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[int, np.ndarray, np.ndarray] | None:
    """The similarity with most pairs that the pixels bear out: their number, the 2 x 3 matrix, and where."""
    best: tuple[int, np.ndarray, np.ndarray] | None = None
    for _ in range(4):
        if len(first) < _LEAST_PAIRS:
            break
        cv2.setRNGSeed(0)
        matrix, inliers = cv2.estimateAffinePartial2D(first, second, ransacReprojThreshold=2.0, maxIters=2000)
        if matrix is None:
            break
        agree = inliers.ravel().astype(bool)
        if agree.sum() < _LEAST_PAIRS:
            break
        scale = np.hypot(matrix[0, 0], matrix[1, 0])
        if 0.4 < scale < 2.5:
            alike = _alike(cv2, gray, matrix, first[agree])
            column, row = first[agree].round().astype(int).T
            held = alike[np.clip(row, 0, gray.shape[0] - 1), np.clip(column, 0, gray.shape[1] - 1)]
            if held.sum() >= _LEAST_PAIRS and (best is None or held.sum() > best[0]):
                best = int(held.sum()), matrix, alike
        first, second = first[~agree], second[~agree]
    return best


def _alike(cv2: Any, gray: np.ndarray, matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where the picture correlates with what the similarity maps onto it, in the neighbourhood of the points."""
    plane = gray.astype(np.float32)
    mapped = cv2.warpAffine(plane, matrix, gray.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    inside = cv2.warpAffine(np.ones_like(plane), matrix, gray.shape[::-1], flags=cv2.WARP_INVERSE_MAP) > 0.5

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(values, -1, (_WINDOW, _WINDOW))

    a, b = plane - mean(plane), mapped - mean(mapped)
    covariance = mean(a * b)
    spread = mean(a * a) * mean(b * b)
    correlation = np.where(spread > 1, covariance / np.sqrt(np.maximum(spread, 1)), 0)
    reach = np.zeros_like(gray)
    for column, row in points.round().astype(int):
        cv2.circle(reach, (int(column), int(row)), 24, 1, -1)
    return (correlation >= _ALIKE) & inside & (reach > 0)
