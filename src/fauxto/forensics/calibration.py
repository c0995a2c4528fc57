"""How often each tool flags an untouched photograph, as measured, and the threshold that was shipped for it."""

from __future__ import annotations

import functools
import json
from bisect import bisect_left
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from fauxto.forensics.trace import Trace
from fauxto.language import say


@dataclass(frozen=True, slots=True)
class Judgement:
    """A number held against the photographs that were measured.

    - `flagged`: the number lies above `threshold` (None: the tool flags nothing).
    - `false_alarms`: the share of untouched photographs that it flags, with its 95 % interval `low` to `high`, on
      `photographs` pictures that the threshold was not set on; `worst` and `worst_rate` name the population with the
      largest share.
    - `p_value`: (1 + photographs with as large a number) / (1 + photographs); None without a number.
    - `catches`, `tampered`: what share of forgeries it flagged, by kind: those made for the measurement, and real ones.
    """

    flagged: bool
    threshold: float | None
    false_alarms: float | None
    low: float | None
    high: float | None
    photographs: int
    worst: str | None
    worst_rate: float | None
    p_value: float | None
    catches: dict[str, float]
    tampered: dict[str, float]

    @property
    def sentence(self) -> str:
        """The share of untouched photographs that it flags, in words."""
        if self.threshold is None:
            return say("It never flags a picture.")
        if self.false_alarms is None:
            return say("How often it flags untouched photographs was not measured.")
        rate, low, high = (_percent(share or 0) for share in (self.false_alarms, self.low, self.high))
        if not self.worst:
            return say(
                "Flags {rate} of untouched photographs (95 % interval {low} to {high}, n = {count}).",
                rate=rate,
                low=low,
                high=high,
                count=self.photographs,
            )
        return say(
            "Flags {rate} of untouched photographs (95 % interval {low} to {high}, n = {count}; at worst {worst} "
            "({name})).",
            rate=rate,
            low=low,
            high=high,
            count=self.photographs,
            worst=_percent(self.worst_rate or 0),
            name=self.worst,
        )


def judge(trace: Trace) -> Judgement:
    """Hold what a tool found against its calibration."""
    entry = read()["tools"].get(trace.name)
    if entry is None:
        return Judgement(False, None, None, None, None, 0, None, None, None, {}, {})
    threshold, every = entry["threshold"], entry["photographs"]
    measured = threshold is not None
    # A rate of a handful of photographs says little: the worst is named among those with enough of them.
    large = {name: row for name, row in entry["populations"].items() if row["n"] >= LEAST}
    worst = max(large, key=lambda name: large[name]["rate"]) if measured and large else None
    references = entry["references"]
    p_value = None
    if trace.number is not None:
        p_value = (1 + len(references) - bisect_left(references, trace.number)) / (1 + len(references))
    return Judgement(
        flagged=measured and trace.number is not None and trace.number > threshold,
        threshold=threshold,
        false_alarms=every["rate"] if measured else None,
        low=every["low"] if measured else None,
        high=every["high"] if measured else None,
        photographs=every["n"],
        worst=worst,
        worst_rate=large[worst]["rate"] if worst else None,
        p_value=p_value,
        catches=_rates(entry["forgeries"]),
        tampered=_rates(entry["tampered"]),
    )


def _rates(measured: dict[str, Any]) -> dict[str, float]:
    """The share that was flagged of each kind of which enough were measured."""
    return {kind: row["rate"] for kind, row in measured.items() if row["n"] >= LEAST_FORGERIES}


LEAST = 20
"""Photographs that a population needs for its rate to be named."""

LEAST_FORGERIES = 10
"""Likewise of a kind of forgery; smaller counts stay in the calibration, with their intervals."""


@functools.cache
def read() -> dict[str, Any]:
    """The calibration that ships: see `benchmarks/forensics_calibration.py`."""
    text = files("fauxto.forensics").joinpath("calibration.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def together(flags: int) -> str:
    """How often untouched photographs raise as many flags at once; empty for none.

    Several tools are asked, and each has false alarms of its own: one flag among many is common.
    """
    entry = read()["any_flag"].get(str(min(flags, 3)))
    if not flags or entry is None:
        return ""
    rate, photographs = _percent(entry["rate"]), entry["n"]
    if flags == 1:
        return say("{rate} of untouched photographs raise 1 flag or more (n = {count}).", rate=rate, count=photographs)
    return say(
        "{rate} of untouched photographs raise {number} flags or more (n = {count}).",
        rate=rate,
        number=min(flags, 3),
        count=photographs,
    )


def _percent(share: float) -> str:
    """A share as a percentage that does not round to none or all.

    >>> _percent(0.031), _percent(0.0), _percent(0.004), _percent(0.999)
    ('3 %', '0 %', 'under 1 %', 'over 99 %')
    """
    if 0 < share < 0.005:
        return "under 1 %"
    return "over 99 %" if 0.995 <= share < 1 else f"{100 * share:.0f} %"
