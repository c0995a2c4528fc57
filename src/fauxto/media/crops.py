"""Which native-resolution windows of a picture a detector reads: the same rule in training and in scanning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fauxto.errors import InputError


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the displayed orientation, origin top left."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CropSpec:
    """Up to `count` square windows of `size` pixels, side by side in one horizontal band through the middle.

    One band, because a JPEG decoder can skip the rows above and below it but must decode every row that is touched.
    No more windows than it takes to cover the width: a picture of less than twice the size gets two that overlap.
    Windows start on even pixels, so the 2x2 grid of an up-sampler keeps its phase.
    """

    size: int = 256
    count: int = 1

    def __post_init__(self) -> None:
        if self.size < 2 or self.size % 2 or self.count < 1:
            raise InputError(
                f"A crop needs an even size of at least 2 and a count of at least 1; got size {self.size} and "
                f"count {self.count}.",
                fix="Correct the 'input' entry of the model description.",
            )


def band(width: int, height: int, spec: CropSpec) -> Box:
    """The one rectangle that holds every window of `windows`: all that has to be decoded.

    >>> band(4000, 3000, CropSpec(256, 3))
    Box(x=848, y=1372, width=2304, height=256)
    """
    boxes = windows(width, height, spec)
    left, right = min(b.x for b in boxes), max(b.x + b.width for b in boxes)
    return Box(left, boxes[0].y, right - left, boxes[0].height)


def windows(width: int, height: int, spec: CropSpec) -> list[Box]:
    """The windows of one picture, left to right; a side shorter than `size` is taken whole.

    >>> windows(500, 375, CropSpec(256, 1))
    [Box(x=122, y=58, width=256, height=256)]
    """
    window_width, window_height = min(spec.size, width), min(spec.size, height)
    y = _even((height - window_height) // 2)
    free = width - window_width
    count = 1 if free < spec.size // 4 else min(spec.count, -(-width // spec.size))
    if count == 1:
        starts = [free // 2]
    else:
        reach = min(free, 4 * spec.size * (count - 1))
        first = (free - reach) // 2
        starts = [first + round(i * reach / (count - 1)) for i in range(count)]
    return [Box(_even(x), y, window_width, window_height) for x in starts]


def take(width: int, height: int, spec: CropSpec, read: Callable[[Box], np.ndarray]) -> np.ndarray:
    """The windows as one uint8 array `(k, size, size, 3)`, k at most `spec.count`; `read(box)` gives HWC pixels.

    A window smaller than `size` is filled by mirroring the picture about its edges (even period, so the 2x2 grid
    keeps its phase), never by black: a black edge is the strongest high-pass signal there is.
    """
    region = band(width, height, spec)
    pixels = read(region)
    if pixels.shape != (region.height, region.width, 3) or pixels.dtype != np.uint8:
        raise InputError(
            f"Expected uint8 pixels of shape {(region.height, region.width, 3)}; got {pixels.dtype} {pixels.shape}.",
            fix="Give an H x W x 3 array of uint8 RGB values.",
        )
    crops = []
    for box in windows(width, height, spec):
        left, top = box.x - region.x, box.y - region.y
        crop = pixels[top : top + box.height, left : left + box.width]
        crops.append(_fill(crop, spec.size))
    return np.ascontiguousarray(np.stack(crops))


def cut(pixels: np.ndarray, box: Box) -> np.ndarray:
    """The part of a decoded picture `(h, w, 3)` under `box`: the reader that `take` wants for an array."""
    return pixels[box.y : box.y + box.height, box.x : box.x + box.width]


def _even(start: int) -> int:
    return start - start % 2


def _fill(crop: np.ndarray, size: int) -> np.ndarray:
    """Mirror a too small crop (edge pixel repeated) up to `size` on both sides."""
    height, width = crop.shape[:2]
    if (height, width) == (size, size):
        return crop
    return np.pad(crop, ((0, size - height), (0, size - width), (0, 0)), mode="symmetric")
