"""Where a scanned picture was altered: within a time of its own, and never at the verdict's cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from fauxto.errors import FauxtoError
from fauxto.finding import Evidence
from fauxto.language import say
from fauxto.run.localizer import LocalizerModel
from fauxto.verdict.altered import MapScore, judge_map
from fauxto.verdict.altered_wording import not_mapped

SHARE = 0.4
"""Of the wall time for one file, how much may have passed before the next tile is begun."""


class _LateError(Exception):
    """There is no time for the rest of the map."""


def localize(
    whole: Callable[[], np.ndarray],
    localizer: LocalizerModel,
    bound: float,
    *,
    counts: bool,
    started: float,
    seconds: float,
) -> tuple[MapScore | None, list[Evidence]]:
    """The map of the picture that `whole()` gives, judged at `bound`; or none, and an Evidence that says why.

    `counts` says whether the verdict may rest on it.
    `started` is the `time.perf_counter()` at which the picture was begun and `seconds` the wall time that it may take.
    """

    def in_time() -> None:
        if time.perf_counter() - started > SHARE * seconds:
            raise _LateError

    try:
        in_time()
        logits = localizer.logits(whole(), in_time)
        return judge_map(logits, localizer.populations, bound, share=localizer.top_share, counts=counts), []
    except _LateError:
        late = say("that takes too long beside the {seconds} seconds of the whole scan", seconds=f"{seconds:g}")
        return None, [not_mapped(late)]
    except MemoryError:
        return None, [not_mapped(say("that takes more memory than there is"))]
    except FauxtoError as error:
        return None, [not_mapped(error.what.rstrip("."))]
