"""The p-value on a ruler: how rare it would be for a photograph to look this synthetic."""

from __future__ import annotations

import math

from markupsafe import Markup, escape

from fauxto.language import DEFAULT, phrase, say, texts, translate
from fauxto.verdict.pixels import BORDERLINE
from fauxto.verdict.wording import rate

_LEFT, _RIGHT, _Y = 14.0, 306.0, 20.0


def ruler(p_value: float, fpr: float, language: str = DEFAULT) -> Markup:
    """An inline SVG from every photograph on the left to the rarest on the right, in steps of ten.

    The shaded end is where a picture is called at `fpr`, the pale band before it where the answer is
    inconclusive.
    """
    decades = max(3, math.ceil(-math.log10(fpr) - 1e-9) + 1)

    def at(p: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * min(1.0, max(0.0, -math.log10(p) / decades))

    called, unsure, here = at(fpr), at(BORDERLINE * fpr), at(p_value)
    words = say(
        "{rate} reference photographs look this synthetic; called at {bound}", rate=rate(p_value), bound=rate(fpr)
    )
    parts = [
        f'<svg class="ruler" viewBox="0 0 320 50" role="img" aria-label="{escape(translate(words, language))}">',
        f'<rect class="unsure" x="{unsure:.1f}" y="12" width="{called - unsure:.1f}" height="16"/>',
        f'<rect class="called" x="{called:.1f}" y="12" width="{_RIGHT - called:.1f}" height="16"/>',
        f'<line class="axis" x1="{_LEFT}" x2="{_RIGHT}" y1="{_Y}" y2="{_Y}"/>',
    ]
    for decade in range(decades + 1):
        x, anchor = at(10.0**-decade), {0: "start", decades: "end"}.get(decade, "middle")
        label = texts(language).gettext(say("all"))
        if decade:
            label = phrase(rate(10.0**-decade), language).replace(str(10**decade), f"{10**decade:,}".replace(",", " "))
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="24"/>')
        shift = {"start": -6, "end": 6}.get(anchor, 0)
        parts.append(f'<text x="{x + shift:.1f}" y="44" text-anchor="{anchor}">{escape(label)}</text>')
    parts.append(f'<circle class="here" cx="{here:.1f}" cy="{_Y}" r="6"/></svg>')
    return Markup("".join(parts))  # numbers and our own words only
