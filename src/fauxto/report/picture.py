"""A small copy of a picture, and of the maps that lie over it, as data inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauxto.finding import Finding
from fauxto.media.heat_colours import blend
from fauxto.verdict.heatmap import scale, tinted
from fauxto.verdict.layer import HEATMAP, LOCALIZER, Layer, regions_are_altered

_SIDE = 520
_QUALITY = 82
_MARK = 170
"""How warm a region is drawn: the picture shows through."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A layer with its map, uint8 `(h, w)`, if it has one; or its title and why it could not be made."""

    title: str
    layer: Layer | None = None
    heat: np.ndarray | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a card shows: data URIs, the size of the original, or the reason why there is nothing.

    `overlay` is the heat map, or, where `altered`, the regions that a localizer names. `layers` holds each layer with
    the data URI of its drawing, empty where it has none.
    """

    thumbnail: str = ""
    overlay: str = ""
    size: str = ""
    missing: str = ""
    altered: bool = False
    layers: tuple[tuple[Mapped, str], ...] = ()


def show(pixels: np.ndarray, finding: Finding, layers: Sequence[Mapped] = ()) -> Shown:
    """The thumbnail of uint8 `(H, W, 3)` pixels, its layers, and the heat map where the finding has regions."""
    height, width = pixels.shape[:2]
    small = Image.fromarray(pixels)
    small.thumbnail((_SIDE, _SIDE))
    drawn, altered = "", regions_are_altered(finding)
    shown = {mapped.layer.name for mapped in layers if mapped.layer}
    if altered and LOCALIZER not in shown:
        drawn = _over(small, _marked(finding, width, height))
    elif finding.regions and not altered and HEATMAP not in shown:
        drawn = _uri(Image.fromarray(tinted(pixels, finding.regions, *scale(finding, finding.regions), max_side=_SIDE)))
    over = tuple((mapped, _over(small, mapped.heat)) for mapped in layers)
    return Shown(_uri(small), drawn, f"{width} × {height}", altered=altered, layers=over)


def _marked(finding: Finding, width: int, height: int) -> np.ndarray:
    """The regions of a finding as a map, uint8 `(height, width)`."""
    heat = np.zeros((height, width), np.uint8)
    for region in finding.regions:
        heat[region.y : region.y + region.height, region.x : region.x + region.width] = _MARK
    return heat


def _over(small: Image.Image, heat: np.ndarray | None) -> str:
    """The picture in pale grey under a map."""
    if heat is None:
        return ""
    warm = np.asarray(Image.fromarray(heat).resize(small.size, Image.Resampling.BILINEAR), dtype=np.float32) / 255
    grey = 96 + 0.6 * np.asarray(small.convert("L"), dtype=np.float32)[..., None]
    return _uri(Image.fromarray(np.rint(blend(grey, warm)).astype(np.uint8)))


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
