"""Smoothing other than the plain Gaussian: windows, boxes, medians, motion, and filters that keep edges."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageFilter

from fauxto.launder.operation import Operator, rounded
from fauxto.launder.parameters import number, whole


def blur_window(pixels: np.ndarray, rng: np.random.Generator, kernel: int = 5, sigma: float = 2.0) -> np.ndarray:
    """A Gaussian cut to `kernel` taps, edges mirrored without repeating the edge pixel, as OpenCV, kornia and
    torchvision do it; sigma 0 means OpenCV's 0.3 ((kernel - 1) / 2 - 1) + 0.8. See `effective_sigma`.
    """
    return rounded(_separable(pixels, window(kernel, sigma), "reflect"))


def window(kernel: int, sigma: float) -> np.ndarray:
    """The weights of `blur_window`, sum 1; `kernel` is made odd."""
    sigma = sigma or 0.3 * ((kernel - 1) / 2 - 1) + 0.8
    offsets = np.arange(kernel // 2 * 2 + 1) - kernel // 2
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    return weights / weights.sum()


def effective_sigma(kernel: int, sigma: float) -> float:
    """The standard deviation of a Gaussian that is cut to `kernel` taps.

    >>> round(effective_sigma(3, 2.0), 2), round(effective_sigma(5, 2.0), 2)
    (0.8, 1.29)
    """
    offsets = np.arange(kernel // 2 * 2 + 1) - kernel // 2
    return float(math.sqrt((window(kernel, sigma) * offsets**2).sum()))


def blur_scipy8(pixels: np.ndarray, rng: np.random.Generator, sigma: float = 1.0) -> np.ndarray:
    """SciPy's filter written into the uint8 picture itself, as the code of CNNDetection and its heirs does: each of the
    two passes truncates, which darkens by about one grey level. Only for repeating published figures.
    """
    if sigma <= 0:
        return pixels
    radius = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    down = _along(pixels.astype(np.float64), weights, 0, "symmetric").astype(np.uint8)
    return _along(down.astype(np.float64), weights, 1, "symmetric").astype(np.uint8)


def blur_pillow(pixels: np.ndarray, rng: np.random.Generator, radius: float = 1.0) -> np.ndarray:
    """Pillow's GaussianBlur, whose radius is sigma: three passes of a box that approximate the Gaussian."""
    return np.array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def box(pixels: np.ndarray, rng: np.random.Generator, size: int = 3) -> np.ndarray:
    """The mean of a square of `size` (made odd), edges mirrored with the edge pixel repeated."""
    taps = size // 2 * 2 + 1
    return rounded(_separable(pixels, np.full(taps, 1 / taps), "symmetric"))


def median(pixels: np.ndarray, rng: np.random.Generator, size: int = 3) -> np.ndarray:
    """The median of a square of `size` (made odd) of each channel, edges repeated: Pillow's filter."""
    size = size // 2 * 2 + 1
    if min(pixels.shape[:2]) < size:
        return pixels
    return np.array(Image.fromarray(pixels).filter(ImageFilter.MedianFilter(size)))


def motion(pixels: np.ndarray, rng: np.random.Generator, length: float = 9.0, angle: float = 0.0) -> np.ndarray:
    """The mean along a line of `length` pixels at `angle` degrees (0 is along the rows), bilinear between pixels."""
    radius = math.ceil(length / 2)
    weights = np.zeros((2 * radius + 1, 2 * radius + 1))
    for step in np.linspace(-(length - 1) / 2, (length - 1) / 2, 4 * radius + 1):
        y, x = radius - step * math.sin(math.radians(angle)), radius + step * math.cos(math.radians(angle))
        top, left = min(int(y), 2 * radius - 1), min(int(x), 2 * radius - 1)
        up, near = y - top, x - left
        weights[top : top + 2, left : left + 2] += np.outer([1 - up, up], [1 - near, near])
    weights /= weights.sum()
    padded = np.pad(pixels.astype(np.float32), ((radius, radius), (radius, radius), (0, 0)), mode="symmetric")
    out = np.zeros(pixels.shape, np.float32)
    height, width = pixels.shape[:2]
    for y, x in zip(*np.nonzero(weights), strict=True):
        out += np.float32(weights[y, x]) * padded[y : y + height, x : x + width]
    return rounded(out)


