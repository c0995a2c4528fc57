"""The shapes world: ten classes of small pictures, a shape of a hue and a texture on a plain ground, drawn exactly."""

from __future__ import annotations

import colorsys

import numpy as np

SHAPES = ("disc", "square", "triangle", "ring", "cross")
TEXTURES = ("plain", "striped")
CLASSES = tuple(f"{texture} {shape}" for texture in TEXTURES for shape in SHAPES)
STRANGER = "crescent"
"""A shape of no class."""

OVERSAMPLED = 2
"""Points a pixel and axis that are averaged."""


def draw(label: int, rng: np.random.Generator, side: int = 32, *, hued: bool = True) -> np.ndarray:
    """One picture of class `label` as uint8 `(side, side, 3)`: hue near label / 10, place, size and ground by chance.

    Unless `hued` the hue is by chance, too: texture and shape alone are the class.

    >>> draw(3, np.random.default_rng(0)).shape
    (32, 32, 3)
    """
    texture, shape = divmod(label, len(SHAPES))
    return _draw(SHAPES[shape], TEXTURES[texture], label / len(CLASSES) if hued else None, rng, side)


def pictures(count: int, seed: int = 0, side: int = 32, *, hued: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """`count` pictures, uint8 `(n, side, side, 3)`, and their labels `(n,)`, the ten classes in turn."""
    labels: np.ndarray = np.arange(count) % len(CLASSES)
    drawn = [
        draw(int(label), np.random.default_rng([seed, number]), side, hued=hued) for number, label in enumerate(labels)
    ]
    return np.stack(drawn), labels


def strangers(count: int, seed: int = 0, side: int = 32) -> np.ndarray:
    """`count` pictures of no class, uint8 `(n, side, side, 3)`: crescents of any hue, in both textures in turn."""
    drawn = [
        _draw(STRANGER, TEXTURES[number % len(TEXTURES)], None, np.random.default_rng([seed, number]), side)
        for number in range(count)
    ]
    return np.stack(drawn)


def _draw(shape: str, texture: str, hue: float | None, rng: np.random.Generator, side: int) -> np.ndarray:
    places: np.ndarray = (np.arange(side * OVERSAMPLED) + 0.5) / (side * OVERSAMPLED) * 2 - 1
    x, y = places[None, :], places[:, None]
    size, tilt = rng.uniform(0.45, 0.7), rng.uniform(-0.3, 0.3)
    left, down = x - rng.uniform(-0.25, 0.25), y - rng.uniform(-0.25, 0.25)
    u = (left * np.cos(tilt) + down * np.sin(tilt)) / size
    v = (down * np.cos(tilt) - left * np.sin(tilt)) / size
    covered: np.ndarray = _inside(shape, u, v).astype(np.float64)
    if texture == "striped":
        covered *= np.where(np.sin(9 * u) > 0, 1.0, 0.45)
    hue = rng.uniform() if hue is None else (hue + rng.uniform(-0.02, 0.02)) % 1
    colour = np.array(colorsys.hsv_to_rgb(hue, rng.uniform(0.75, 1), rng.uniform(0.75, 1)))
    ground = rng.uniform(0.1, 0.3) * np.ones(3)
    pixels = ground + covered[..., None] * (colour - ground)
    pixels = pixels.reshape(side, OVERSAMPLED, side, OVERSAMPLED, 3).mean((1, 3))
    return (pixels * 255 + 0.5).astype(np.uint8)


def _inside(shape: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    radius = np.hypot(u, v)
    match shape:
        case "disc":
            return radius < 0.9
        case "square":
            return np.maximum(abs(u), abs(v)) < 0.8
        case "triangle":
            return (v < 0.7) & (v > 2 * abs(u) - 0.9)
        case "ring":
            return (radius < 0.95) & (radius > 0.55)
        case "crescent":
            return (radius < 0.95) & (np.hypot(u - 0.4, v) > 0.75)
    return (np.minimum(abs(u), abs(v)) < 0.3) & (np.maximum(abs(u), abs(v)) < 0.95)
