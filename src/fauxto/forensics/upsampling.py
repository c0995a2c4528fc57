"""Spectrum peaks of up-sampling: the regular correlation that enlarging leaves between neighbouring pixels."""

from __future__ import annotations

import numpy as np

from fauxto.forensics.extra import need
from fauxto.forensics.parts import central, checked, coverage, luma, placed
from fauxto.forensics.trace import About, Trace
from fauxto.language import say

ABOUT = About(
    name="upsampling",
    title=say("Up-sampling peaks"),
    looks_for=say("the regular pattern that enlarging or turning leaves between neighbouring pixels, here or there"),
    cannot_show=say(
        "A whole picture that was resized is ordinary. Peaks at multiples of 1/8 are left out, for a JPEG "
        "has them too: a generator that enlarges by 2, 4 or 8 is not seen by this number."
    ),
    unit=say("strongest peak of the spectrum of a 256 x 256 window over its surroundings, as a ratio"),
    fails_on=(
        say("JPEG below a quality of about 85 after the resize, and shrinking: the pattern is gone"),
        say("enlarging by a whole factor, whose peaks fall on those of JPEG"),
        say("woven cloth, railings, screens and other regular structures: they have peaks of their own"),
    ),
    reads="pixels",
    source="M. Kirchner, Fast and reliable resampling detection by spectral analysis of fixed linear predictor "
    "residue, 2008",
)
TILE, STRIDE = 256, 128
_SIGMA, _TAU = 4.0, 1.0
_LOWEST = 12
_AROUND = ((15, 15), (15, 1), (1, 15))
"""A peak has to stand out from the area about it and from its row and column: straight edges make whole lines."""
_NEAR = 2


def upsampling(pixels: np.ndarray) -> Trace:
    """Peaks in the spectrum of how predictable each pixel is from its eight neighbours.

    `pixels`: uint8 `(h, w, 3)`. Number: the largest ratio of the spectrum to its local mean over windows and
    frequencies, outside of the lowest frequencies and of the multiples of 1/8. Details: "frequency" (cycles per pixel,
    across and down) of that peak, and "grid_peak": the same ratio at the multiples of 1/8. Needs scipy. Errors:
    InputError, ResourceError without the extra.
    """
    ndimage = need("scipy.ndimage")
    pixels = checked(pixels)
    part, x, y = central(pixels)
    height, width = part.shape[:2]
    if min(height, width) < TILE:
        return Trace(ABOUT.name, None, say("The picture is too small to look for traces of up-sampling."))
    predictable = predictability(luma(part))
    window = np.outer(np.hanning(TILE), np.hanning(TILE)).astype(np.float32)
    tops, lefts = _starts(height), _starts(width)
    grid, away = _frequencies()
    strength = np.zeros((len(tops), len(lefts)))
    number, frequency, at_grid = 0.0, (0, 0), 0.0
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            tile = predictable[top : top + TILE, left : left + TILE]
            spectrum = np.abs(np.fft.rfft2((tile - tile.mean()) * window))
            background = np.maximum.reduce([ndimage.uniform_filter(spectrum, size, mode="wrap") for size in _AROUND])
            ratio = spectrum / np.maximum(background, 1e-6)
            at_grid = max(at_grid, float(ratio[grid].max()))
            peaks = np.where(away, ratio, 0)
            strength[i, j] = peaks.max()
            if strength[i, j] > number:
                number = float(strength[i, j])
                down, across = np.unravel_index(int(peaks.argmax()), peaks.shape)
                frequency = (int(across), int(down))
    found = (frequency[0] / TILE, (frequency[1] - TILE if frequency[1] > TILE // 2 else frequency[1]) / TILE)
    return Trace(
        ABOUT.name,
        number,
        say(
            "The strongest regular pattern stands {number} times above its surroundings in the spectrum, at {across} "
            "by {down} cycles per pixel.",
            number=f"{number:.1f}",
            across=f"{found[0]:.3f}",
            down=f"{found[1]:.3f}",
        )
        + coverage(pixels, part),
        placed(_spread(strength / max(number, 1e-6), tops, lefts, height, width), x, y, *pixels.shape[:2]),
        {"frequency": found, "grid_peak": round(at_grid, 2)},
    )


def predictability(plane: np.ndarray) -> np.ndarray:
    """exp(-|e| / 4) of the error e of Kirchner's fixed predictor (neighbours 1/2, diagonals -1/4), float32."""
    p = np.pad(plane, 1, mode="reflect")
    sides = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    corners = p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    return np.exp(-(np.abs(plane - sides / 2 + corners / 4) ** _TAU) / _SIGMA)


def _starts(side: int) -> list[int]:
    """Where windows begin: every 128 pixels, and one at the end."""
    return sorted({*range(0, side - TILE + 1, STRIDE), side - TILE})


def _frequencies() -> tuple[np.ndarray, np.ndarray]:
    """Which cells of a half spectrum lie near multiples of 1/8 in both directions, and which count as elsewhere."""
    down = np.abs(np.fft.fftfreq(TILE, 1 / TILE))[:, None]
    across = np.arange(TILE // 2 + 1)[None, :]
    step = TILE // 8

    def off(k: np.ndarray) -> np.ndarray:
        return np.abs((k + step // 2) % step - step // 2)

    low = np.hypot(down, across) < _LOWEST
    grid = (off(down) <= _NEAR) & (off(across) <= _NEAR) & ~low
    # A grid's lines are one pixel wide and leak along both axes: everything on an axis-parallel line through them goes.
    lines = ((off(down) <= _NEAR) & (across <= _NEAR)) | ((off(across) <= _NEAR) & (down <= _NEAR))
    axes = (down <= 1) | (across <= 1)
    return grid, ~(grid | lines | low | (axes & (np.maximum(down, across) < 2 * _LOWEST)))


def _spread(strength: np.ndarray, tops: list[int], lefts: list[int], height: int, width: int) -> np.ndarray:
    """The mean strength of the windows about each pixel."""
    total, count = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            total[top : top + TILE, left : left + TILE] += strength[i, j]
            count[top : top + TILE, left : left + TILE] += 1
    return total / np.maximum(count, 1)
