"""The JPEG grid: where the 8 x 8 blocks of an earlier save begin, and areas whose blocks begin elsewhere."""

from __future__ import annotations

import math

import numpy as np

from fauxto.forensics.extra import need
from fauxto.forensics.parts import central, checked, coverage, luma, placed
from fauxto.forensics.trace import About, Trace
from fauxto.language import say
from fauxto.media.coefficients import basis

ABOUT = About(
    name="jpeg-grid",
    title=say("JPEG grid"),
    looks_for=say(
        "the 8 x 8 grid that saving as JPEG leaves, and areas whose grid begins elsewhere than that of the rest"
    ),
    cannot_show=say(
        "A grid that begins elsewhere in the whole picture shows a crop, nothing more. Areas without a grid "
        "are not shown."
    ),
    unit=say("decimal logarithm of how much rarer the most unusual area is than once a picture by chance (0 none)"),
    fails_on=(
        say("one pasted area in 64 falls on the grid of the rest by chance"),
        say("saves at high quality (above about 95), and pictures shrunk or enlarged since: no grid is left"),
        say("regular textures, screens and printed dots: they can imitate a grid"),
    ),
    reads="pixels",
    source="T. Nikoukhah et al., ZERO: a local JPEG grid origin detector based on the number of DCT zeros, 2021",
)
MOST = 2**20 * 3 // 2
"""Pixels that are read: this tool transforms the window about each pixel."""
_REACH = 4
_STRIP = 64
_CELL, _DENSE = 16, 96
"""An origin is looked for only where a 16 x 16 cell has this many votes for it."""


