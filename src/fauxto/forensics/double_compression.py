"""Double compression: was this JPEG saved as JPEG before, at what quality, and where is the first save missing?"""

from __future__ import annotations

import numpy as np

from fauxto.errors import InputError
from fauxto.forensics.parts import MOST_PIXELS, enlarged, placed, window_sums
from fauxto.forensics.trace import About, Trace
from fauxto.language import say
from fauxto.media.coefficients import Luma, block_dct, read_luma
from fauxto.media.decode import Opened, open_picture
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.media.quantization import STANDARD_LUMA, scaled

ABOUT = About(
    name="double-compression",
    title=say("Double JPEG compression"),
    looks_for=say(
        "gaps in the stored coefficients that an earlier save at another quality left, and areas without them"
    ),
    cannot_show=say(
        "Saving twice is normal: every phone, editor and network does it. Only an area that lacks the first "
        "save, while the rest has it, speaks for an edit."
    ),
    unit=say("nats per coefficient by which 'saved once' explains the most unusual area better than 'saved twice'"),
    fails_on=(
        say("a first save at a higher quality than the last one: few gaps remain"),
        say("a crop or resize between the two saves: the grids differ and nothing is left"),
        say("first saves with other tables than the standard ones: the quality is a guess, or the trace is missed"),
        say("smooth and overexposed areas"),
    ),
    reads="file",
    source="Z. Lin et al., Fast, automatic and fine-grained tampered JPEG image detection via DCT coefficient "
    "analysis, 2009; J. Lukas and J. Fridrich, Estimation of primary "
    "quantization matrix in double compressed JPEG images, 2003",
)
QUALITIES = tuple(range(30, 99))
FREQUENCIES = ((0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0))
"""The first nine in zigzag order: high ones are nearly all zero."""
LEVELS = 24
"""Levels beyond this are counted together."""
WINDOW = 9
TWICE = 0.02
"""Nats per coefficient by which an earlier save must explain the whole picture better to be taken for one."""
FULL = 0.4
EDITED = 0.15
"""Share of blocks that may lack the first save when the quality of the whole picture's is looked for."""
_STRAY = 0.02
_PIXEL_ROUNDING = 0.29
_LEAST_BLOCKS = 200


