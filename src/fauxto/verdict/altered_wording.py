"""The sentences about altered regions. Each says what it can show, and its limit says what it cannot."""

from __future__ import annotations

from fauxto.finding import Evidence, Strength
from fauxto.language import say
from fauxto.verdict.altered import MapScore
from fauxto.verdict.wording import rate

STANDS_OUT = say(
    "Part of the picture does not fit the rest of it: at most {rate} untouched reference photographs hold a part that "
    "stands out this much, in every set large enough to tell: {sets}."
)
STANDS_OUT_WEAKLY = say(
    "Part of the picture stands out from the rest, as in up to {rate} untouched reference photographs; that is no "
    "evidence of an edit at the bound asked for, {bound}."
)
NOTHING_STANDS_OUT = say(
    "No part of the picture stands out from the rest: up to {rate} untouched reference photographs hold a part that "
    "stands out as much."
)
CANNOT_TELL = say(
    "A false-alarm bound of {bound} needs larger sets of reference photographs than there are: no part of the picture "
    "can be called altered."
)
ONLY_EVIDENCE = say("The map is shown as a hint of where to look; it does not count towards the verdict.")
WHERE_LIMIT = say(
    "It shows that noise, fine texture or compression differ, not what was done or by whom. Where much was exchanged, "
    "the part that was left may be what stands out. Sharp and blurred parts side by side, plain skies, captions, "
    "collages and local filters of a phone can look the same."
)
MISSED_LIMIT = say(
    "Careful edits, and edits saved again with strong compression or made smaller, leave nothing that differs. A "
    "picture that was altered as a whole has no part to differ from."
)
CONTRADICTED = say("A trusted signer states that a camera took this picture, but part of it does not fit the rest.")
PARTLY_READ = say("The picture is large: {percent} % of it were read, evenly spread.")
NOT_MAPPED = say("The picture was not searched for altered regions: {reason}.")


def altered(score: MapScore) -> Evidence:
    """What the map shows, in one item; its value names the regions."""
    value = {
        "logit": score.logit,
        "p_value": score.p_value,
        "fpr": score.fpr,
        "threshold": score.threshold,
        "area": score.area,
        "read": score.read,
        "decides": score.counts,
        "populations": {name: {"p_value": p, "n": n} for name, (p, n) in score.per_population.items()},
        "regions": [{"x": r.x, "y": r.y, "width": r.width, "height": r.height, "logit": r.logit} for r in score.shown],
    }
    here, bound = rate(score.p_value), rate(score.fpr)
    called = score.call == "altered"
    if called:
        sets = ", ".join(f"{name} ({score.per_population[name][1]})" for name in score.voters)
        statement, limits = STANDS_OUT.format(rate=here, sets=sets), WHERE_LIMIT
    elif score.call == "borderline":
        statement, limits = STANDS_OUT_WEAKLY.format(rate=here, bound=bound), WHERE_LIMIT
    elif score.call == "ordinary":
        statement, limits = NOTHING_STANDS_OUT.format(rate=here), MISSED_LIMIT
    else:
        statement, limits = CANNOT_TELL.format(bound=bound), MISSED_LIMIT
    if not score.counts:
        limits = f"{ONLY_EVIDENCE} {limits}"
    if score.read < 0.995:
        limits = f"{limits} {PARTLY_READ.format(percent=round(100 * score.read))}"
    decides = called and score.counts
    strength: Strength = "strong" if decides else "weak" if called or score.call == "borderline" else "none"
    return Evidence("localizer", statement, strength, "edited" if called else "none", limits=limits, value=value)


def contradicted() -> Evidence:
    """A trusted capture claim against a part that stands out."""
    return Evidence("c2pa", CONTRADICTED, "strong", "conflict", limits=WHERE_LIMIT)


def not_mapped(reason: str) -> Evidence:
    """There is no map, and why."""
    return Evidence("localizer", NOT_MAPPED.format(reason=reason), "none")
