"""Where the score comes from: the network slid over the picture at native resolution, and a drawing of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fauxto.errors import InputError
from fauxto.finding import Finding, Region
from fauxto.language import say
from fauxto.media.crops import Box, CropSpec, take
from fauxto.media.heat_colours import blend

CAVEAT = say("Where the score comes from, not where an edit is. A single window is no verdict.")

LOW, HIGH = say("like most photographs"), say("far beyond the call (mark)")
"""The two ends of the legend."""

MAX_WINDOWS = 96
"""No picture has more windows than this, about thirty times the work of its verdict, however large it is."""

_BATCH = 16
_STRIP = 46


def heatmap(
    pixels: np.ndarray,
    score: Callable[[np.ndarray], np.ndarray | Sequence[float]],
    size: int,
    stride: int | None = None,
    max_windows: int = MAX_WINDOWS,
) -> list[Region]:
    """The logit of every window of a grid over the picture, row by row.

    `pixels` is uint8 `(H, W, 3)`; `score` maps uint8 `(k, size, size, 3)` to k logits and is called with at
    most 16 windows; `size` is the side that the network reads; `stride` is `size // 2` unless given.
    Windows start on even pixels, as in `media.crops`; a side shorter than `size` is taken whole and
    mirrored.
    """
    if stride is not None and stride < 2:
        raise InputError(f"Expected a stride of at least 2 pixels; got {stride}.", fix="Leave it out.")
    boxes = grid(pixels.shape[1], pixels.shape[0], size, stride or size // 2, max_windows)
    regions = []
    for start in range(0, len(boxes), _BATCH):
        batch = boxes[start : start + _BATCH]
        logits = score(np.concatenate([_window(pixels, box, size) for box in batch]))
        for box, logit in zip(batch, logits, strict=True):
            regions.append(Region(box.x, box.y, box.width, box.height, float(logit)))
    return regions


def grid(width: int, height: int, size: int, stride: int, max_windows: int = MAX_WINDOWS) -> list[Box]:
    """At most `max_windows` windows, `stride` apart or less, from edge to edge (or one pixel short of it).

    Where the cap is hit they lie further apart, evenly, and may leave gaps.

    >>> [(box.x, box.y) for box in grid(512, 256, 256, 128)]
    [(0, 0), (128, 0), (256, 0)]
    """
    columns, rows = (math.ceil(_free(side, size) / stride) + 1 for side in (width, height))
    if columns * rows > max_windows:
        shrink = math.sqrt(max_windows / (columns * rows))
        columns, rows = (min(max_windows, max(1, int(count * shrink))) for count in (columns, rows))
    return [
        Box(x, y, min(size, width), min(size, height))
        for y in _starts(height, size, rows)
        for x in _starts(width, size, columns)
    ]


def overlay(
    pixels: np.ndarray, regions: Sequence[Region], typical: float, threshold: float, max_side: int = 1024
) -> np.ndarray:
    """`tinted`, with a legend below: uint8 `(h, w, 3)`, ready to be saved."""
    drawn = tinted(pixels, regions, typical, threshold, max_side)
    return np.concatenate([drawn, _legend(drawn.shape[1])])


def tinted(
    pixels: np.ndarray, regions: Sequence[Region], typical: float, threshold: float, max_side: int = 1024
) -> np.ndarray:
    """The picture in pale grey, warm where windows score high: uint8 `(h, w, 3)`, long side at most
    `max_side`.

    Colour begins at `typical`, the logit of most photographs, is half-way at `threshold`, where a whole
    picture would be called, and full as far beyond. Where windows overlap their mean is shown, each
    counting most in its middle.
    """
    height, width = pixels.shape[:2]
    scale = min(1.0, max_side / max(width, height))
    small = Image.fromarray(pixels).resize((max(1, round(width * scale)), max(1, round(height * scale))))
    logits = _mean_logits(small.width, small.height, regions, scale, typical)
    grey = 96 + 0.6 * np.asarray(small.convert("L"), dtype=np.float32)[..., None]
    return np.rint(blend(grey, _heat(logits, typical, threshold))).astype(np.uint8)


def heat(regions: Sequence[Region], typical: float, threshold: float, max_side: int = 512) -> np.ndarray:
    """How warm `tinted` draws each place: float32 `(h, w)` in [0, 1], 0 where nothing is.

    Made from numbers: no picture is read. Its aspect ratio is that of the extent of the regions.
    """
    width = max(region.x + region.width for region in regions)
    height = max(region.y + region.height for region in regions)
    scale = min(1.0, max_side / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _heat(_mean_logits(*size, regions, scale, typical), typical, threshold)


def scale(finding: Finding, regions: Sequence[Region]) -> tuple[float, float]:
    """The logits of most photographs and of a call, as the finding has them; else the range of `regions`."""
    told = _told(finding)
    if told.get("threshold") is not None:
        return float(told["typical"]), float(told["threshold"])
    logits = [region.logit for region in regions]
    return min(logits), max(logits)


def everywhere(finding: Finding) -> float:
    """What of the logit belongs to the whole picture and to no window of it (`PixelScore.everywhere`)."""
    return float((_told(finding).get("parts") or {}).get("appearance") or 0)


def _told(finding: Finding) -> dict[str, Any]:
    """What the pixels said, in numbers."""
    values = [item.value for item in finding.evidence if item.layer == "pixels" and isinstance(item.value, dict)]
    return values[0] if values else {}


def _heat(logits: np.ndarray, typical: float, threshold: float) -> np.ndarray:
    return np.clip((logits - typical) / max(2 * (threshold - typical), 1e-6), 0, 1)


def _starts(side: int, size: int, count: int) -> list[int]:
    """`count` even starts spread over the free length; a single one is central."""
    free = _free(side, size)
    starts = [free // 2] if count == 1 else [round(i * free / (count - 1)) for i in range(count)]
    return [start - start % 2 for start in starts]


def _free(side: int, size: int) -> int:
    """How far a window can move along a side, in pixels; even, so that the last start is even too."""
    return max(0, side - size) // 2 * 2


def _window(pixels: np.ndarray, box: Box, size: int) -> np.ndarray:
    part = pixels[box.y : box.y + box.height, box.x : box.x + box.width]
    return take(box.width, box.height, CropSpec(size), lambda whole: part)


def _mean_logits(width: int, height: int, regions: Sequence[Region], scale: float, empty: float) -> np.ndarray:
    """The weighted mean of the windows about each pixel, float32 `(height, width)`; else `empty`."""
    logits = np.array([region.logit for region in regions], dtype=np.float32)
    across = _weights([(region.x * scale, region.width * scale) for region in regions], width)
    down = _weights([(region.y * scale, region.height * scale) for region in regions], height)
    weight = down.T @ across
    total = (down * logits[:, None]).T @ across
    return np.where(weight > 0, total / np.maximum(weight, 1e-9), np.float32(empty))


def _weights(spans: list[tuple[float, float]], side: int) -> np.ndarray:
    """How much each window, given by start and length, counts at each pixel of a side: float32 `(n, side)`.

    A raised cosine about the window's middle, so that the drawing has no hard edges of its own. It reaches
    as far as to the next window, so that a capped grid leaves no holes.
    """
    if not spans:
        return np.zeros((0, side), dtype=np.float32)
    starts, lengths = np.array(spans, dtype=np.float32).T
    middles = starts + lengths / 2
    reach = np.maximum(lengths, np.diff(np.unique(middles), prepend=middles.min()).max())
    distance = np.abs(np.arange(side, dtype=np.float32) + 0.5 - middles[:, None]) / reach[:, None]
    return np.where(distance < 1, np.cos(0.5 * np.pi * distance) ** 2, 0).astype(np.float32)


def _legend(width: int) -> np.ndarray:
    """The strip below: the ramp with its two ends named, and the caveat as far as it fits."""
    strip = Image.new("RGB", (width, _STRIP), (250, 249, 246))
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(size=12)
    ink = (60, 60, 66)
    x = 8 + int(draw.textlength(LOW, font)) + 8
    bar = max(1, min(160, width - x - 16 - int(draw.textlength(HIGH, font))))
    draw.text((8, 5), LOW, ink, font)
    ramp = blend(np.full((11, bar, 1), 190.0), np.tile(np.linspace(0, 1, bar), (11, 1)))
    strip.paste(Image.fromarray(np.rint(ramp).astype(np.uint8)), (x, 7))
    draw.line([(x + bar // 2, 4), (x + bar // 2, 20)], ink)
    draw.text((x + bar + 8, 5), HIGH, ink, font)
    draw.text((8, 25), CAVEAT, ink, font)
    return np.asarray(strip)
