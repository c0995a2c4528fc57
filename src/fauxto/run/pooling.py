"""From the windows of a picture to the one logit of its texture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Settle:
    """Below which logit of what was asked so far a picture is left at that, and what stands for the rest of it.

    Settling takes part in the reference populations too, so a bound on false alarms holds with it as without it; what
    it can cost is a generated picture that shows nothing at first (`learn.package` measures how many).
    """

    below: float
    instead: float


def middle(windows: np.ndarray) -> np.ndarray:
    """The middle one of `(k, ...)`, the later one where k is even: `(1, ...)`."""
    return windows[len(windows) // 2 :][:1]


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
    settle: Settle | None = None,
    rule: Callable[[np.ndarray], float] = mean,
) -> float:
    """The logit by `rule` over all windows `(k, ...)`, or by the middle one alone where that settles the picture."""
    if settle is None:
        return rule(logits(windows))
    first = logits(middle(windows))
    if first[0] < settle.below:
        return float(first[0]) + settle.instead
    others = np.delete(windows, len(windows) // 2, axis=0)
    return rule(np.concatenate((first, logits(others))) if len(others) else first)
