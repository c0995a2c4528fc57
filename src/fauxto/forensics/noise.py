"""Noise inconsistency: parts whose finest grain is stronger or weaker than elsewhere in the picture."""

from __future__ import annotations

import numpy as np

from fauxto.forensics.extra import need
from fauxto.forensics.parts import block_sums, central, checked, coherent, coverage, departures, enlarged, luma, placed
from fauxto.forensics.trace import About, Trace
from fauxto.language import say

ABOUT = About(
    name="noise",
    title=say("Noise inconsistency"),
    looks_for=say("parts whose finest grain is stronger or weaker than in parts of the same brightness and texture"),
    cannot_show=say(
        "Depth of field, shadows, denoising in the camera and compression all change the grain of an "
        "untouched photograph."
    ),
    unit=say("robust standard deviations by which the most unusual area departs from blocks of equal texture"),
    fails_on=(
        say("sharp against blurred parts of an untouched photograph"),
        say("anything below JPEG quality 80: the finest grain is gone, in edited and unedited parts alike"),
        say("an edit from a picture of the same camera and setting"),
    ),
    reads="pixels",
    source="B. Mahdian and S. Saic, Using noise inconsistencies for blind image forensics, 2009; here levels are "
    "compared among blocks of equal texture",
)
BLOCK, WINDOW = 16, 5
FULL = 3.0


def noise(pixels: np.ndarray) -> Trace:
    """The median magnitude of the finest diagonal wavelet band in 16 x 16 blocks, among blocks of equal texture.

    `pixels`: uint8 `(h, w, 3)`. Number: the largest mean departure of 5 x 5 blocks. Needs PyWavelets. Errors:
    InputError, ResourceError without the extra.
    """
    pywt = need("pywt")
    pixels = checked(pixels)
    part, x, y = central(pixels)
    rows, columns = part.shape[0] // BLOCK, part.shape[1] // BLOCK
    if min(rows, columns) < WINDOW:
        return Trace(ABOUT.name, None, say("The picture is too small to compare its noise."))
    plane = luma(part[: rows * BLOCK, : columns * BLOCK])
    _, (across, down, diagonal) = pywt.dwt2(plane, "db8", mode="periodization")
    half = BLOCK // 2
    finest = np.abs(diagonal).reshape(rows, half, columns, half).swapaxes(1, 2).reshape(rows, columns, -1)
    level = np.log(np.median(finest, axis=2) / 0.6745 + 0.05)
    texture = np.log(block_sums(across**2 + down**2, half) + 1e-3)
    bright = block_sums(plane, BLOCK) / BLOCK**2
    valid = (bright > 8) & (bright < 247) & (block_sums(np.abs(diagonal), half) > 1e-3)
    smooth = np.abs(coherent(departures(level, texture, valid), valid, WINDOW))
    if not smooth.any():
        return Trace(ABOUT.name, None, say("The picture is too flat to compare its noise."))
    number = float(smooth.max())
    return Trace(
        ABOUT.name,
        number,
        say(
            "The grain of the most unusual area lies {number} standard deviations off that of other parts with the "
            "same texture.",
            number=f"{number:.1f}",
        )
        + coverage(pixels, part),
        placed(enlarged(smooth / FULL, BLOCK), x, y, *pixels.shape[:2]),
    )
