"""Operators on colour and local tone."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from fauxto.launder.operation import Operator, rounded
from fauxto.launder.parameters import number, whole, word

LOOKS = {
    "sepia": ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131)),
    "warm": ((1.1, 0.0, 0.0), (0.0, 1.02, 0.0), (0.0, 0.0, 0.88)),
    "cool": ((0.9, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.12)),
    "faded": ((0.72, 0.12, 0.06), (0.08, 0.76, 0.06), (0.08, 0.12, 0.7)),
}
"""Matrices of the looks of photo applications, rows of output channels."""


def saturation(pixels: np.ndarray, rng: np.random.Generator, factor: float = 1.3) -> np.ndarray:
    """Distance from grey times a factor: Pillow's `ImageEnhance.Color`."""
    return np.array(ImageEnhance.Color(Image.fromarray(pixels)).enhance(factor))


def hue(pixels: np.ndarray, rng: np.random.Generator, degrees: float = 10.0) -> np.ndarray:
    """Hue turned in Pillow's 8-bit HSV, in steps of 360/256 degrees, as torchvision does it."""
    turn = round(degrees / 360 * 256)
    if turn % 256 == 0:
        return pixels
    values = np.array(Image.fromarray(pixels).convert("HSV"))
    values[..., 0] += np.uint8(turn % 256)  # wraps, as hue does
    return np.array(Image.fromarray(values, "HSV").convert("RGB"))


def balance(pixels: np.ndarray, rng: np.random.Generator, gain: float = 1.1) -> np.ndarray:
    """White balance: red times the gain, blue divided by it (above 1 is warmer)."""
    return rounded(pixels * np.array([gain, 1.0, 1 / gain]))


def grey(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """ITU-R 601 luma in all three channels: Pillow's mode L."""
    return np.array(Image.fromarray(pixels).convert("L").convert("RGB"))


def look(pixels: np.ndarray, rng: np.random.Generator, name: str = "sepia") -> np.ndarray:
    """A colour matrix out of `LOOKS`."""
    return rounded(pixels.astype(np.float32) @ np.asarray(LOOKS[name], np.float32).T)


def autolevel(pixels: np.ndarray, rng: np.random.Generator, cutoff: float = 1.0) -> np.ndarray:
    """Each channel stretched to 0-255 after this percentage is cut at both ends: Pillow's `ImageOps.autocontrast`."""
    return np.array(ImageOps.autocontrast(Image.fromarray(pixels), cutoff))


def clahe(pixels: np.ndarray, rng: np.random.Generator, clip: float = 2.0, tiles: int = 8) -> np.ndarray:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld, 1994) of the luma, with OpenCV's rules; the
    channels move with it.
    """
    luma = np.asarray(Image.fromarray(pixels).convert("L"))
    change = equalised(luma, clip, tiles).astype(np.int16) - luma
    return np.clip(pixels + change[..., None], 0, 255).astype(np.uint8)


def equalised(luma: np.ndarray, clip: float, tiles: int) -> np.ndarray:
    """OpenCV's CLAHE of a grey picture: histograms of `tiles` x `tiles`, clipped, bilinear between their tables."""
    height, width = luma.shape
    below, right = -height % tiles, -width % tiles
    if below or right:  # OpenCV then pads both sides, a whole tile row where one of them fitted
        below, right = tiles - height % tiles, tiles - width % tiles
    mode = "reflect" if min(height, width) > max(below, right, 1) else "edge"
    whole_ = np.pad(luma, ((0, below), (0, right)), mode=mode)  # type: ignore[call-overload]
    high, wide = whole_.shape[0] // tiles, whole_.shape[1] // tiles
    area = high * wide
    limit = max(1, int(clip * area / 256))
    tables = np.empty((tiles, tiles, 256), np.float32)
    for y in range(tiles):
        for x in range(tiles):
            counts = np.bincount(whole_[y * high : (y + 1) * high, x * wide : (x + 1) * wide].ravel(), minlength=256)
            excess = int(np.maximum(counts - limit, 0).sum())
            counts = np.minimum(counts, limit) + excess // 256
            if rest := excess % 256:
                counts[np.arange(0, 256, max(256 // rest, 1))[:rest]] += 1
            tables[y, x] = np.clip(np.rint(counts.cumsum() * np.float32(255 / area)), 0, 255)
    ys, xs = np.arange(height) / high - 0.5, np.arange(width) / wide - 0.5
    top, left = np.floor(ys).astype(int), np.floor(xs).astype(int)
    down, near = (ys - top)[:, None], (xs - left)[None, :]

    def at(y: np.ndarray, x: np.ndarray) -> np.ndarray:
        return tables[y.clip(0, tiles - 1)[:, None], x.clip(0, tiles - 1)[None, :], luma]

    upper = at(top, left) * (1 - near) + at(top, left + 1) * near
    lower = at(top + 1, left) * (1 - near) + at(top + 1, left + 1) * near
    return rounded(upper * (1 - down) + lower * down)


def local_contrast(pixels: np.ndarray, rng: np.random.Generator, percent: int = 40, radius: float = 16.0) -> np.ndarray:
    """The look of tone-mapped pictures: an unsharp mask of a wide radius (Pillow's)."""
    return np.array(Image.fromarray(pixels).filter(ImageFilter.UnsharpMask(radius, percent, 0)))


TABLE = (
    Operator("saturation", "Distance from grey times a factor (Pillow).", saturation,
             (number("factor", 1.3, 0.0, 10.0),), ("1.1", "1.25", "1.5", "1.75", "2.5")),
    Operator("hue", "Hue turned by degrees (Pillow's 8-bit HSV, as torchvision).", hue,
             (number("degrees", 10.0, -180.0, 180.0),), ("5", "10", "20", "40", "80")),
    Operator("balance", "White balance: red times, blue divided by the gain.", balance,
             (number("gain", 1.1, 0.3, 3.0),), ("1.05", "1.1", "1.15", "1.25", "1.4")),
    Operator("grey", "Luma only (Pillow's mode L).", grey),
    Operator("look", "A filter of photo applications.", look, (word("name", "sepia", tuple(LOOKS)),)),
    Operator("autolevel", "Each channel stretched to the full range (Pillow's autocontrast).", autolevel,
             (number("cutoff", 1.0, 0.0, 49.0),)),
    Operator("clahe", "Adaptive histogram equalisation of the luma (OpenCV's rules).", clahe,
             (number("clip", 2.0, 0.1, 40.0), whole("tiles", 8, 1, 32))),
    Operator("local_contrast", "Wide unsharp mask, as tone mapping gives.", local_contrast,
             (whole("percent", 40, 0, 300), number("radius", 16.0, 1.0, 100.0)), ("10", "20", "40", "70", "120")),
)  # fmt: skip
"""Operators of this file."""