def jpeg_grid(pixels: np.ndarray) -> Trace:
    """Each pixel votes for the grid of the one window about it that has most DCT coefficients near zero.

    The votes of a picture without any grid are spread over 64 origins; an area is unusual when more of its pixels
    agree on another origin than the rest than chance allows (a contrario, 1 false alarm a picture at number 0).
    `pixels`: uint8 `(h, w, 3)` as stored. Details: "origin" (x, y) of the grid of the whole picture, or None;
    "foreign" (x, y) of the most unusual area's. Needs scipy. Errors: InputError, ResourceError without the extra.
    """
    ndimage, stats = need("scipy.ndimage"), need("scipy.stats")
    pixels = checked(pixels)
    part, x, y = central(pixels, MOST)
    height, width = part.shape[:2]
    if min(height, width) < 64:
        return Trace(ABOUT.name, None, say("The picture is too small to look for a JPEG grid."))
    votes = grid_votes(luma(part))
    tests = 64 * height * width * math.sqrt(height * width)

    def rarity(agreeing: int, among: int) -> float:
        """-log10 of the number of such areas that chance would make in one picture."""
        return float(-(stats.binom.logsf(agreeing // 64 - 1, among // 64, 1 / 64) / math.log(10) + math.log10(tests)))

    cast = np.bincount(votes[votes >= 0], minlength=64)
    main = int(np.argmax(cast))
    found = cast[main] >= 64 and rarity(int(cast[main]), height * width) > 0
    worst, area, foreign = 0.0, None, None
    for origin in np.flatnonzero((cast >= 256) & (_densest(votes) >= _DENSE)):
        if found and origin == main:
            continue
        here = votes == origin
        near = ndimage.uniform_filter(here.astype(np.float32), 2 * _REACH + 1, mode="constant") > 1 / 4
        labels, count = ndimage.label(near)
        if not count:
            continue
        agreeing = np.bincount(labels[here], minlength=count + 1)
        boxes = ndimage.find_objects(labels)
        for number in np.argsort(agreeing[1:])[-3:] + 1:
            box = boxes[number - 1]
            among = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
            rare = rarity(int(agreeing[number]), among) if agreeing[number] >= 64 else 0.0
            if found and rare > worst:
                worst, area, foreign = rare, labels == number, int(origin)
    origin_xy = ((main % 8 + x) % 8, (main // 8 + y) % 8) if found else None
    details = {"origin": origin_xy, "foreign": None}
    words = (
        say("No trace of a JPEG grid is left.")
        if origin_xy is None
        else say("The JPEG grid begins where the picture begins.")
    )
    if origin_xy not in (None, (0, 0)):
        words = say(
            "The JPEG grid begins at {origin}: the picture was cropped or shifted after a save as JPEG.",
            origin=origin_xy,
        )
    if area is None or foreign is None:
        return Trace(ABOUT.name, 0.0, words + coverage(pixels, part), None, details)
    details["foreign"] = ((foreign % 8 + x) % 8, (foreign // 8 + y) % 8)
    words += " " + say("The grid of one area begins at {origin} instead.", origin=details["foreign"])
    map_ = placed(area.astype(np.float32), x, y, *pixels.shape[:2])
    return Trace(ABOUT.name, worst, words + coverage(pixels, part), map_, details)


def _densest(votes: np.ndarray) -> np.ndarray:
    """For each origin the most votes in one cell."""
    rows, columns = votes.shape[0] // _CELL, votes.shape[1] // _CELL
    inner = votes[: rows * _CELL, : columns * _CELL].astype(np.int64)
    cell = np.add.outer(np.arange(rows * _CELL) // _CELL * columns, np.arange(columns * _CELL) // _CELL)
    counted = inner >= 0
    counts = np.bincount(cell[counted] * 64 + inner[counted], minlength=rows * columns * 64)
    most: np.ndarray = counts.reshape(-1, 64).max(axis=0)
    return most


def grid_votes(plane: np.ndarray) -> np.ndarray:
    """For each pixel, 8 y + x of the grid origin that it votes for; -1 without a clear winner. int16, as `plane`.

    Of the 64 windows of 8 x 8 pixels that hold a pixel, each stands for one origin; the one with most AC coefficients
    under 0.5 wins.
    """
    zeros = count_zeros(plane)
    rows, columns = zeros.shape
    origin = (8 * (np.arange(rows) % 8)[:, None] + np.arange(columns) % 8).astype(np.int32)
    low, high = (
        _reach(np.pad(zeros * 64 + key, ((7, 7), (7, 7)), constant_values=-1)) for key in (origin, 63 - origin)
    )
    clear = (low >= 64) & (low % 64 == 63 - high % 64)
    return np.where(clear, low % 64, -1).astype(np.int16)


def count_zeros(plane: np.ndarray) -> np.ndarray:
    """How many of the 63 AC coefficients of the window that begins at each pixel lie under 0.5; 0 for flat windows."""
    cosines = basis()
    rows, columns = plane.shape[0] - 7, plane.shape[1] - 7
    out = np.zeros((rows, columns), np.int32)
    for top in range(0, rows, _STRIP):
        strip = plane[top : top + _STRIP + 7] - 128
        height = strip.shape[0] - 7
        across = np.stack([np.tensordot(cosines[k], _shifts(strip, 1, columns), 1) for k in range(8)])
        constant_across = np.abs(across[1:]).max(axis=0) < 0.5
        count = np.zeros((height, columns), np.int32)
        for k in range(8):
            shifted = _shifts(across[k], 0, height)
            down = np.tensordot(cosines, shifted, 1)
            small = np.abs(down[1:] if k == 0 else down) < 0.5
            count += small.view(np.uint8).sum(axis=0, dtype=np.uint8)
            if k == 0:
                varies_down = (np.abs(down[1:]) >= 0.5).any(axis=0)
        varies_across = ~np.stack([constant_across[i : i + height] for i in range(8)]).all(axis=0)
        out[top : top + height] = np.where(varies_down | varies_across, count, 0)
    return out


def _shifts(values: np.ndarray, axis: int, count: int) -> np.ndarray:
    """The eight views of `count` cells that begin 0 to 7 cells further along an axis, stacked."""
    return np.stack([np.take(values, range(i, i + count), axis=axis) for i in range(8)])


def _reach(values: np.ndarray) -> np.ndarray:
    """The largest value among the 8 x 8 cells that begin at each cell."""
    for axis in (0, 1):
        for step in (1, 2, 4):
            one, other = [slice(None)] * 2, [slice(None)] * 2
            one[axis], other[axis] = slice(None, -step), slice(step, None)
            values = np.maximum(values[tuple(one)], values[tuple(other)])
    return values
