"""What would change a verdict: each way in which new evidence would move it, and none that would not.

Read from the same rules as `fusion`: a trusted signature outranks the pixels, the pixels call at the bound, and
what is unstable, contradictory or unfit to be judged can only take a call away.
"""

from __future__ import annotations

from fauxto.finding import Finding
from fauxto.language import say
from fauxto.verdict.bound import pixel_bound
from fauxto.verdict.pixels import BORDERLINE
from fauxto.verdict.wording import rate

_SENSIBLE = 0.2
"""No one would ask for a bound above this share of false alarms."""


def what_would_change(finding: Finding) -> list[str]:
    """Plain sentences in English, the nearest change first; none for a file that was not read."""
    if finding.status != "ok" or finding.verdict is None or finding.p_value is None or finding.fpr is None:
        return []
    signed = any(item.strength == "proof" for item in finding.evidence)
    if signed and finding.verdict != "inconclusive":
        return [
            say("Only a broken or withdrawn signature would: the verdict rests on a trusted signer, not on pixels.")
        ]
    reasons = {"generated": _generated, "edited": _edited, "inconclusive": _open, "no_evidence": _nothing}
    return [*reasons[finding.verdict](finding), *_always(signed)]


def _generated(finding: Finding) -> list[str]:
    stricter = say(
        "A bound stricter than {rate} would make it inconclusive; {bound} was asked for.",
        rate=rate(finding.p_value or 0.0),
        bound=rate(pixel_bound(finding) or 0.0),
    )
    return [*_untried(finding), stricter]


def _edited(finding: Finding) -> list[str]:
    """Of a part that stands out; what is signed was answered before."""
    part = next((item.value for item in finding.evidence if item.layer == "localizer" and item.value), None)
    if part is None:
        return _untried(finding)
    return [
        say(
            "At a bound stricter than {rate} the part that stands out would be no more than a hint; {bound} was asked "
            "for.",
            rate=rate(part["p_value"]),
            bound=rate(part["fpr"]),
        )
    ]


def _untried(finding: Finding) -> list[str]:
    if finding.stability is not None:
        return []
    return [say("If copies as networks re-ship them got another answer, it would be inconclusive. That was not tried.")]


def _open(finding: Finding) -> list[str]:
    """One sentence for each reason why it is inconclusive."""
    p_value, bound, found = finding.p_value or 1.0, pixel_bound(finding) or 0.0, []
    if any(item.layer == "quality" for item in finding.evidence):
        found.append(say("A larger or less processed copy would: the pixels of this one cannot be judged."))
    if finding.stability is not None and finding.stability["flipped"]:
        found.append(say("An earlier copy, before it was re-shipped, might: the call does not survive sharing."))
    if bound < p_value <= BORDERLINE * bound and not _unfit(finding):
        found.append(
            say(
                "Another copy, nearer to the original, might: up to {rate} reference photographs look this synthetic, "
                "and only {bound} or rarer is called.",
                rate=rate(p_value),
                bound=rate(bound),
            )
        )
    if any(item.points_to == "conflict" and item.layer != "stability" for item in finding.evidence):
        found.append(say("Knowing where the file comes from would: what it says of itself and its pixels disagree."))
    return found


def _nothing(finding: Finding) -> list[str]:
    found = _untried(finding)
    if finding.p_value is not None and finding.p_value <= _SENSIBLE:
        found.append(
            say(
                "At a bound of {rate} it could be called, at the price of that many false alarms; {bound} was asked "
                "for.",
                rate=rate(finding.p_value),
                bound=rate(pixel_bound(finding) or 0.0),
            )
        )
    return [
        *found,
        say("An earlier or larger copy may show traces that sharing and shrinking have removed from this one."),
    ]


def _always(signed: bool) -> list[str]:
    if signed:
        return []
    return [say("Content credentials with a trusted signature would outrank the pixels, whatever they look like.")]


def _unfit(finding: Finding) -> bool:
    return any(item.layer == "quality" for item in finding.evidence)