def bilateral(
    pixels: np.ndarray, rng: np.random.Generator, size: int = 5, colour: float = 25.0, space: float = 3.0
) -> np.ndarray:
    """OpenCV's bilateral filter: a disc of diameter `size`, weights exp(-d^2 / 2 colour^2) of the sum of the channels'
    differences d, times those of the distance; edges mirrored without repeating.
    """
    radius = max(1, size // 2)
    centre = pixels.astype(np.float32)
    padded = _padded(centre, radius, "reflect")
    height, width = pixels.shape[:2]
    total, out = np.zeros((height, width, 1), np.float32), np.zeros_like(centre)
    for y in range(-radius, radius + 1):
        for x in range(-radius, radius + 1):
            distance = y * y + x * x
            if distance > radius * radius:
                continue
            moved = padded[radius + y : radius + y + height, radius + x : radius + x + width]
            apart = np.abs(moved - centre).sum(axis=2, keepdims=True)
            weight = np.exp(-(apart**2) / (2 * colour**2) - distance / (2 * space**2))
            total += weight
            out += weight * moved
    return rounded(out / total)


def nlm(pixels: np.ndarray, rng: np.random.Generator, h: float = 10.0, patch: int = 5, reach: int = 5) -> np.ndarray:
    """Non-local means (Buades et al., 2005): the mean over shifts up to `reach`, weighted by exp(-d^2 / h^2), where d^2
    is the mean squared difference of `patch` x `patch` windows. Costs (2 reach + 1)^2 passes.
    """
    radius = patch // 2
    centre = _padded(pixels.astype(np.float32), reach + radius, "symmetric")
    height, width = pixels.shape[:2]
    core = (slice(reach, reach + height + 2 * radius), slice(reach, reach + width + 2 * radius))
    total, out = np.zeros((height, width, 1), np.float32), np.zeros((height, width, 3), np.float32)
    taps = np.full(2 * radius + 1, 1 / (2 * radius + 1), np.float32)
    for y in range(-reach, reach + 1):
        for x in range(-reach, reach + 1):
            moved = np.roll(centre, (-y, -x), (0, 1))[core]
            squared = ((moved - centre[core]) ** 2).mean(axis=2, keepdims=True)
            apart = _valid(_valid(squared, taps, 0), taps, 1)
            weight = np.exp(-apart / np.float32(h) ** 2)
            total += weight
            out += weight * moved[radius : radius + height, radius : radius + width]
    return rounded(out / total)


def _separable(pixels: np.ndarray, weights: np.ndarray, mode: str) -> np.ndarray:
    return _along(_along(pixels.astype(np.float32), weights, 0, mode), weights, 1, mode)


def _along(values: np.ndarray, weights: np.ndarray, axis: int, mode: str) -> np.ndarray:
    return _valid(_padded(values, len(weights) // 2, mode, axis), weights.astype(values.dtype), axis)


def _padded(values: np.ndarray, radius: int, mode: str, axis: int | None = None) -> np.ndarray:
    """Mirrored on all sides, or along one axis; numpy mirrors again where a side is shorter than the radius."""
    width = [(radius, radius) if axis in (None, i) and i < 2 else (0, 0) for i in range(3)]
    if mode == "reflect" and min(values.shape[:2]) < 2:
        mode = "edge"
    return np.pad(values, width, mode=mode)  # type: ignore[call-overload]


def _valid(values: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    length = values.shape[axis] - len(weights) + 1
    out = np.zeros(
        (length, *values.shape[1:]) if axis == 0 else (values.shape[0], length, *values.shape[2:]), values.dtype
    )
    for tap, weight in enumerate(weights):
        out += weight * (values[tap : tap + length] if axis == 0 else values[:, tap : tap + length])
    return out


TABLE = (
    Operator(
        "blur_window", "Gaussian blur cut to a window (OpenCV, kornia, torchvision): acts less than its sigma.",
        blur_window, (whole("kernel", 5, 1, 99), number("sigma", 2.0, 0.0, 50.0)),
        ("3,0.5", "3,1", "5,1", "5,2", "9,2"),
    ),
    Operator(
        "blur_scipy8", "SciPy's Gaussian written into uint8 twice (it truncates): the code of CNNDetection and heirs.",
        blur_scipy8, (number("sigma", 1.0, 0.0, 50.0),), ("0.5", "1", "1.5", "2", "3"),
    ),
    Operator(
        "blur_pillow", "Pillow's Gaussian blur: boxes that approximate it; the radius is sigma.",
        blur_pillow, (number("radius", 1.0, 0.0, 50.0),), ("0.5", "1", "1.5", "2", "3"),
    ),
    Operator("box", "Mean of a square.", box, (whole("size", 3, 1, 99),), ("3", "5", "7", "9", "13")),
    Operator("median", "Median of a square (Pillow).", median, (whole("size", 3, 1, 15),), ("3", "3", "5", "5", "7")),
    Operator(
        "motion", "Mean along a line: its length in pixels, its angle in degrees.", motion,
        (number("length", 9.0, 1.0, 99.0), number("angle", 0.0, -360.0, 360.0)), ("3", "5", "9", "13", "19"),
    ),
    Operator(
        "bilateral", "OpenCV's bilateral filter: smooth, but edges stay.", bilateral,
        (whole("size", 5, 3, 15), number("colour", 25.0, 1.0, 255.0), number("space", 3.0, 0.5, 20.0)),
        ("3,10", "5,15", "5,25", "5,40", "7,60"),
    ),
    Operator(
        "nlm", "Non-local means with uniform patches.", nlm,
        (number("h", 10.0, 0.5, 100.0), whole("patch", 5, 1, 9), whole("reach", 5, 1, 10)),
        ("6", "10", "14", "20", "30"),
    ),
)  # fmt: skip
"""Operators of this file."""
