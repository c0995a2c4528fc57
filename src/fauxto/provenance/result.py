"""Provenance: all that a file says of itself, and what it amounts to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fauxto.finding import Evidence
from fauxto.provenance import wording
from fauxto.provenance.fields import PointsTo, Tag
from fauxto.provenance.manifest import C2pa, State

Summary = Literal["ai_generated", "ai_edited", "camera", "conflict", "unknown"]

_SUMMARY: dict[PointsTo, Summary] = {
    "generated": "ai_generated",
    "edited": "ai_edited",
    "camera": "camera",
    "conflict": "conflict",
    "none": "unknown",
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """The signed manifest and the declared tags of one file.

    `summary` is what they claim together; `decisive` is True only where an intact manifest of a trusted
    signer stands behind the whole summary. Everything else anyone could have written or removed: it is
    evidence, in neither direction a decision.
    """

    c2pa: C2pa = field(default_factory=C2pa)
    tags: tuple[Tag, ...] = ()

    @property
    def state(self) -> State:
        """The state of the signed manifest."""
        return self.c2pa.state

    @property
    def decisive(self) -> bool:
        """Does a trusted signature stand behind the summary?"""
        manifest = self.c2pa
        return (
            manifest.state == "trusted"
            and manifest.proved == manifest.points_to
            and manifest.points_to in {"generated", "edited", "camera"}
        )

    @property
    def summary(self) -> Summary:
        """One word for all claims; weak ones (a hosting id) add up to nothing, a camera beside a generator is
        a conflict.
        """
        if self.decisive:
            return _SUMMARY[self.c2pa.points_to]
        claims = {t.points_to for t in self.tags if t.strength in {"strong", "declared"} or t.points_to == "camera"}
        claims |= {item.points_to for item in wording.c2pa(self.c2pa)}
        if "conflict" in claims or {"camera", "generated"} <= claims:
            return "conflict"
        return next((_SUMMARY[c] for c in ("generated", "edited", "camera") if c in claims), "unknown")

    def evidence(self) -> list[Evidence]:
        """One item for each thing found, the strongest layer first; empty when the file says nothing of
        itself.
        """
        return [*wording.c2pa(self.c2pa), *(wording.tag(item) for item in self.tags)]

    def to_dict(self, *, prompts: bool = False) -> dict[str, Any]:
        """The findings as JSON types; prompts, which are their writer's, only on request and as a short
        excerpt.
        """
        return {
            "summary": self.summary,
            "decisive": self.decisive,
            "c2pa": self.c2pa.to_dict(),
            "tags": [tag.to_dict(prompts=prompts) for tag in self.tags],
        }
