"""From the windows of a picture to its one logit: the same rule in scanning and in packaging."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def mean(logits: np.ndarray) -> float:
    """The mean of the logits `(k,)` of all windows."""
    return float(logits.astype(np.float64).mean())


def upper_half(logits: np.ndarray) -> float:
    """The mean of the higher half of the logits `(k,)`, the middle one included where k is odd.

    Many windows of a generated picture show sky or blur, which tells nothing: the rule asks how synthetic the more
    synthetic half of a picture is, and its reference populations are asked the same.

    >>> upper_half(np.array([4.0, -9.0, 2.0, -3.0]))
    3.0
    """
    return float(np.sort(logits.astype(np.float64))[len(logits) // 2 :].mean())


RULES = {"mean": mean, "upper half": upper_half}
"""How the windows of one picture become one logit, by the name that `pooling` has in model.json."""


def pooled(
    logits: Callable[[np.ndarray], np.ndarray],
    windows: np.ndarray,
    settle: float | None = None,
    rule: Callable[[np.ndarray], float] = mean,
) -> tuple[float, bool]:
    """The logit by `rule` over all windows `(k, ...)`, or that of the middle one alone where it is below `settle`.

    The second value says whether the middle settled it: a picture whose middle looks that little synthetic is left at
    that, and the other windows are not computed. The rule takes part in the reference populations too, so a bound on
    false alarms holds with it as without it; what it can cost is a generated picture whose middle shows nothing
    (`learn.package` measures how many).
    """
    if settle is None:
        return rule(logits(windows)), False
    middle = len(windows) // 2
    first = logits(windows[middle : middle + 1])
    if first[0] < settle:
        return float(first[0]), True
    others = np.concatenate((windows[:middle], windows[middle + 1 :]))
    return rule(np.concatenate((first, logits(others))) if len(others) else first), False
