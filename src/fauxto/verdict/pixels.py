"""What the pixels say: a logit with its probability, p-value and call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fauxto.verdict import calibration as calibrate
from fauxto.verdict import conformal

Call = Literal["generated", "borderline", "ordinary", "unsupported"]

BORDERLINE = 5.0
"""A p-value above `fpr`, but by no more than this factor, is neither called nor waved through."""


@dataclass(frozen=True, slots=True)
class PixelScore:
    """One logit, read against the reference photographs at a false-alarm bound.

    `per_population` maps each population to (p-value alone, number of photographs); `voters` are those that
    can speak at `fpr` (see `conformal`). `parts` names what the logit is the sum of, where a model has several parts;
    None was not asked.
    """

    logit: float
    probability: float
    p_value: float
    fpr: float
    per_population: dict[str, tuple[float, int]]
    voters: tuple[str, ...]
    threshold: float | None
    typical: float
    parts: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def everywhere(self) -> float:
        """What of the logit belongs to the whole picture and to no window of it."""
        return self.parts.get("appearance") or 0.0

    @property
    def call(self) -> Call:
        """What follows from the p-value alone."""
        if not self.voters:
            return "unsupported"
        if self.p_value <= self.fpr:
            return "generated"
        return "borderline" if self.p_value <= BORDERLINE * self.fpr else "ordinary"


def judge(
    logit: float,
    calibration: Mapping[str, Any],
    populations: Mapping[str, Mapping[str, Any]],
    fpr: float = conformal.DEFAULT_FPR,
    parts: Mapping[str, float | None] | None = None,
) -> PixelScore:
    """Read a logit with the `calibration` and `populations` of a model's description.

    >>> platt = {"kind": "platt", "slope": 1.0, "intercept": 0.0}
    >>> judge(9.0, platt, {"cameras": {"logits": [float(i) / 100 for i in range(300)]}}).call
    'generated'
    """
    p, alone = conformal.p_value(logit, populations, fpr)
    sizes = {name: (p_alone, len(populations[name]["logits"])) for name, p_alone in alone.items()}
    return PixelScore(
        logit=logit,
        probability=calibrate.probability(logit, calibration),
        p_value=p,
        fpr=fpr,
        per_population=sizes,
        voters=conformal.voters(populations, fpr),
        threshold=conformal.threshold(populations, fpr),
        typical=min(_median(population["logits"]) for population in populations.values()),
        parts=parts or {},
    )


def _median(ascending: Sequence[float]) -> float:
    """The lower median; the values come sorted, and this runs once a picture."""
    return float(ascending[(len(ascending) - 1) // 2])
