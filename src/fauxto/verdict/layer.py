"""What one map over a picture says: a number, how often it errs, what it cannot show and where it fails; in English."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fauxto.catalog.source import read_card
from fauxto.errors import FauxtoError
from fauxto.finding import Evidence, Finding
from fauxto.language import say, translate
from fauxto.verdict.heatmap import CAVEAT
from fauxto.verdict.wording import rate

if TYPE_CHECKING:
    from fauxto.forensics import Examined

HEATMAP, LOCALIZER = "heatmap", "localizer"
"""The two layers that are no forensic tool's; those have the names of `forensics.tools`."""

SCORE_TITLE, REGION_TITLE = say("Where the score comes from"), say("Altered region")

_ROOMS = Path(__file__).parents[1]
_CARDS = (
    say("re-posts shrunk to half size or less"),
    say("generators unlike those in its training data"),
    say("re-posts: a strong JPEG or shrinking after the alteration removes what differs"),
    say("pictures that were altered as a whole, or nearly so: nothing is left to differ from"),
    say("pictures with both sharp and blurred parts, screenshots and collages, which differ from themselves"),
)
"""What the cards of the shipped models name; said here for the catalogues, since a card holds literals only."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One map and what stands beside it, as plain JSON types.

    - `name`, `title`; `looks_for`, `statement`: what it measures, and what it found in this picture.
    - `limits`, `fails_on`: what may not be concluded, and the known ways in which it misses or accuses.
    - `number` in `unit` (higher is more unusual; None where it cannot be asked), `flagged` above `threshold`.
    - `false_alarms`: how many untouched photographs it flags, in words; `rate` with its 95 % `interval`, where that was
      counted on photographs that the threshold was not set on, of which there were `photographs`; `p_value` of this
      number among them.
    - `maps`: whether there is a map of this picture.
    """

    name: str
    title: str
    looks_for: str
    statement: str
    limits: str
    fails_on: tuple[str, ...]
    number: float | None
    unit: str
    threshold: float | None
    flagged: bool
    p_value: float | None
    false_alarms: str
    rate: float | None
    interval: tuple[float, float] | None
    photographs: int
    maps: bool


def localized(layer: Layer, language: str) -> Layer:
    """The layer with its sentences in `language`; what the catalogue does not know stays English."""

    def said(text: str) -> str:
        return text and translate(text, language)

    return replace(
        layer,
        title=said(layer.title),
        looks_for=said(layer.looks_for),
        statement=said(layer.statement),
        limits=said(layer.limits),
        fails_on=tuple(map(said, layer.fails_on)),
        unit=said(layer.unit),
        false_alarms=said(layer.false_alarms),
    )


def of_score(finding: Finding) -> Layer:
    """What stands beside the heat map: the evidence of the pixels, which flags nothing where they do not count."""
    item = evidence_of(finding, "pixels") or Evidence("pixels", "", "none")
    unfit = next((each for each in finding.evidence if each.layer == "quality"), None)
    layer = Layer(
        name=HEATMAP,
        title=SCORE_TITLE,
        looks_for=say("windows that look synthetic to the detector when each is shown to it alone"),
        limits=f"{CAVEAT} {item.limits}".strip(),
        fails_on=_failures("detect", (finding.model or {}).get("name", "")),
        unit=say("logit of the whole picture, higher is more synthetic"),
        maps=True,
        **_read(item, finding),
    )
    return replace(layer, flagged=False, limits=f"{unfit.limits} {layer.limits}") if unfit is not None else layer


def of_regions(item: Evidence, finding: Finding, name: str, *, maps: bool) -> Layer:
    """What stands beside the map of the localizer `name`, whose evidence is `item`."""
    return Layer(
        name=LOCALIZER,
        title=REGION_TITLE,
        looks_for=say("parts whose noise and fine texture differ from the rest of the picture"),
        limits=item.limits,
        fails_on=_failures("localize", name),
        unit=say("mean logit of the highest part of the map, higher is more unusual"),
        maps=maps,
        **_read(item, finding),
    )


def of_tool(examined: Examined) -> Layer:
    """What stands beside the map of a forensic tool."""
    about, trace, judgement = examined.about, examined.trace, examined.judgement
    measured = judgement.low is not None and judgement.high is not None
    return Layer(
        name=about.name,
        title=about.title,
        looks_for=about.looks_for,
        statement=trace.statement,
        limits=about.cannot_show,
        fails_on=about.fails_on,
        number=None if trace.number is None else float(trace.number),
        unit=about.unit,
        threshold=judgement.threshold,
        flagged=judgement.flagged,
        p_value=judgement.p_value,
        false_alarms=judgement.sentence,
        rate=judgement.false_alarms,
        interval=(judgement.low or 0.0, judgement.high or 0.0) if measured else None,
        photographs=judgement.photographs,
        maps=trace.map is not None,
    )


def evidence_of(finding: Finding, layer: str) -> Evidence | None:
    """The item of a layer that holds a measurement, if the finding has one."""
    return next((item for item in finding.evidence if item.layer == layer and isinstance(item.value, dict)), None)


def regions_are_altered(finding: Finding) -> bool:
    """Whether the regions of a finding are those that its localizer names, rather than the windows of the heat map."""
    item = evidence_of(finding, "localizer")
    named = item.value.get("regions") if item is not None else None
    return bool(named) and named == [asdict(region) for region in finding.regions]


def _read(item: Evidence, finding: Finding) -> dict[str, Any]:
    """The numbers of an item that was read against the reference photographs of a model."""
    value: dict[str, Any] = item.value if isinstance(item.value, dict) else {}
    bound, p_value = value.get("fpr", finding.fpr), value.get("p_value")
    photographs = sum(entry["n"] for entry in value.get("populations", {}).values())
    threshold = value.get("threshold")
    words = ""
    if photographs:
        words = say("{count} reference photographs are too few to flag anything at this bound.", count=photographs)
    if threshold is not None and bound is not None:
        words = say(
            "The threshold lies where at most {bound} reference photographs are flagged (n = {count}).",
            bound=rate(bound),
            count=photographs,
        )
    return {
        "statement": item.statement,
        "number": value.get("logit"),
        "threshold": threshold,
        "flagged": p_value is not None and bound is not None and p_value <= bound,
        "p_value": p_value,
        "false_alarms": words,
        "rate": None,
        "interval": None,
        "photographs": photographs,
    }


def _failures(room: str, name: str) -> tuple[str, ...]:
    """The known failure modes on the card of a system of the house; none for one of somebody else."""
    path = _ROOMS / room / f"{name.replace('-', '_')}.py"
    try:
        return read_card(path).fails_on if path.is_file() else ()
    except FauxtoError:
        return ()
