"""When the pixels cannot be judged: too small, flat, of too few colours, or crushed by compression."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from fauxto.language import say


@dataclass(frozen=True, slots=True)
class Quality:
    """Reasons, in plain sentences, why the pixels are not asked; none where they may speak."""

    reasons: tuple[str, ...] = ()

    @property
    def abstains(self) -> bool:
        """Whether the pixels are not asked."""
        return bool(self.reasons)


def assess(
    crops: np.ndarray, width: int, height: int, jpeg_quality: float | None, abstain: Mapping[str, float]
) -> Quality:
    """Compare a picture with the limits in the `abstain` entry of a model's description.

    `crops` is what the network reads, uint8 `(k, h, w, 3)`; `width` and `height` are those of the whole
    picture; `jpeg_quality` is the IJG estimate, None where the file is no JPEG. `min_std` is in grey
    levels, over the pixels of the liveliest window and channel; `min_colours` counts the colours of the window
    that has most of them, and lets grey pictures pass. A limit that `abstain` does not name is not applied.
    """
    reasons = []
    if min(width, height) < abstain.get("min_side", 0):
        reasons.append(
            say(
                "The picture is {width} x {height} pixels; below {needed} on the short side there is too little to "
                "read.",
                width=width,
                height=height,
                needed=f"{abstain['min_side']:.0f}",
            )
        )
    if all(deviation < abstain.get("min_std", 0) for deviation in _deviations(crops)):
        reasons.append(
            say(
                "The part that is read is almost flat: a standard deviation of {deviation} grey levels, where "
                "{needed} are needed.",
                deviation=f"{max(_deviations(crops)):.1f}",
                needed=f"{abstain['min_std']:.1f}",
            )
        )
    colours = _colours(crops, int(abstain.get("min_colours", 0)))
    if colours is not None:
        reasons.append(
            say(
                "The part that is read has {count} colours, where {needed} are needed: palettes and tints make "
                "photographs look synthetic.",
                count=colours,
                needed=f"{abstain['min_colours']:.0f}",
            )
        )
    if jpeg_quality is not None and jpeg_quality < abstain.get("min_jpeg_quality", 0):
        reasons.append(
            say(
                "The file is compressed to JPEG quality {quality}; below {needed} the traces are gone.",
                quality=f"{jpeg_quality:.0f}",
                needed=f"{abstain['min_jpeg_quality']:.0f}",
            )
        )
    return Quality(tuple(reasons))


def _deviations(crops: np.ndarray) -> Iterator[float]:
    """The standard deviation of each window and channel, one at a time: the first lively one ends the search.

    Ten times as fast as `crops.std(axis=(1, 2))`, which would cost more than the network. Values are taken
    from the first pixel, so that float32 sums of a flat window stay exact.
    """
    for window in crops:
        for channel in range(window.shape[2]):
            values = np.ascontiguousarray(window[..., channel], dtype=np.float32).ravel()
            values -= values[0]
            mean = float(values.mean())
            yield math.sqrt(max(0.0, float(values @ values) / values.size - mean**2))


def _colours(crops: np.ndarray, needed: int) -> int | None:
    """How many colours the most colourful window has, if all have fewer than `needed` and are not grey; else None.

    A photograph has thousands; what was reduced to a palette, or tinted from grey, has hundreds. One pixel in
    sixteen settles nearly every picture.
    """
    if any(_count(window[::4, ::4]) >= needed for window in crops) or (crops == crops[..., :1]).all():
        return None
    most = max(_count(window) for window in crops)
    return None if most >= needed else most


def _count(pixels: np.ndarray) -> int:
    """Distinct colours of `(h, w, 3)`, by sorting: a tenth of what `np.unique` takes."""
    red, green, blue = np.moveaxis(pixels.astype(np.uint32), -1, 0)
    packed = np.sort(red << 16 | green << 8 | blue, axis=None)
    return 1 + int(np.count_nonzero(packed[1:] != packed[:-1]))
