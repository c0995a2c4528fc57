"""Layers that lie over a picture: where its score comes from, and the regions that a localizer names."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from fauxto.finding import Finding
from fauxto.report.picture import scale
from fauxto.verdict.heatmap import layer

SIDE = 512
"""Of the longer side of the heat map; a map of windows has no finer detail."""

_OUTLINE, _FILL, _OUTLINED = (120, 20, 80, 255), (203, 50, 60, 90), 1024


def names(finding: Finding, options: dict[str, Any]) -> list[str]:
    """The layers that can be drawn of a Finding."""
    mapped = ["heatmap"] if finding.regions and options.get("heatmap") else []
    return mapped + (["localizer"] if _altered(finding) else [])


def heatmap(finding: Finding) -> bytes:
    """A PNG with alpha, of the aspect ratio of the picture; drawn from numbers, without the picture."""
    return _png(Image.fromarray(layer(finding.regions, *scale(finding), max_side=SIDE), "RGBA"))


def localizer(finding: Finding, pixels: np.ndarray) -> bytes:
    """A PNG with alpha: the regions that stand out, as boxes over a picture of the shape of `pixels` `(h, w, 3)`."""
    height, width = pixels.shape[:2]
    shrink = min(1.0, _OUTLINED / max(height, width))
    drawn = Image.new("RGBA", (max(1, round(width * shrink)), max(1, round(height * shrink))))
    pen = ImageDraw.Draw(drawn)
    for region in _altered(finding):
        x, y = region["x"] * shrink, region["y"] * shrink
        corner = max(x, x + region["width"] * shrink - 1), max(y, y + region["height"] * shrink - 1)
        pen.rectangle([(x, y), corner], fill=_FILL, outline=_OUTLINE, width=3)
    return _png(drawn)


def _altered(finding: Finding) -> list[dict[str, Any]]:
    """The regions of the localizer's evidence."""
    for item in finding.evidence:
        if item.layer == "localizer" and isinstance(item.value, dict):
            return list(item.value.get("regions") or [])
    return []


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
