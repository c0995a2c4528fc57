"""The Chinese label of synthetic content (TC260, GB 45438-2025), in whatever carrier it comes."""

from __future__ import annotations

import html
from dataclasses import dataclass

from fauxto.finding import Strength
from fauxto.provenance.fields import PointsTo, excerpt
from fauxto.provenance.json_text import load_object, nested, text_of

_KNOWN = {
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
}
_LABELS: dict[str, tuple[PointsTo, Strength, str]] = {
    "1": ("generated", "declared", "generated"),
    "2": ("generated", "weak", "possibly generated"),
    "3": ("generated", "weak", "suspected of being generated"),
}


@dataclass(frozen=True, slots=True)
class Label:
    """The label's words, how much they weigh, and the producer's code."""

    points_to: PointsTo
    strength: Strength
    words: str
    producer: str


def read(text: str) -> Label | None:
    """Read a label: the bare object, `{"AIGC": {...}}` or `AIGC{...}`, HTML-escaped or not; None for anything
    else.

    A label counts only with one more field of the standard, so the word AIGC in a caption is nothing.
    """
    text = text.strip()
    if "Label" not in text or len(text) > 65_536:
        return None
    if "&quot;" in text:
        text = html.unescape(text)
    value = load_object(text.removeprefix("AIGC").lstrip(": ")) or {}
    label = nested(value, "AIGC") or value
    if text_of(label.get("Label")) not in _LABELS or not _KNOWN & label.keys():
        return None
    points_to, strength, words = _LABELS[text_of(label["Label"])]
    return Label(points_to, strength, words, excerpt(text_of(label.get("ContentProducer"))))
