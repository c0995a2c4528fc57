"""A small copy of a picture, and of the drawing of its score, as data inside the page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauxto.finding import Finding
from fauxto.verdict.heatmap import tinted

_SIDE = 520
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card shows: data URIs, the size of the original, or the reason why there is nothing."""

    thumbnail: str = ""
    overlay: str = ""
    size: str = ""
    missing: str = ""


def show(pixels: np.ndarray, finding: Finding) -> Shown:
    """The thumbnail of uint8 `(H, W, 3)` pixels, and the drawing where the finding has regions."""
    height, width = pixels.shape[:2]
    small = Image.fromarray(pixels)
    small.thumbnail((_SIDE, _SIDE))
    drawn = ""
    if finding.regions:
        drawn = _uri(Image.fromarray(tinted(pixels, finding.regions, *scale(finding), max_side=_SIDE)))
    return Shown(_uri(small), drawn, f"{width} × {height}")


def scale(finding: Finding) -> tuple[float, float]:
    """The logit of most photographs and the one that is called; else the range of this picture alone."""
    for item in finding.evidence:
        if item.layer == "pixels" and isinstance(item.value, dict) and item.value.get("threshold") is not None:
            return float(item.value["typical"]), float(item.value["threshold"])
    logits = [region.logit for region in finding.regions]
    return min(logits), max(logits)


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
