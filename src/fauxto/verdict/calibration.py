"""From a raw logit to a calibrated probability, by what was fitted on held-out data."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any

from fauxto.errors import ContractError, WeightError


def probability(logit: float, calibration: Mapping[str, Any]) -> float:
    """The calibrated probability in [0, 1] that a picture with this logit is generated.

    `{"kind": "platt", "slope": a, "intercept": b}` is sigmoid(a logit + b). `{"kind": "isotonic", "logits":
    [...], "probabilities": [...]}` is the straight line between the knots and constant beyond them. The
    figure holds for the mix of real and generated pictures it was fitted on; at other base rates it has to
    be corrected.

    >>> probability(0.0, {"kind": "platt", "slope": 1.0, "intercept": 0.0})
    0.5
    >>> probability(1.0, {"kind": "isotonic", "logits": [0.0, 2.0], "probabilities": [0.2, 0.6]})
    0.4
    """
    if not math.isfinite(logit):
        raise ContractError(
            f"Expected a finite logit; got {logit}.", fix="The network is broken: install its weights again."
        )
    kind = calibration.get("kind")
    try:
        if kind == "platt":
            return _sigmoid(float(calibration["slope"]) * logit + float(calibration["intercept"]))
        if kind == "isotonic":
            return _between(logit, calibration["logits"], calibration["probabilities"])
    except KeyError as missing:
        raise _refuse(f"{kind} without its entry {missing}") from missing
    raise _refuse(repr(kind))


def _sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)) without overflow on either side."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    return math.exp(x) / (1 + math.exp(x))


def _between(x: float, knots: list[float], values: list[float]) -> float:
    if not knots or len(knots) != len(values):
        raise _refuse(f"isotonic with {len(knots)} logits and {len(values)} probabilities")
    right = bisect_right(knots, x)
    if right == 0:
        return float(values[0])
    if right == len(knots):
        return float(values[-1])
    share = (x - knots[right - 1]) / (knots[right] - knots[right - 1])
    return float(values[right - 1] + share * (values[right] - values[right - 1]))


def _refuse(got: str) -> WeightError:
    return WeightError(
        f"Expected a calibration of kind platt or isotonic, complete; got {got}.",
        fix="Correct the 'calibration' entry of the model's model.json.",
    )
