"""Where a score comes from, for one scanned picture: within a time of its own, and never at the verdict's cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from fauxto.errors import FauxtoError
from fauxto.finding import Evidence, Region
from fauxto.language import say
from fauxto.run.model import Model
from fauxto.verdict import PixelScore

SHARE = 0.5
"""Of the wall time for one file, how much may have passed when its map is done; the rest is a margin."""

BEGIN = 0.25
"""Likewise when it is begun: what is left has to do for decoding the whole picture too."""

_BATCH = 4
"""Windows scored between two looks at the clock."""


class _LateError(Exception):
    """There is no time for a map."""


def map_score(
    whole: Callable[[], np.ndarray],
    model: Model,
    pixels: PixelScore,
    *,
    started: float,
    seconds: float,
    folder: str | None,
    digest: str,
) -> tuple[list[Region], list[Evidence]]:
    """The logit of a grid of windows over the picture that `whole()` gives, drawn into `folder` if there is one.

    That of a window is what the picture's would be if all of it had the texture that the window has.

    `started` is the `time.perf_counter()` at which the picture was begun and `seconds` the wall time that it may
    take. A map that cannot be made, or not in time, is no map, never half of one, and an Evidence that says why.
    """
    from fauxto.verdict.heatmap import heatmap  # noqa: PLC0415

    def in_time(share: float) -> None:
        if time.perf_counter() - started > share * seconds:
            raise _LateError

    def score(crops: np.ndarray) -> np.ndarray:
        logits = []
        for first in range(0, len(crops), _BATCH):
            in_time(SHARE)
            logits.append(model.logits(crops[first : first + _BATCH]) + np.float32(pixels.everywhere))
        return np.concatenate(logits)

    try:
        in_time(BEGIN)
        picture = whole()
        regions = heatmap(picture, score, model.crop.size)
        if folder is not None:
            from fauxto.run.drawing import draw  # noqa: PLC0415

            draw(picture, regions, pixels, folder, digest)
    except _LateError:
        return [], [
            _missing(say("that takes too long beside the {seconds} seconds of the whole scan", seconds=f"{seconds:g}"))
        ]
    except MemoryError:
        return [], [_missing(say("that takes more memory than there is"))]
    except FauxtoError as error:
        return [], [_missing(error.what.rstrip("."))]
    return regions, []


def _missing(reason: str) -> Evidence:
    return Evidence("pixels", say("The score was not mapped over the picture: {reason}.", reason=reason), "none")
