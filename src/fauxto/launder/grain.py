"""Noise that is not plain Gaussian: shot, salt, speckle, film."""

from __future__ import annotations

import numpy as np

from fauxto.launder.filters import gaussian
from fauxto.launder.operation import Operator, rounded
from fauxto.launder.parameters import number


def poisson(pixels: np.ndarray, rng: np.random.Generator, photons: float = 60.0) -> np.ndarray:
    """Shot noise: each value is counted in photons, `photons` of them at white; its variance is 255 v / photons."""
    return rounded(rng.poisson(pixels * (photons / 255)) * (255 / photons))


def salt(pixels: np.ndarray, rng: np.random.Generator, share: float = 0.01) -> np.ndarray:
    """The share of pixels that become white or black, as likely one as the other, in all channels at once."""
    draw = rng.random(pixels.shape[:2])
    out = pixels.copy()
    out[draw < share / 2] = 0
    out[draw > 1 - share / 2] = 255
    return out


def speckle(pixels: np.ndarray, rng: np.random.Generator, std: float = 0.1) -> np.ndarray:
    """v (1 + std n) with n standard normal, a draw per pixel and channel."""
    return rounded(pixels * (1 + np.float32(std) * rng.standard_normal(pixels.shape, dtype=np.float32)))


def film(pixels: np.ndarray, rng: np.random.Generator, std: float = 6.0, size: float = 1.0) -> np.ndarray:
    """Grain of this standard deviation, the same in all channels, blurred by `size`; least in black and white."""
    height, width = pixels.shape[:2]
    kernel = gaussian(size) if size >= 0.1 else np.ones(1)
    radius = len(kernel) // 2
    grain = rng.standard_normal((height + 2 * radius, width + 2 * radius))
    grain = np.apply_along_axis(np.convolve, 0, grain, kernel, "valid")
    grain = np.apply_along_axis(np.convolve, 1, grain, kernel, "valid") / (kernel**2).sum()  # standard deviation 1
    tone = pixels.mean(axis=2) / 255
    return rounded(pixels + (std * grain * np.sqrt(4 * tone * (1 - tone)))[..., None])


TABLE = (
    Operator("poisson", "Shot noise; the number is photons at white.", poisson, (number("photons", 60.0, 1.0, 1e5),),
             ("1000", "300", "100", "50", "20")),
    Operator("salt", "A share of pixels white or black.", salt, (number("share", 0.01, 0.0, 1.0),),
             ("0.002", "0.005", "0.01", "0.02", "0.05")),
    Operator("speckle", "Noise in proportion to the value.", speckle, (number("std", 0.1, 0.0, 2.0),),
             ("0.02", "0.04", "0.08", "0.12", "0.2")),
    Operator("film", "Film grain: standard deviation on 0-255, and size in pixels.", film,
             (number("std", 6.0, 0.0, 100.0), number("size", 1.0, 0.0, 5.0)), ("2", "4", "8", "12", "20")),
)  # fmt: skip
"""Operators of this file."""
