"""The phantoms world: slices through drawn patients as a magnetic resonance scanner would show them, with every tissue.

A patient is a body of ellipsoids of one of three organs (after Shepp and Logan, 1974); slices of one patient resemble
each other, as real ones do. On the tissues' brightness and texture come a smooth bias field and Rician noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from fauxto.data.worlds.camera import fractal
from fauxto.errors import InputError

Organ = Literal["knee", "heart", "brain"]
ORGANS: tuple[Organ, ...] = get_args(Organ)

TISSUES = ("air", "fat", "muscle", "bone", "marrow", "cartilage", "blood", "fluid", "grey matter", "white matter")
"""What a label stands for."""

BRIGHTNESS = np.array([0.0, 0.85, 0.42, 0.06, 0.72, 0.55, 0.95, 0.18, 0.5, 0.68])
TEXTURE = np.array([0.0, 0.06, 0.16, 0.0, 0.1, 0.03, 0.03, 0.02, 0.08, 0.05])
"""Of each tissue: mean brightness, and the relative deviation of its texture."""

OVERSAMPLED = 2
"""Points a pixel and axis that are averaged."""

Body = tuple[tuple[str, float, float, float, float, float, float, float], ...]
"""Tissue, centre x, y, z, half axes x, y, z, angle in degrees; a later one covers an earlier one. The picture is
[-1, 1] x [-1, 1], x to the right and y down; z is 0 in the middle slice.
"""

BODIES: dict[Organ, Body] = {
    "knee": (
        ("fat", 0, 0, 0, 0.78, 0.95, 2.0, 0),
        ("muscle", -0.05, 0, 0, 0.66, 0.88, 2.0, 0),
        ("bone", -0.02, -0.55, 0, 0.36, 0.52, 0.9, 4),
        ("marrow", -0.02, -0.57, 0, 0.31, 0.48, 0.85, 4),
        ("bone", 0.0, 0.6, 0, 0.34, 0.5, 0.9, -3),
        ("marrow", 0.0, 0.63, 0, 0.29, 0.46, 0.85, -3),
        ("cartilage", 0.0, -0.02, 0, 0.36, 0.06, 0.8, 0),
        ("cartilage", 0.0, 0.1, 0, 0.33, 0.05, 0.8, 0),
        ("fluid", 0.28, 0.03, 0.1, 0.1, 0.05, 0.5, 20),
        ("bone", 0.52, -0.28, 0, 0.13, 0.22, 0.6, 8),
        ("marrow", 0.52, -0.28, 0, 0.09, 0.18, 0.55, 8),
    ),
    "heart": (
        ("fat", 0, 0, 0, 0.96, 0.74, 3.0, 0),
        ("muscle", 0, 0, 0, 0.88, 0.66, 3.0, 0),
        ("air", -0.46, -0.02, 0, 0.32, 0.46, 1.8, 8),
        ("air", 0.5, 0.04, 0, 0.28, 0.46, 1.8, -10),
        ("blood", -0.12, -0.12, 0, 0.3, 0.22, 0.9, -25),
        ("muscle", 0.18, -0.02, 0, 0.31, 0.29, 1.0, 30),
        ("blood", 0.18, -0.02, 0, 0.19, 0.17, 0.85, 30),
        ("muscle", 0.12, 0.06, 0, 0.05, 0.04, 0.6, 0),
        ("blood", 0.1, 0.42, 0, 0.09, 0.09, 3.0, 0),
        ("bone", -0.04, 0.5, 0, 0.16, 0.13, 3.0, 0),
        ("marrow", -0.04, 0.5, 0, 0.12, 0.1, 3.0, 0),
    ),
    "brain": (
        ("fat", 0, 0, 0, 0.8, 0.96, 1.5, 0),
        ("bone", 0, 0, 0, 0.74, 0.9, 1.4, 0),
        ("fluid", 0, 0, 0, 0.69, 0.85, 1.32, 0),
        ("grey matter", 0, 0, 0, 0.65, 0.81, 1.25, 0),
        ("white matter", -0.3, 0.02, 0, 0.25, 0.62, 0.95, -4),
        ("white matter", 0.3, 0.02, 0, 0.25, 0.62, 0.95, 4),
        ("fluid", -0.13, -0.1, 0.1, 0.08, 0.27, 0.5, 12),
        ("fluid", 0.13, -0.1, 0.1, 0.08, 0.27, 0.5, -12),
        ("grey matter", -0.22, 0.12, -0.1, 0.09, 0.15, 0.4, 10),
        ("grey matter", 0.22, 0.12, -0.1, 0.09, 0.15, 0.4, -10),
        ("fluid", 0, 0.45, -0.3, 0.05, 0.1, 0.4, 0),
    ),
}


@dataclass(frozen=True, slots=True)
class Phantoms:
    """Slices of one organ: `pixels` float32 `(n, s, s)` in [0, 1], and what they show.

    `clean` is the same without noise; `labels` uint8 `(n, s, s)` are the indices into `TISSUES` at the middle of each
    pixel; `volumes` int64 `(n,)` numbers the patients, `heights` float64 `(n,)` says where each is cut, in [-1, 1].
    """

    organ: Organ
    pixels: np.ndarray
    clean: np.ndarray
    labels: np.ndarray
    volumes: np.ndarray
    heights: np.ndarray

    def __len__(self) -> int:
        """How many slices there are."""
        return len(self.pixels)


def slices(organ: Organ, count: int, seed: int = 0, side: int = 64, *, each: int = 5, noise: float = 0.01) -> Phantoms:
    """`count` slices, `each` of them of one patient; patient k of a seed is the same however many there are.

    `noise` is the deviation of Rician noise. Errors: InputError for an organ or a number that cannot be.

    >>> slices("brain", 7, side=32).volumes.tolist()
    [0, 0, 0, 0, 0, 1, 1]
    """
    if organ not in BODIES or min(count, each) < 1 or side < 8 or noise < 0:
        raise InputError(
            f"No such phantoms: {count} slices of {organ!r}, {each} a patient, side {side}, noise {noise}.",
            fix=f"Give an organ of {', '.join(ORGANS)}, counts from 1, a side from 8 and noise from 0.",
        )
    patients = [_patient(organ, k, seed, side, each=each, noise=noise) for k in range(-(-count // each))]
    pixels, clean, labels, heights = (np.concatenate(parts)[:count] for parts in zip(*patients, strict=True))
    return Phantoms(organ, pixels, clean, labels, np.arange(count) // each, heights)


def _patient(
    organ: Organ, number: int, seed: int, side: int, *, each: int, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Noisy and clean pixels, labels and heights of one patient."""
    rng = np.random.default_rng([0x9A7, ORGANS.index(organ), seed, number])
    body = _varied(BODIES[organ], rng)
    brightness = BRIGHTNESS * rng.uniform(0.88, 1.12, len(BRIGHTNESS))
    textures = fractal(side, rng), fractal(side, rng)
    bias = _bias(side, rng)
    heights = np.linspace(-0.4, 0.4, each) + rng.uniform(-0.05, 0.05, each)
    cuts = [_cut(body, height, side, brightness) for height in heights]
    labels = np.stack([label for label, _ in cuts])
    drawn = np.stack([picture for _, picture in cuts])
    turns = heights[:, None, None] * np.pi / 2  # the texture changes with height, but not from one slice to the next
    texture = np.cos(turns) * textures[0] + np.sin(turns) * textures[1]
    clean = np.clip(drawn * (1 + TEXTURE[labels] * texture) * bias, 0, 1).astype(np.float32)
    errors = noise * rng.standard_normal((2, *clean.shape), np.float32)
    pixels = np.clip(np.hypot(clean + errors[0], errors[1]), 0, 1)
    return pixels, clean, labels.astype(np.uint8), heights


