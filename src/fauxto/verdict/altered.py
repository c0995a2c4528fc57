"""What the localizer's map says: its highest part against untouched photographs, and the regions that stand out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from fauxto.finding import Region
from fauxto.media.tiles import top_share
from fauxto.verdict import conformal
from fauxto.verdict.pixels import BORDERLINE

Call = Literal["altered", "borderline", "ordinary", "unsupported"]

CELL = 8
"""Pixels a side of the squares in which regions are outlined."""

FEWEST = 4
"""Cells of the smallest region that is named; a speck is no region."""

MOST = 12
"""Regions that are named, largest first."""


@dataclass(frozen=True, slots=True)
class MapScore:
    """A map of logits read against untouched photographs at a false-alarm bound.

    `logit` is the mean over the map's highest part; `read` is the share of the picture that the map covers, `area` the
    share of that with a logit above 0. `counts` says whether the map may decide a verdict: `fuse` splits the bound
    between it and the detector only then. The rest is as in `PixelScore`.
    """

    logit: float
    p_value: float
    fpr: float
    per_population: dict[str, tuple[float, int]]
    voters: tuple[str, ...]
    threshold: float | None
    area: float
    read: float
    regions: tuple[Region, ...]
    counts: bool = True

    @property
    def shown(self) -> tuple[Region, ...]:
        """The regions, where the map stands out at all: boxes on a map that does not would only mislead."""
        return self.regions if self.call in ("altered", "borderline") else ()

    @property
    def call(self) -> Call:
        """What follows from the p-value alone."""
        if not self.voters:
            return "unsupported"
        if self.p_value <= self.fpr:
            return "altered"
        return "borderline" if self.p_value <= BORDERLINE * self.fpr else "ordinary"


def judge_map(
    logits: np.ndarray,
    populations: Mapping[str, Mapping[str, Any]],
    fpr: float,
    *,
    share: float,
    counts: bool = True,
) -> MapScore:
    """Read a map of logits, float32 `(h, w)`, NaN where nothing was read, with the `populations` of its model.

    `share` is the part of the map whose mean is compared, as it was for the populations.
    """
    logit = top_share(logits, share)
    p, alone = conformal.p_value(logit, populations, fpr)
    covered = ~np.isnan(logits)
    return MapScore(
        logit=logit,
        p_value=p,
        fpr=fpr,
        per_population={name: (value, len(populations[name]["logits"])) for name, value in alone.items()},
        voters=conformal.voters(populations, fpr),
        threshold=conformal.threshold(populations, fpr),
        area=float((logits[covered] > 0).mean()),
        read=float(covered.mean()),
        regions=outline(logits),
        counts=counts,
    )


def outline(logits: np.ndarray, above: float = 0.0) -> tuple[Region, ...]:
    """The boxes of connected places whose logit exceeds `above`, largest place first, with their mean logit.

    Places are told in squares of 8 pixels that touch by a side; fewer than 4 squares are no region.

    >>> spot = np.full((64, 64), -3.0)
    >>> spot[16:40, 8:32] = 2.0
    >>> outline(spot)
    (Region(x=8, y=16, width=24, height=24, logit=2.0),)
    """
    height, width = logits.shape
    rows, columns = -(-height // CELL), -(-width // CELL)
    short = (0, rows * CELL - height), (0, columns * CELL - width)
    framed = np.nan_to_num(np.pad(logits, short, mode="edge"), nan=-np.inf)
    cells = framed.reshape(rows, CELL, columns, CELL).mean((1, 3))
    found = []
    for place in _places(cells > above):
        if len(place) >= FEWEST:
            ys, xs = np.array(place).T
            x, y = int(xs.min()) * CELL, int(ys.min()) * CELL
            right, bottom = min(width, int(xs.max() + 1) * CELL), min(height, int(ys.max() + 1) * CELL)
            region = Region(x, y, right - x, bottom - y, round(float(cells[ys, xs].mean()), 4))
            found.append((len(place), region))
    return tuple(region for _, region in sorted(found, key=lambda row: -row[0])[:MOST])


def _places(marked: np.ndarray) -> list[list[tuple[int, int]]]:
    """The connected places of a bool array, each as its (row, column) cells."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(marked), strict=True)}
    places = []
    while left:
        border, place = [left.pop()], []
        while border:
            y, x = border.pop()
            place.append((y, x))
            for beside in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if beside in left:
                    left.remove(beside)
                    border.append(beside)
        places.append(place)
    return places
