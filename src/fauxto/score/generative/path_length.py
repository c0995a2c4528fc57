"""Perceptual path length (Karras et al., CVPR 2019): how much a picture changes for a tiny step in latent space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fauxto.errors import InputError

EPSILON = 1e-4
DISCARDED = (0.01, 0.99)
"""Outside of these quantiles nothing is averaged: single jumps between modes would decide all."""

Render = Callable[[np.ndarray], np.ndarray]
Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class PathLength:
    """`mean` and `std` of what was kept, out of `pairs`."""

    mean: float
    std: float
    kept: int
    pairs: int


def path_length(
    render: Render,
    distance: Distance,
    latents: np.ndarray,
    others: np.ndarray,
    *,
    space: Literal["lerp", "slerp"] = "slerp",
    ends: bool = False,
    epsilon: float = EPSILON,
    eight_bit: bool = False,
    batch: int = 64,
    seed: int = 0,
) -> PathLength:
    """The mean of `distance(G(t), G(t + epsilon)) / epsilon ** 2` along the paths from `latents` to `others`, `(n, d)`.

    `render` turns latents into pictures, `distance` two batches of those into `(n,)`: LPIPS in the published numbers.
    Normal latents go along `slerp` at unit length, those of a mapping network along `lerp`; t is uniform, or 0 with
    `ends`. `eight_bit` rounds float pictures in [0, 1] to 256 levels first: with epsilon 1e-4 that rounding is most of
    what is measured (1147 against 31 in one published example), so say it beside the number. Errors: InputError.
    """
    if latents.shape != others.shape or latents.ndim != 2 or not len(latents):
        raise InputError(
            f"Paths need two tables of one shape; got {latents.shape} and {others.shape}.", fix="Give (n, d) twice."
        )
    rng = np.random.default_rng(seed)
    walk = {"lerp": lerp, "slerp": slerp}[space]
    found = []
    for start in range(0, len(latents), batch):
        a, b = latents[start : start + batch], others[start : start + batch]
        t = np.zeros((len(a), 1)) if ends else rng.random((len(a), 1))
        pictures = [render(walk(a, b, step).astype(latents.dtype)) for step in (t, t + epsilon)]
        if eight_bit:
            pictures = [np.floor(np.clip(p, 0, 1) * 255 + 0.5).astype(p.dtype) / 255 for p in pictures]
        found.append(np.asarray(distance(*pictures), np.float64) / epsilon**2)
    return summarise(np.concatenate(found))


def summarise(lengths: np.ndarray, discarded: tuple[float, float] = DISCARDED) -> PathLength:
    """Mean and deviation between two quantiles, both rounded outwards to values that are there. Errors: InputError."""
    if not np.isfinite(lengths).all():
        raise InputError("A path length is NaN or infinite.", fix="Look at the pictures first.", code="not_finite")
    low = np.quantile(lengths, discarded[0], method="lower")
    high = np.quantile(lengths, discarded[1], method="higher")
    kept = lengths[(lengths >= low) & (lengths <= high)]
    return PathLength(float(kept.mean()), float(kept.std()), len(kept), len(lengths))


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Along the straight line; `t` is `(n, 1)`."""
    return a + (b - a) * t


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Along the great circle between the directions of `a` and `b`, at unit length; `t` is `(n, 1)`."""
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    cosine = (a * b).sum(1, keepdims=True)
    angle = t * np.arccos(np.clip(cosine, -1, 1))
    across = b - cosine * a
    across = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
    return a * np.cos(angle) + across * np.sin(angle)
