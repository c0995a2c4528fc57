"""Provenance, pixels, altered regions, stability and quality become one verdict.

Why the false-alarm bound holds. "generated" and "edited" are reached in three ways only: a *trusted
signature* says so, the detector's one p-value is at most its bound, or the localizer's is at most its own.
Where the localizer may decide, the bound `fpr` is split in halves between the two (Bonferroni): for a
photograph of any population that can speak at `fpr` / 2 to both, Pr(generated or edited) <= fpr / 2 + fpr / 2,
however the two depend on each other. Where it may not, the detector keeps all of `fpr`; which of the two it is
follows from `fpr` and the numbers of references, before a picture is seen (`decides_from`). Nothing else is
OR-ed in: quality, stability, classical traces and every forgeable statement can turn a call into
"inconclusive", and none can make one. To that comes the chance that a trusted party signed a falsehood
(`conformal` has the proof for each p-value). Likewise no metadata moves `p_value` or `probability`: they are of
the detector's pixels alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from fauxto.finding import Evidence, Verdict
from fauxto.verdict import wording
from fauxto.verdict.conformal import firm_from
from fauxto.verdict.pixels import PixelScore
from fauxto.verdict.quality import Quality

if TYPE_CHECKING:
    from fauxto.verdict.altered import MapScore

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
    altered: MapScore | None = None,
) -> Decision:
    """Weigh what the file says of itself, what its pixels look like, and whether that lasts.

    `provenance` is None for bare pixels without a file; `stability` is what `verdict.stability` returns,
    None where it was not asked for; `quality` None means no reason to abstain; `altered` is what the localizer
    found, None where it was not asked or has no map. `pixels` and `altered` come judged at `budget(fpr, ...)`.
    """
    quality = quality or Quality()
    evidence = list(provenance.evidence()) if provenance else []
    looks = wording.pixels(pixels)
    if quality.abstains:
        looks = replace(looks, strength="none", points_to="none")
    evidence += [looks, *wording.quality(quality)]
    if altered is not None:
        from fauxto.verdict import altered_wording  # noqa: PLC0415  a scan without a map needs none of its words

        evidence.append(altered_wording.altered(altered))
    edited = bool(altered and altered.counts and altered.call == "altered" and not quality.abstains)
    if stability is not None:
        evidence.append(wording.stability(stability, of_a_part=edited))
    verdict, tension = _weigh(
        provenance.summary if provenance else "unknown",
        bool(provenance and provenance.decisive),
        "unsupported" if quality.abstains else pixels.call,
        bool(stability and stability["flipped"]),
        edited,
    )
    return Decision(verdict, pixels.p_value, pixels.probability, evidence + tension)


def budget(fpr: float, localizer_decides: bool) -> float:
    """The bound at which the detector, and the localizer if it may decide, is asked: half each, or all for one.

    >>> budget(0.01, localizer_decides=True)
    0.005
    """
    return fpr / 2 if localizer_decides else fpr


def decides_from(*populations: Mapping[str, Mapping[str, Any]]) -> float:
    """The least `fpr` at which a localizer may decide beside a detector, from the references of both.

    Half of the bound has to rest on two photographs or more of every population. Where one alone would settle it, half
    of a bound costs the detector much of what it finds (the localizer's card has figures), so that the map is a hint.

    >>> decides_from({"cameras": {"logits": [0.0] * 199}}, {"cameras": {"logits": [0.0] * 500}})
    0.02
    """
    return 2 * max(map(firm_from, populations))


def _weigh(
    summary: str, decisive: bool, call: str, flipped: bool, edited: bool = False
) -> tuple[Verdict, list[Evidence]]:
    """The rules in order of weight: trusted signatures, then pixels, then what anyone could have written."""
    if decisive and summary == "camera":
        against = _against_the_camera(call, edited)
        return ("inconclusive" if against else "no_evidence"), against
    if decisive and summary in ("ai_generated", "ai_edited"):
        return ("generated" if summary == "ai_generated" else "edited"), []
    if call == "generated" or edited:
        machine: Verdict = "generated" if call == "generated" else "edited"
        return ("inconclusive" if flipped else machine), []
    tension = [wording.unconfirmed(summary)] if summary in _DECLARES_MACHINE else []
    if call in ("borderline", "unsupported") or flipped or tension:
        return "inconclusive", tension
    return "no_evidence", []


def _against_the_camera(call: str, edited: bool) -> list[Evidence]:
    """What contradicts a trusted statement that a camera took the picture."""
    if call == "generated":
        return [wording.contradicted()]
    if not edited:
        return []
    from fauxto.verdict import altered_wording  # noqa: PLC0415

    return [altered_wording.contradicted()]
