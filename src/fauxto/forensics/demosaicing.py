"""Demosaicing traces: the checkerboard that a camera leaves in green, and where it is missing."""

from __future__ import annotations

import numpy as np

from fauxto.forensics.parts import block_sums, central, checked, coverage, enlarged, placed, window_sums
from fauxto.forensics.trace import About, Trace
from fauxto.language import say

ABOUT = About(
    name="demosaicing",
    title=say("Demosaicing traces"),
    looks_for=say(
        "the checkerboard that cameras leave when they fill in two thirds of the colours, and places without it"
    ),
    cannot_show=say(
        "Most pictures have lost this trace by compression or resizing: its absence everywhere means "
        "nothing. Its absence in one place may be a repair by the camera itself."
    ),
    unit=say(
        "share by which the checkerboard of the most unusual area falls short of the rest (0 none, 1 gone, 2 inverse)"
    ),
    fails_on=(
        say("any resize, and JPEG below a quality of about 95: the trace is gone everywhere"),
        say("cameras that sharpen or denoise in their own way, and sensors without a Bayer mosaic"),
        say("smooth and overexposed areas, where nothing has to be filled in"),
    ),
    reads="pixels",
    source="A. Gallagher and T. Chen, Image authentication by detecting traces of demosaicing, 2008; P. Ferrara et "
    "al., Image forgery localization via fine-grained analysis of CFA artifacts, IEEE TIFS 2012",
)
BLOCK, WINDOW = 16, 9
PRESENT = 0.25
"""Log ratio of the two halves of the checkerboard from which on the trace counts as present."""
LEAST_BLOCKS = 24
"""Textured blocks in a window for it to be judged."""


def demosaicing(pixels: np.ndarray) -> Trace:
    """Compare the error of predicting green from its four neighbours on the two halves of the checkerboard.

    Green that was measured differs from its neighbours more than green that was filled in from them. `pixels`: uint8
    `(h, w, 3)` as stored. Number: how far the trace of a window of 144 x 144 pixels falls short of the whole picture's;
    0 where the whole picture has none. Details: "strength", the log ratio over the picture; "present". Errors:
    InputError.
    """
    pixels = checked(pixels)
    part, x, y = central(pixels)
    rows, columns = part.shape[0] // BLOCK, part.shape[1] // BLOCK
    if min(rows, columns) < WINDOW:
        return Trace(ABOUT.name, None, say("The picture is too small to look for demosaicing."))
    green = part[: rows * BLOCK, : columns * BLOCK, 1].astype(np.float32)
    padded = np.pad(green, 1, mode="reflect")
    mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
    error = np.abs(green - mean)
    even = (np.add.outer(np.arange(rows * BLOCK), np.arange(columns * BLOCK)) % 2 == 0).astype(np.float32)
    first, second = block_sums(error * even, BLOCK), block_sums(error * (1 - even), BLOCK)
    inside = block_sums((green < 4) | (green > 251), BLOCK) < 0.05 * BLOCK**2
    valid = inside & (first + second > BLOCK**2)
    if valid.sum() < LEAST_BLOCKS:
        return Trace(ABOUT.name, None, say("The picture is too smooth to look for demosaicing."))
    ratio = np.log((first + 1) / (second + 1))
    strength = float(np.median(ratio[valid]))
    details = {"strength": round(strength, 4), "present": abs(strength) >= PRESENT}
    if abs(strength) < PRESENT:
        words = say("No trace of demosaicing is left in this picture, as after most compression and resizing.")
        return Trace(ABOUT.name, 0.0, words + coverage(pixels, part), None, details)
    held = window_sums(valid, WINDOW)
    local = window_sums(np.where(valid, np.clip(ratio / strength, -2, 3), 0), WINDOW) / np.maximum(held, 1)
    lacking = np.where(held >= LEAST_BLOCKS, np.clip(1 - local, 0, 2), 0)
    number = float(lacking.max())
    return Trace(
        ABOUT.name,
        number,
        say(
            "The picture bears the checkerboard of a camera's demosaicing; where it is weakest, {percent} % of it is "
            "missing.",
            percent=min(100, round(100 * number)),
        )
        + coverage(pixels, part),
        placed(enlarged(lacking, BLOCK), x, y, *pixels.shape[:2]),
        details,
    )
