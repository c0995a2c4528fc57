"""From the windows of a picture to its one logit: the same rule in scanning and in packaging."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def pooled(logits: Callable[[np.ndarray], np.ndarray], windows: np.ndarray, settle: float | None = None) -> float:
    """The mean logit over all windows `(k, ...)`, or that of the middle one alone where it is below `settle`.

    A picture whose middle looks that little synthetic is settled by it, and the other windows are not computed. The
    rule takes part in the reference populations too, so a bound on false alarms holds with it as without it; what it
    can cost is a generated picture whose middle shows nothing (`learn.package` measures how many).
    """
    if settle is None or len(windows) == 1:
        return float(logits(windows).astype(np.float64).mean())
    middle = len(windows) // 2
    first = float(logits(windows[middle : middle + 1])[0])
    if first < settle:
        return first
    others = logits(np.concatenate((windows[:middle], windows[middle + 1 :]))).astype(np.float64)
    return float((first + others.sum()) / len(windows))
