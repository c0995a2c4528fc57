"""Pictures taken of pictures: a screen photographed, a print scanned. Models of the project's own, no library's."""

from __future__ import annotations

import numpy as np

from fauxto.launder import filters, warp
from fauxto.launder.operation import Operator, rounded
from fauxto.launder.parameters import number


def screen_photo(
    pixels: np.ndarray, rng: np.random.Generator, tilt: float = 0.04, moire: float = 6.0, sigma: float = 0.9
) -> np.ndarray:
    """A screen photographed by hand: tilted by up to `tilt` of a side, with the beat of two gratings (`moire` grey
    levels), the screen's gamma of 0.9 to 1.15, a lens blur of `sigma` pixels, and shot noise.
    """
    seen = warp.perspective(pixels, rng, tilt).astype(np.float32)
    height, width = seen.shape[:2]
    angle, period = rng.uniform(0, np.pi), rng.uniform(5, 25)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)[..., None]
    colours = np.array([1.0, rng.uniform(0.5, 1), rng.uniform(0.5, 1)], np.float32)
    seen = 255 * (np.clip(seen + moire * wave * colours, 0, 255) / 255) ** rng.uniform(0.9, 1.15)
    blurred = filters.blur(rounded(seen), rng, sigma).astype(np.float32)
    return rounded(blurred + rng.standard_normal(blurred.shape, dtype=np.float32) * np.sqrt(0.5 + blurred / 40))


def print_scan(
    pixels: np.ndarray, rng: np.random.Generator, gain: float = 0.8, skew: float = 1.0, noise: float = 2.0
) -> np.ndarray:
    """Printed and scanned: ink spreads by `gain` pixels, paper is off-white and ink not black, the sheet lies up to
    `skew` degrees askew, the scanner resamples by 0.95 to 1.05 and adds noise.
    """
    ink = filters.blur(pixels, rng, gain).astype(np.float32) / 255
    paper = np.array([250, 247, 238], np.float32) - rng.uniform(0, 6)
    sheet = rounded(25 + (paper - 25) * ink**0.95)
    turned = warp.rotate(sheet, rng, float(rng.uniform(-skew, skew)), "bicubic")
    scanned = warp.resize(turned, rng, float(rng.uniform(0.95, 1.05)), "bicubic")
    return filters.noise(scanned, rng, noise)


def _screen_outline(pixels: np.ndarray, rng: np.random.Generator, tilt: float, **_: float) -> np.ndarray:
    return warp.perspective(pixels, rng, tilt)


def _print_outline(pixels: np.ndarray, rng: np.random.Generator, skew: float, **_: float) -> np.ndarray:
    rng.uniform(0, 6)  # the tint of the paper
    turned = warp.rotate(pixels, rng, float(rng.uniform(-skew, skew)), "nearest")
    return warp.resize(turned, rng, float(rng.uniform(0.95, 1.05)), "nearest")


TABLE = (
    Operator("screen_photo", "A screen photographed by hand: tilt, moire, blur, shot noise.", screen_photo,
             (number("tilt", 0.04, 0.0, 0.2), number("moire", 6.0, 0.0, 60.0), number("sigma", 0.9, 0.0, 5.0)),
             moves=True, outline=_screen_outline),
    Operator("print_scan", "Printed and scanned: dot gain, paper, skew, resampling, noise.", print_scan,
             (number("gain", 0.8, 0.0, 5.0), number("skew", 1.0, 0.0, 10.0), number("noise", 2.0, 0.0, 30.0)),
             moves=True, outline=_print_outline),
)  # fmt: skip
"""Operators of this file."""
