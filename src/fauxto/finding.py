"""Finding, Evidence, Region: the one result type that the command line, API, page, report and benchmarks accept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Verdict = Literal["generated", "edited", "no_evidence", "inconclusive"]
Strength = Literal["proof", "strong", "declared", "weak", "none"]

VERDICTS: tuple[Verdict, ...] = ("generated", "edited", "no_evidence", "inconclusive")
"""Every verdict there is. There is no "real": absence of evidence is all that a scan can report."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One item that speaks for or against a verdict.

    `layer` says who speaks: "c2pa", "metadata", "pixels", "localizer", "forensics", "stability" or "quality".
    `statement` is a plain sentence tied to `value`; `limits` says what the item cannot show. `points_to` is what it
    suggests, if anything.
    """

    layer: str
    statement: str
    strength: Strength
    points_to: Literal["generated", "edited", "camera", "conflict", "none"] = "none"
    limits: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the picture (pixels of the displayed orientation, origin top left) with its logit."""

    x: int
    y: int
    width: int
    height: int
    logit: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What one scan of one picture found. The field names and their order are the public JSON schema.

    `status` is "ok" or "error"; on "error" only `path`, `sha256`, `error`, `model` and `seconds` carry values.
    `probability` is calibrated and lies in [0, 1]; `logit` is the raw pixel score, higher = more likely generated;
    `p_value` is the conformal p-value against the model's reference photographs; `fpr` is the false-alarm bound at
    which the verdict was called.
    """

    path: str
    sha256: str | None = None
    status: Literal["ok", "error"] = "ok"
    error: dict[str, str] | None = None
    verdict: Verdict | None = None
    probability: float | None = None
    logit: float | None = None
    p_value: float | None = None
    fpr: float | None = None
    stability: dict[str, Any] | None = None
    provenance: dict[str, Any] | None = None
    evidence: list[Evidence] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    model: dict[str, str] | None = None
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The Finding as plain JSON types, keys in schema order."""
        return asdict(self)

    def to_json(self) -> str:
        """The Finding as one line of JSON."""
        return json.dumps(self, ensure_ascii=False, allow_nan=False, default=_fields)

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Finding:
        """The inverse of `to_dict`: unknown keys are refused with a TypeError."""
        row = dict(row)
        row["evidence"] = [Evidence(**item) for item in row.get("evidence") or []]
        row["regions"] = [Region(**item) for item in row.get("regions") or []]
        return cls(**row)


def _fields(item: Evidence | Region | Finding) -> dict[str, Any]:
    """The fields of one of our own, in order; `asdict` would copy all that they hold, at four times the cost."""
    if not isinstance(item, Evidence | Region | Finding):
        raise TypeError(f"{type(item).__name__} is no JSON type")
    return {name: getattr(item, name) for name in item.__slots__}
