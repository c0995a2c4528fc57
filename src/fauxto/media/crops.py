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
    """Square windows of `size` pixels: rows of up to `count` side by side, at the heights `at`.

    A height is the share of the free height that lies above the row: 0.5 is the middle. A JPEG decoder can skip what
    lies above the highest window and below the lowest, and must decode all rows of pixels between. In a row the windows
    part the free width evenly (two lie at a third and two thirds of it): edges are left to the background. No more
    windows than it takes to cover the width, and no row within a quarter of a window of the one above. Windows start on
    even pixels, so the 2x2 grid of an up-sampler keeps its phase.
    """

    size: int = 256
    count: int = 1
    at: tuple[float, ...] = (0.5,)

    def __post_init__(self) -> None:
        if self.size < 2 or self.size % 2 or self.count < 1:
            raise InputError(
                f"A crop needs an even size of at least 2 and a count of at least 1; got size {self.size} and "
                f"count {self.count}.",
                fix="Correct the 'input' entry of the model description.",
            )
        if not self.at or list(self.at) != sorted(set(self.at)) or not 0 <= self.at[0] <= self.at[-1] <= 1:
            raise InputError(
                f"The heights of a crop rise from 0 to 1; got {self.at}.",
                fix="Correct the 'input' entry of the model description.",
            )


def band(width: int, height: int, spec: CropSpec) -> Box:
    """The one rectangle that holds every window of `windows`: all that has to be decoded.

    >>> band(4000, 3000, CropSpec(256, 3))
    Box(x=936, y=1372, width=2128, height=256)
    """
    boxes = windows(width, height, spec)
    left, right = min(b.x for b in boxes), max(b.x + b.width for b in boxes)
    return Box(left, boxes[0].y, right - left, boxes[-1].y + boxes[-1].height - boxes[0].y)


def windows(width: int, height: int, spec: CropSpec) -> list[Box]:
    """The windows of one picture, row by row from the left; a side shorter than `size` is taken whole.

    >>> windows(500, 375, CropSpec(256, 1))
    [Box(x=122, y=58, width=256, height=256)]
    """
    window_width, window_height = min(spec.size, width), min(spec.size, height)
    free_width, free_height = width - window_width, height - window_height
    count = 1 if free_width < spec.size // 4 else min(spec.count, -(-width // spec.size))
    columns = [_even(free_width * (i + 1) // (count + 1)) for i in range(count)]
    rows: list[int] = []
    for share in spec.at:
        y = _even(int(free_height * share))
        if not rows or y - rows[-1] >= max(2, spec.size // 4):
            rows.append(y)
    return [Box(x, y, window_width, window_height) for y in rows for x in columns]


def take(width: int, height: int, spec: CropSpec, read: Callable[[Box], np.ndarray]) -> np.ndarray:
    """The windows as one uint8 array `(k, size, size, 3)`, k at most `count` a row; `read(box)` gives HWC pixels.

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


def to_network(crops: np.ndarray) -> np.ndarray:
    """uint8 `(k, h, w, 3)` windows to what networks read, float32 `(k, 3, h, w)` in [0, 1]."""
    return np.ascontiguousarray(crops.transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)


def _even(start: int) -> int:
    return start - start % 2


def _fill(crop: np.ndarray, size: int) -> np.ndarray:
    """Mirror a too small crop (edge pixel repeated) up to `size` on both sides."""
    height, width = crop.shape[:2]
    if (height, width) == (size, size):
        return crop
    return np.pad(crop, ((0, size - height), (0, size - width), (0, 0)), mode="symmetric")
