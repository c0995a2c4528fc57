"""What is to be repaired: slices with most of their k-space missing, in noise, or at half the resolution.

Each degradation of slice number `index` is the same for a seed, whatever else is degraded.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from PIL import Image

Degradation = Literal["undersampled", "noisy", "halved"]
DEGRADATIONS: tuple[Degradation, ...] = get_args(Degradation)

ACCELERATION, CENTRE = 4, 0.08
"""One line of k-space in so many is measured; this share of all lines lies in the middle and always is."""

SIGMA = 0.05
"""Deviation of each of the two channels' noise, of a range of 1."""


class Measured(NamedTuple):
    """The lines of k-space that were measured: complex128 `(s, s)`, and bool `(s,)` which rows they are."""

    space: np.ndarray
    lines: np.ndarray


def sampled_lines(side: int, rng: np.random.Generator) -> np.ndarray:
    """Which rows of a centred k-space are measured, bool `(side,)`: the middle ones, and random others."""
    total, middle = round(side / ACCELERATION), max(1, round(side * CENTRE))
    lines = np.zeros(side, bool)
    first = (side - middle + 1) // 2
    lines[first : first + middle] = True
    others = np.flatnonzero(~lines)
    lines[rng.choice(others, max(0, total - middle), replace=False)] = True
    return lines


def measure(picture: np.ndarray, lines: np.ndarray) -> Measured:
    """What a scanner that measures only these lines knows of a slice `(s, s)`."""
    return Measured(to_space(picture) * lines[:, None], lines)


def zero_filled(measured: Measured) -> np.ndarray:
    """The magnitude of what was measured, with nothing in the missing lines; float32 `(s, s)`, clipped at 1."""
    return np.minimum(np.abs(to_picture(measured.space)), 1).astype(np.float32)


def consistent(picture: np.ndarray, measured: Measured) -> np.ndarray:
    """A reconstruction with its measured lines put back as measured: what is left is the network's invention.

    A slice is real, so that line -k is known where line k is.
    """
    side = len(measured.lines)
    lines = measured.lines[:, None]
    opposite = np.roll(lines[::-1], 1 - side % 2, 0)
    known = np.conj(np.roll(measured.space[::-1, ::-1], 1 - side % 2, (0, 1)))
    space = np.where(lines, measured.space, np.where(opposite, known, to_space(picture)))
    return np.clip(to_picture(space).real, 0, 1).astype(np.float32)


def contradiction(picture: np.ndarray, measured: Measured) -> float:
    """How far a reconstruction departs from its own measurement: |M F x - y| / |y|; 0 where it keeps every line."""
    apart = (to_space(picture) - measured.space) * measured.lines[:, None]
    return float(np.linalg.norm(apart) / np.linalg.norm(measured.space))


def to_space(picture: np.ndarray) -> np.ndarray:
    """Centred, orthonormal 2-D Fourier transform."""
    return np.fft.fftshift(np.fft.fft2(picture, norm="ortho"))


def to_picture(space: np.ndarray) -> np.ndarray:
    """Back again; complex."""
    return np.fft.ifft2(np.fft.ifftshift(space), norm="ortho")


def noisy(picture: np.ndarray, rng: np.random.Generator, sigma: float = SIGMA) -> np.ndarray:
    """The magnitude of a slice whose two channels have Gaussian noise (Rician noise), float32, clipped at 1."""
    errors = sigma * rng.standard_normal((2, *picture.shape))
    return np.minimum(np.hypot(picture + errors[0], errors[1]), 1).astype(np.float32)


def halved(picture: np.ndarray) -> np.ndarray:
    """A slice reduced to half its side and enlarged again, both bicubic; float32, clipped to [0, 1]."""
    side = picture.shape[0]
    small = Image.fromarray(np.ascontiguousarray(picture, np.float32)).resize(
        (side // 2,) * 2, Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(small.resize((side, side), Image.Resampling.BICUBIC)), 0, 1)


def measurement(picture: np.ndarray, index: int, seed: int = 0) -> Measured:
    """The measurement that `degraded` starts from with "undersampled"."""
    return measure(picture, sampled_lines(len(picture), np.random.default_rng([0xDE6, seed, index])))


def degraded(pictures: np.ndarray, kind: Degradation, seed: int = 0) -> np.ndarray:
    """Slices float32 `(n, s, s)` in [0, 1] as the network gets to see them, same shape and range."""
    made = []
    for index, picture in enumerate(pictures):
        match kind:
            case "undersampled":
                made.append(zero_filled(measurement(picture, index, seed)))
            case "noisy":
                made.append(noisy(picture, np.random.default_rng([0xDE7, seed, index])))
            case "halved":
                made.append(halved(picture))
    return np.stack(made)