def double_compression(data: bytes | Opened, limits: Limits = DEFAULT_LIMITS) -> Trace:
    """Which first save explains the histograms of coefficients best, and where "saved once" explains them better.

    What the coefficients were before any save is estimated from the decoded picture, shifted by half a block. For each
    IJG quality the histograms are predicted that saving at it, and then with the tables of this file, would leave.
    Number: the largest mean log-likelihood ratio (once against twice) of a window of 72 x 72 pixels; 0 where one save
    explains the whole picture. Details: "saved_twice", "first_quality", "gain" (nats per coefficient). Errors: those
    of `media.decode.probe`.
    """
    opened = data if isinstance(data, Opened) else open_picture(data, limits)
    if opened.header.jpeg is None:
        return Trace(ABOUT.name, None, say("The file is no JPEG: it stores no coefficients to look at."))
    height, width = opened.header.jpeg.height, opened.header.jpeg.width
    try:
        luma = read_luma(opened, limits, MOST_PIXELS)
    except InputError as error:
        if error.code != "unsupported":
            raise
        return Trace(
            ABOUT.name, None, say("The JPEG stores no luma of full size, whose coefficients could be looked at.")
        )
    if luma.valid.sum() < _LEAST_BLOCKS:
        words = say("The picture is too small or too bright to tell whether it was saved as JPEG before.")
        return Trace(ABOUT.name, None, words)
    once, best, quality, gain = explain(luma)
    details = {
        "saved_twice": gain >= TWICE,
        "first_quality": quality if gain >= TWICE else None,
        "gain": round(gain, 4),
    }
    note = ""
    if luma.levels.shape[0] < height // 8 or luma.levels.shape[1] < width // 8:
        note = " " + say(
            "Only the central {width} x {height} pixels were examined.",
            width=8 * luma.levels.shape[1],
            height=8 * luma.levels.shape[0],
        )
    if gain < TWICE:
        words = say("The stored coefficients look as if this file was saved as JPEG once.")
        return Trace(ABOUT.name, 0.0, words + note, None, details)
    held = window_sums(luma.valid, WINDOW) * len(FREQUENCIES)
    local = window_sums(np.where(luma.valid, once - best, 0), WINDOW) / np.maximum(held, 1)
    lacking = np.where(held >= 0.5 * WINDOW**2 * len(FREQUENCIES), np.maximum(local, 0), 0)
    number = float(lacking.max())
    y, x = ((side // 8 - n) // 2 * 8 for side, n in zip((height, width), luma.levels.shape, strict=False))
    return Trace(
        ABOUT.name,
        number,
        say(
            "The picture was saved as JPEG at least twice, the first time at a quality of about {quality}. In the most "
            "unusual area, one save explains the coefficients better by {number} nats each.",
            quality=quality,
            number=f"{number:.2f}",
        )
        + note,
        placed(enlarged(lacking / FULL, 8), x, y, height, width),
        details,
    )


def explain(luma: Luma) -> tuple[np.ndarray, np.ndarray, int, float]:
    """Log-likelihood of each block under one save and under the best of two, that quality, and its mean gain.

    The two arrays are float64 `(rows, columns)`, summed over `FREQUENCIES`.
    """
    shifted = luma.plane[4:-4, 4:-4]
    whole = block_dct(shifted)
    rng = np.random.default_rng(0)
    once = np.zeros(luma.valid.shape)
    gains = np.zeros(len(QUALITIES))
    stored, before, alone = [], [], []
    for at in FREQUENCIES:
        levels = np.clip(luma.levels[(..., *at)], -LEVELS, LEVELS) + LEVELS
        unsaved = whole[(..., *at)].ravel()
        stored.append(levels)
        spread = _PIXEL_ROUNDING * (1 if luma.trusted[at] else 2**0.5)  # the levels of a step of 1 are rounded twice
        before.append((unsaved, rng.normal(0, spread, unsaved.shape).astype(np.float32)))
        alone.append(_log_share(unsaved / luma.table[at]))
        once += alone[-1][levels]
    counts = [np.bincount(levels[luma.valid], minlength=2 * LEVELS + 1) for levels in stored]
    total = sum(int(count.sum()) for count in counts)
    for i, quality in enumerate(QUALITIES):
        for at, count, (unsaved, noise), single in zip(FREQUENCIES, counts, before, alone, strict=True):
            gains[i] += count @ (_mixed(_twice(unsaved, noise, quality, at, luma.table), single, EDITED) - single)
    gains /= total
    # A first save at the steps of the last one leaves no trace: it explains no better than one save.
    chosen = int(np.argmax(gains))
    quality = QUALITIES[chosen]
    best = np.zeros(luma.valid.shape)
    for at, levels, (unsaved, noise), single in zip(FREQUENCIES, stored, before, alone, strict=True):
        best += _mixed(_twice(unsaved, noise, quality, at, luma.table), single, _STRAY)[levels]
    return once, best, quality, float(gains[chosen])


def _twice(unsaved: np.ndarray, noise: np.ndarray, quality: int, at: tuple[int, int], table: np.ndarray) -> np.ndarray:
    """The log share of each level after a save at an IJG quality and then with `table`."""
    first = scaled(STANDARD_LUMA, quality)[8 * at[0] + at[1]]
    return _log_share((np.rint(unsaved / first) * first + noise) / table[at])


def _mixed(twice: np.ndarray, once: np.ndarray, share: float) -> np.ndarray:
    """The log of a mixture of two shares, of which the second has the weight `share`."""
    return np.logaddexp(np.log(1 - share) + twice, np.log(share) + once)


def _log_share(values: np.ndarray) -> np.ndarray:
    """The log of the smoothed histogram of rounded values, clipped to `LEVELS` on either side."""
    levels = np.clip(np.rint(values), -LEVELS, LEVELS).astype(np.int64) + LEVELS
    counts = np.bincount(levels, minlength=2 * LEVELS + 1) + 0.5
    return np.log(counts / counts.sum())
