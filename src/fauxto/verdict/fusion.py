"""Provenance, pixels, stability and quality become one verdict.

Why the false-alarm bound holds. "generated" and "edited" are reached in two ways only: a *trusted
signature* says so, or the one pixel p-value is at most `fpr`. No second test is ever OR-ed in: quality,
stability and every forgeable statement can turn a call into "inconclusive", and none can make one. So for a
photograph of any population that can speak at `fpr`, Pr(generated or edited) <= fpr, plus the chance that a
trusted party signed a falsehood (`conformal` has the proof for the pixels). Likewise no metadata moves
`p_value` or `probability`: they are of the pixels alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from fauxto.finding import Evidence, Verdict
from fauxto.verdict import wording
from fauxto.verdict.pixels import PixelScore
from fauxto.verdict.quality import Quality

_DECLARES_MACHINE = ("ai_generated", "ai_edited", "conflict")


class Declaration(Protocol):
    """What fusion needs to know of a file's provenance.

    `summary` is "ai_generated", "ai_edited", "camera", "conflict" or "unknown"; `decisive` is True only
    where a signature of a trusted party stands behind the summary.
    """

    @property
    def summary(self) -> str: ...  # noqa: D102
    @property
    def decisive(self) -> bool: ...  # noqa: D102
    def evidence(self) -> list[Evidence]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict with what it rests on; `p_value` and `probability` are those of the pixels, untouched."""

    verdict: Verdict
    p_value: float
    probability: float
    evidence: list[Evidence] = field(default_factory=list)


def fuse(
    provenance: Declaration | None,
    pixels: PixelScore,
    stability: dict[str, Any] | None = None,
    quality: Quality | None = None,
) -> Decision:
    """Weigh what the file says of itself, what its pixels look like, and whether that lasts.

    `provenance` is None for bare pixels without a file; `stability` is what `verdict.stability` returns,
    None where it was not asked for; `quality` None means no reason to abstain.
    """
    quality = quality or Quality()
    evidence = list(provenance.evidence()) if provenance else []
    evidence += [wording.pixels(pixels), *wording.quality(quality)]
    if stability is not None:
        evidence.append(wording.stability(stability))
    verdict, tension = _weigh(
        provenance.summary if provenance else "unknown",
        bool(provenance and provenance.decisive),
        "unsupported" if quality.abstains else pixels.call,
        bool(stability and stability["flipped"]),
    )
    return Decision(verdict, pixels.p_value, pixels.probability, evidence + tension)


def _weigh(summary: str, decisive: bool, call: str, flipped: bool) -> tuple[Verdict, list[Evidence]]:
    """The rules in order of weight: trusted signatures, then pixels, then what anyone could have written."""
    if decisive and summary == "ai_generated":
        return "generated", []
    if decisive and summary == "ai_edited":
        return "edited", []
    if decisive and summary == "camera":
        return ("inconclusive", [wording.contradicted()]) if call == "generated" else ("no_evidence", [])
    if call == "generated":
        return ("inconclusive" if flipped else "generated"), []
    tension = [wording.unconfirmed(summary)] if summary in _DECLARES_MACHINE else []
    if call in ("borderline", "unsupported") or flipped or tension:
        return "inconclusive", tension
    return "no_evidence", []
