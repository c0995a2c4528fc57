"""JPEG ghosts: parts that were once saved as JPEG at another quality than the rest."""

from __future__ import annotations

import numpy as np

from fauxto.forensics.parts import central, checked, coverage, enlarged, luma, placed, window_sums
from fauxto.forensics.trace import About, Trace
from fauxto.language import say
from fauxto.media.coefficients import block_dct
from fauxto.media.quantization import STANDARD_LUMA, scaled

ABOUT = About(
    name="jpeg-ghosts",
    title=say("JPEG ghosts"),
    looks_for=say("parts that were once saved as JPEG at another quality than the rest of the picture"),
    cannot_show=say(
        "It shows that parts have a different history of compression, not who did what; a picture without "
        "any JPEG history shows nothing."
    ),
    unit=say("difference of the rounding error between the most unusual area and the whole picture (0 none, 1 full)"),
    fails_on=(
        say("a last save at a lower quality than the earlier ones: it wipes out the ghost"),
        say("first saves with other tables than the standard ones (Photoshop, many cameras): weaker or no ghost"),
        say("parts pasted off the 8 x 8 grid show only by lacking the ghost of the rest"),
        say("smooth and overexposed areas: too few coefficients to tell"),
    ),
    reads="pixels",
    source="H. Farid, Exposing digital forgeries from JPEG ghosts, IEEE TIFS 2009; here the error is taken in the DCT "
    "domain relative to that of a picture without history, on the grid of the file",
)
QUALITIES = tuple(range(40, 100, 3))
WINDOW = 9
LEAST_COEFFICIENTS = 150
"""Coefficients that do not round to zero, in a window, for it to be judged."""


def jpeg_ghosts(pixels: np.ndarray) -> Trace:
    """The local error of re-quantising luma at each quality, relative to what a picture without history has.

    A window whose coefficients were once multiples of the steps has an error near 0, one without history near 1.
    `pixels`: uint8 `(h, w, 3)` as stored. Number: the largest difference between a window of 72 x 72 pixels and the
    whole picture, over all qualities. Details: "quality" where that is, "history" the quality of which the whole
    picture bears the clearest ghost (None without). Errors: InputError.
    """
    pixels = checked(pixels)
    part, x, y = central(pixels)
    rows, columns = part.shape[0] // 8, part.shape[1] // 8
    if min(rows, columns) < WINDOW:
        return Trace(ABOUT.name, None, say("The picture is too small to look for JPEG ghosts."))
    plane = luma(part[: 8 * rows, : 8 * columns])
    coefficients = block_dct(plane)
    coefficients[..., 0, 0] = 0
    clipped = (part[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 24) % 255 == 0).all(axis=3).any(axis=1)
    coefficients[clipped] = 0
    best, ghost, whole = 0.0, np.zeros((rows, columns)), {}
    quality = None
    for candidate in QUALITIES:
        step = np.array(scaled(STANDARD_LUMA, candidate), np.float32).reshape(8, 8)
        ratio = coefficients / step
        counted = np.abs(ratio) >= 0.5
        error = 12 * np.where(counted, (ratio - np.rint(ratio)) ** 2, 0)
        errors, counts = error.sum(axis=(2, 3)), counted.sum(axis=(2, 3))
        if counts.sum() < LEAST_COEFFICIENTS:
            continue
        whole[candidate] = float(errors.sum() / counts.sum())
        held = window_sums(counts, WINDOW)
        local = window_sums(errors, WINDOW) / np.maximum(held, 1)
        difference = np.where(held >= LEAST_COEFFICIENTS, np.abs(local - whole[candidate]), 0)
        if difference.max() > best:
            best, ghost, quality = float(difference.max()), difference, candidate
    if quality is None:
        return Trace(ABOUT.name, None, say("The picture is too smooth to look for JPEG ghosts."))
    history = min(whole, key=lambda q: whole[q])
    known = history if whole[history] < 0.6 else None
    words = (
        say("The whole picture bears the trace of a JPEG of quality {quality}.", quality=known) + " " if known else ""
    )
    return Trace(
        ABOUT.name,
        best,
        words
        + say(
            "The most unusual area differs from the rest by {number} (0 none, 1 full) in its trace of an earlier save "
            "at quality {quality}.",
            number=f"{best:.2f}",
            quality=quality,
        )
        + coverage(pixels, part),
        placed(enlarged(ghost, 8), x, y, *pixels.shape[:2]),
        {"quality": quality, "history": known},
    )