def _varied(body: Body, rng: np.random.Generator) -> np.ndarray:
    """A body of one patient's own measures, float64 `(k, 8)`: the tissue's number, then the ellipsoid."""
    rows = np.array([(TISSUES.index(tissue), *numbers) for tissue, *numbers in body], np.float64)
    size, stretch = rng.uniform(0.85, 1.0), rng.uniform(0.92, 1.08)
    rows[:, 1:3] += rng.normal(0, 0.02, (len(rows), 2)) + rng.normal(0, 0.02, 2)
    rows[:, 4:7] *= rng.uniform(0.9, 1.1, (len(rows), 3))
    rows[:, 1:7] *= size
    rows[:, [1, 4]] *= stretch
    rows[:, 7] += rng.normal(0, 4, len(rows)) + rng.normal(0, 4)
    return rows


def _cut(body: np.ndarray, height: float, side: int, brightness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tissue at the middle of each pixel, and the mean brightness of each pixel's points."""
    fine = _tissues(body, height, side * OVERSAMPLED)
    parts = brightness[fine].reshape(side, OVERSAMPLED, side, OVERSAMPLED)
    return _tissues(body, height, side), parts.mean((1, 3))


def _tissues(body: np.ndarray, height: float, side: int) -> np.ndarray:
    """The tissue at the middle of each of `side` x `side` cells, int64."""
    places = (np.arange(side) + 0.5) / side * 2 - 1
    found = np.zeros((side, side), np.int64)
    for tissue, x, y, z, width, depth, reach, angle in body:
        share = 1 - ((height - z) / reach) ** 2
        if share <= 0:
            continue
        longest = max(width, depth) * np.sqrt(share)
        rows, columns = (slice(*np.searchsorted(places, (c - longest, c + longest))) for c in (y, x))
        cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        right, down = places[None, columns] - x, places[rows, None] - y
        u, v = (right * cosine + down * sine) / width, (down * cosine - right * sine) / depth
        found[rows, columns][u * u + v * v < share] = int(tissue)
    return found


def _bias(side: int, rng: np.random.Generator) -> np.ndarray:
    """A smooth field of about 1, as a receiving coil has: the exponential of a quadratic polynomial."""
    places = np.linspace(-1, 1, side)
    x, y = places[None], places[:, None]
    weights = rng.normal(0, 0.08, 5)
    return np.exp(sum(w * term for w, term in zip(weights, (x, y, x * y, x * x, y * y), strict=True)))
