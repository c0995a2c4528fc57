"""Error level analysis: how much each part changes when the picture is saved as JPEG once more."""

from __future__ import annotations

import numpy as np

from fauxto.forensics.parts import (
    block_sums,
    central,
    checked,
    coherent,
    coverage,
    departures,
    enlarged,
    luma,
    placed,
)
from fauxto.forensics.trace import About, Trace
from fauxto.language import say
from fauxto.media.decode import decode
from fauxto.media.encode import encode

ABOUT = About(
    name="error-level",
    title=say("Error level analysis"),
    looks_for=say(
        "parts that change more, or less, than parts of the same texture when the picture is saved once more"
    ),
    cannot_show=say(
        "Bright spots are mostly edges, saturated colours and sharpening. It shows a different history of "
        "compression at best, never what was done, and a picture that was re-saved after editing shows "
        "nothing."
    ),
    unit=say("robust standard deviations by which the most unusual area departs from blocks of equal texture"),
    fails_on=(
        say("a second save as JPEG, a resize or a social network after the edit: the levels are even again"),
        say("an edit taken from a picture with the same compression history"),
        say("text, line drawings and strong colours in an untouched picture: they stand out by themselves"),
    ),
    reads="pixels",
    source="N. Krawetz, A Picture's Worth, 2007; here errors are compared among blocks of equal texture",
)
QUALITY = 75
WINDOW = 7
FULL = 3.0
"""The departure at which the map is full."""
_FLAT = 1.0


def error_level(pixels: np.ndarray) -> Trace:
    """Re-save at quality 75 and compare the error of each 8 x 8 block with blocks of equal texture.

    `pixels`: uint8 `(h, w, 3)` as stored. Number: the largest mean departure of 7 x 7 blocks. Errors: InputError.
    """
    pixels = checked(pixels)
    part, x, y = central(pixels)
    if min(part.shape[:2]) < 8 * WINDOW:
        return Trace(ABOUT.name, None, say("The picture is too small for error level analysis."))
    again = decode(encode(part, quality=QUALITY, subsampling="4:4:4"))
    error = block_sums(np.abs(luma(part) - luma(again)), 8) / 64
    bright = luma(part)
    mean = block_sums(bright, 8) / 64
    texture = np.sqrt(np.maximum(block_sums(bright**2, 8) / 64 - mean**2, 0))
    valid = (texture > _FLAT) & (mean > 8) & (mean < 247)
    departure = departures(np.log(error + 0.05), texture, valid)
    smooth = np.abs(coherent(departure, valid, WINDOW))
    if not smooth.any():
        return Trace(ABOUT.name, None, say("The picture is too flat for error level analysis."))
    number = float(smooth.max())
    return Trace(
        ABOUT.name,
        number,
        say(
            "When the picture is saved once more, the most unusual area changes {number} standard deviations unlike "
            "other parts of the same texture.",
            number=f"{number:.1f}",
        )
        + coverage(pixels, part),
        placed(enlarged(smooth / FULL, 8), x, y, *pixels.shape[:2]),
        {"quality": QUALITY},
    )
