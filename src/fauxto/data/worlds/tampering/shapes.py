"""Outlines of what is altered: blobs, polygons, boxes and brush strokes; nothing in them depends on the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

SMALLEST, LARGEST = 0.03, 0.35
"""Share of the picture that an outline covers: the limits between which it is drawn, evenly in the logarithm."""

POINTS = 96


def outline(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """One random region, bool `(height, width)`, neither empty nor everything.

    Its share of the picture lies near exp(U(log 0.03, log 0.35)); a region that leaves the picture is cut off there.
    """
    area = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))) * height * width
    draw = (_blob, _polygon, _box, _stroke)[int(rng.integers(4))]
    points = draw(rng)
    points *= np.sqrt(area / max(_area(points), 1e-6))
    centre = np.array([rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height])
    canvas = Image.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon([(float(x), float(y)) for x, y in points + centre], fill=1)
    region = np.asarray(canvas)
    if not region.any() or region.all():
        region = np.zeros((height, width), bool)
        region[height // 4 : height // 2, width // 4 : width // 2] = True
    return region


def feather(region: np.ndarray, sigma: float) -> np.ndarray:
    """The weight of the new pixels, float32 `(h, w)` in [0, 1]: the region with its edge softened by a Gaussian."""
    weight = region.astype(np.float32)
    return np.clip(gaussian_filter(weight, sigma, mode="nearest"), 0, 1) if sigma > 0 else weight


def ellipse(height: int, width: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """The ellipse that fills a box (x, y, width, height), bool `(height, width)`."""
    x, y, across, down = box
    yy, xx = np.mgrid[:height, :width]
    return ((xx + 0.5 - x - across / 2) / (across / 2)) ** 2 + ((yy + 0.5 - y - down / 2) / (down / 2)) ** 2 <= 1


def _blob(rng: np.random.Generator) -> np.ndarray:
    """A circle whose radius wavers: five harmonics that fall off."""
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    radius = np.ones(POINTS)
    for harmonic in range(2, 7):
        radius += rng.normal(0, 0.35 / harmonic) * np.cos(harmonic * angle + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.2)
    return _turned(np.stack([radius * np.cos(angle) * rng.uniform(0.6, 1.6), radius * np.sin(angle)], 1), rng)


def _polygon(rng: np.random.Generator) -> np.ndarray:
    corners = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 9))))
    radius = rng.uniform(0.5, 1.2, len(corners))
    return np.stack([radius * np.cos(corners), radius * np.sin(corners)], 1)


def _box(rng: np.random.Generator) -> np.ndarray:
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float) * [rng.uniform(0.5, 2), 1]
    return _turned(corners, rng) if rng.random() < 0.5 else corners


def _stroke(rng: np.random.Generator) -> np.ndarray:
    """A broad brush along a bent path, as one polygon: there on one side, back on the other."""
    along = np.linspace(-1.5, 1.5, POINTS // 2)
    bend = rng.uniform(-0.6, 0.6) * along**2 + rng.uniform(-0.3, 0.3) * along**3
    half = rng.uniform(0.15, 0.4)
    there, back = np.stack([along, bend - half], 1), np.stack([along, bend + half], 1)[::-1]
    return _turned(np.concatenate([there, back]), rng)


def _turned(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi)
    cosine, sine = np.cos(angle), np.sin(angle)
    return points @ np.array([[cosine, sine], [-sine, cosine]])


def _area(points: np.ndarray) -> float:
    """The shoelace formula."""
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)
