"""A Finding as the words and numbers that a card shows."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from importlib import metadata
from pathlib import PurePath
from typing import Any

from fauxto.finding import Evidence, Finding
from fauxto.language import DEFAULT, localized, numeral, phrase, say, texts, told, translate
from fauxto.report.identity import command
from fauxto.report.picture import Mapped, Shown
from fauxto.verdict.bound import pixel_bound
from fauxto.verdict.changes import what_would_change
from fauxto.verdict.layer import localized as spoken
from fauxto.verdict.wording import headline, meaning, rate

LAYERS = {
    "c2pa": say("Content credentials"),
    "metadata": say("Metadata"),
    "pixels": say("Pixels"),
    "localizer": say("Altered region"),
    "forensics": say("Forensics"),
    "stability": say("Stability"),
    "quality": say("Quality"),
}
STRENGTHS = {
    "proof": say("signed"),
    "strong": say("strong"),
    "declared": say("declared, forgeable"),
    "weak": say("weak"),
    "none": say("neutral"),
}
DETAILED = say("detailed, forgeable")
"""In place of "strong", of metadata: however much of it there is, anyone can write it."""
CALLS = {
    "generated": say("generated"),
    "borderline": say("borderline"),
    "ordinary": say("unremarkable"),
    "unsupported": say("cannot be called"),
}
CHAINS = {
    "jpeg:85": say("Saved once more"),
    "whatsapp": "WhatsApp",
    "instagram_feed": "Instagram",
    "reddit_preview": say("Reddit preview"),
    "screenshot:0.9|jpeg:90": say("Screenshot"),
}

_RAW_LENGTH = 20_000


def card(finding: Finding, anchor: str, shown: Shown, language: str = DEFAULT) -> dict[str, Any]:
    """Everything that the templates need to know about one finding; all text is still unescaped."""
    path, known = printable(finding.path), texts(language).gettext
    changes = [translate(words, language) for words in what_would_change(finding)]
    again = printable(command(finding, PurePath(path).name or path))
    finding = localized(finding, language)
    return {
        "anchor": anchor,
        "kind": anchor.rpartition("-")[0],
        "headline": known(headline(finding)) if finding.verdict else "",
        "meaning": known(meaning(finding)) if finding.verdict else "",
        "path": path,
        "name": PurePath(path).name or path,
        "shown": shown,
        "layers": [_layer(mapped, drawn, language) for mapped, drawn in shown.layers],
        "sha256": finding.sha256,
        "error": {key: printable(words) for key, words in told(finding.error or {}, language)._asdict().items()},
        "probability": None if finding.probability is None else percent(finding.probability, language),
        "p_value": finding.p_value,
        "p_words": None if finding.p_value is None else phrase(rate(finding.p_value), language),
        "bound": pixel_bound(finding),
        "fpr_words": None if finding.fpr is None else phrase(rate(finding.fpr), language),
        "logit": None if finding.logit is None else f"{finding.logit:+.2f}",
        "evidence": [_item(item, known) for item in finding.evidence if not _is_quiet(item)],
        "quiet": [_item(item, known) for item in finding.evidence if _is_quiet(item)],
        "doubts": [printable(item.statement) for item in finding.evidence if _is_doubt(finding, item)],
        "changes": changes,
        "command": again,
        "stability": finding.stability,
        "provenance": raw(finding.provenance),
        "model": finding.model or {},
        "seconds": None if finding.seconds is None else f"{finding.seconds:.2f} s",
    }


def _item(item: Evidence, known: Callable[[str], str]) -> dict[str, str]:
    return {
        "layer": known(LAYERS.get(item.layer, printable(item.layer))),
        "statement": printable(item.statement),
        "limits": printable(item.limits),
        "strength": item.strength,
        "strength_words": known(DETAILED if _is_detailed(item) else STRENGTHS.get(item.strength, item.strength)),
        "points_to": item.points_to,
    }


def _layer(mapped: Mapped, drawn: str, language: str) -> dict[str, Any]:
    """A layer as the card shows it."""
    title = phrase(mapped.title, language)
    if mapped.layer is None:
        return {"title": title, "drawn": "", "missing": printable(translate(mapped.missing, language))}
    layer = spoken(mapped.layer, language)
    return {
        "title": title,
        "drawn": drawn,
        "missing": "",
        "flagged": layer.flagged,
        "statement": printable(layer.statement),
        "number": figure(layer.number, language),
        "threshold": figure(layer.threshold, language),
        "unit": layer.unit,
        "false_alarms": layer.false_alarms,
        "looks_for": layer.looks_for,
        "limits": printable(layer.limits),
        "fails_on": layer.fails_on,
    }


def figure(number: float | None, language: str = DEFAULT) -> str:
    """A number to three digits, as the language writes it; a dash for none.

    >>> figure(0.14738), figure(2.0), figure(1.5, "de"), figure(None)
    ('0.147', '2', '1,5', '–')
    """
    return "–" if number is None else numeral(f"{number:.3g}", language)


def _is_doubt(finding: Finding, item: Evidence) -> bool:
    return finding.verdict == "inconclusive" and (item.layer == "quality" or item.points_to == "conflict")


def _is_detailed(item: Evidence) -> bool:
    return item.layer == "metadata" and item.strength == "strong"


def _is_quiet(item: Evidence) -> bool:
    """Whether it is a trace that shows nothing unusual: there are many of them, and they are folded away."""
    return item.layer == "forensics" and item.strength == "none"


def percent(probability: float, language: str = DEFAULT) -> str:
    """A probability in whole percent, never rounded to a certainty.

    >>> percent(0.873), percent(0.998), percent(0.001)
    ('87 %', 'over 99 %', 'under 1 %')
    """
    if probability > 0.99:
        return phrase(say("over {number} %", number=99), language)
    if probability < 0.01:
        return phrase(say("under {number} %", number=1), language)
    return phrase(say("{number} %", number=f"{100 * probability:.0f}"), language)


def printable(text: str) -> str:
    """Text with control, invisible and direction-changing characters spelled out, so that no name can pose
    as another.

    >>> printable("photo" + chr(0x202E) + "gpj.exe")
    'photo\\\\u202egpj.exe'
    """
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
        else character
        for character in text
    )


def raw(provenance: dict[str, Any] | None) -> str:
    """Provenance as indented JSON, cut at 20,000 characters; empty where there is none."""
    if not provenance:
        return ""
    text = json.dumps(provenance, indent=2, ensure_ascii=False, default=str)
    if len(text) > _RAW_LENGTH:
        text = text[:_RAW_LENGTH] + "\n... (cut here; the JSON output has all of it)"
    return "\n".join(printable(line) for line in text.split("\n"))


def version() -> str:
    """The installed version of fauxto; "source tree" where it is not installed."""
    try:
        return metadata.version("fauxto")
    except metadata.PackageNotFoundError:
        return "source tree"
