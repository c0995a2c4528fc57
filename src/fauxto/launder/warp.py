"""Operators that move pixels: turns, shears, lenses, borders, shifts of the block grid."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from fauxto.launder.geometry import KERNELS, crop, resize, to_size
from fauxto.launder.operation import Operator, rounded
from fauxto.launder.parameters import number, whole, word

_TURNING = ("nearest", "bilinear", "bicubic")
_FILLS = {"black": (0, 0, 0), "white": (255, 255, 255), "grey": (127, 127, 127)}


def resize_back(
    pixels: np.ndarray, rng: np.random.Generator, factor: float = 0.5, kernel: str = "bicubic"
) -> np.ndarray:
    """Both sides times `factor`, and back to the old size by the same kernel (Pillow)."""
    height, width = pixels.shape[:2]
    return to_size(resize(pixels, rng, factor, kernel), width, height, kernel)


def crop_back(pixels: np.ndarray, rng: np.random.Generator, area: float = 0.8, kernel: str = "bicubic") -> np.ndarray:
    """A random window with this share of the area, enlarged to the old size."""
    height, width = pixels.shape[:2]
    return to_size(crop(pixels, rng, area), width, height, kernel)


def to(
    pixels: np.ndarray, rng: np.random.Generator, width: int = 256, height: int = 256, kernel: str = "bicubic"
) -> np.ndarray:
    """Exactly this size, whatever the shape was (Pillow)."""
    return to_size(pixels, width, height, kernel)


def window(pixels: np.ndarray, rng: np.random.Generator, side: int = 256, position: str = "random") -> np.ndarray:
    """A window of at most `side` pixels a side, at a random place or in the middle."""
    corner = []
    for length in pixels.shape[:2]:
        free = max(0, length - side)
        corner.append(free // 2 if position == "centre" else int(rng.integers(free + 1)))
    return np.ascontiguousarray(pixels[corner[0] : corner[0] + side, corner[1] : corner[1] + side])


def pad(pixels: np.ndarray, rng: np.random.Generator, share: float = 0.1, fill: str = "black") -> np.ndarray:
    """A border of this share of the short side: of one colour, or "mirror"."""
    width = max(1, round(share * min(pixels.shape[:2]))) if share else 0
    if fill == "mirror":
        return np.pad(pixels, ((width, width), (width, width), (0, 0)), mode="symmetric")
    height, length = pixels.shape[:2]
    out = np.empty((height + 2 * width, length + 2 * width, 3), np.uint8)
    out[:] = _FILLS[fill]
    out[width : width + height, width : width + length] = pixels
    return out


def _pad_outline(pixels: np.ndarray, rng: np.random.Generator, share: float, fill: str) -> np.ndarray:
    return pad(pixels, rng, share, fill if fill == "mirror" else "black")


def rotate(
    pixels: np.ndarray, rng: np.random.Generator, angle: float = 5.0, kernel: str = "bicubic", corners: str = "cut"
) -> np.ndarray:
    """Turned counter-clockwise about the middle (Pillow); `corners` are "cut" to the largest upright rectangle of the
    same shape inside, or left "black".
    """
    turned = np.array(Image.fromarray(pixels).rotate(angle, KERNELS[kernel]))
    if corners == "black" or angle % 360 == 0:
        return turned
    height, width = pixels.shape[:2]
    cos, sin = abs(math.cos(math.radians(angle))), abs(math.sin(math.radians(angle)))
    share = min(width / (width * cos + height * sin), height / (width * sin + height * cos))
    kept_height, kept_width = max(1, int(height * share)), max(1, int(width * share))
    y, x = (height - kept_height) // 2, (width - kept_width) // 2
    return np.ascontiguousarray(turned[y : y + kept_height, x : x + kept_width])


def flip(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Left and right exchanged."""
    return np.ascontiguousarray(pixels[:, ::-1])


def turn(pixels: np.ndarray, rng: np.random.Generator, quarters: int = 1) -> np.ndarray:
    """Turned counter-clockwise by quarters, without loss."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def squash(pixels: np.ndarray, rng: np.random.Generator, factor: float = 0.8, kernel: str = "bicubic") -> np.ndarray:
    """The width alone times a factor."""
    height, width = pixels.shape[:2]
    return to_size(pixels, max(1, round(width * factor)), height, kernel)


def shift(pixels: np.ndarray, rng: np.random.Generator, down: int = 0, right: int = 0) -> np.ndarray:
    """So many rows and columns cut off at the top left, so that the 8 x 8 grid of an earlier JPEG is out of phase; 0
    and 0 draw both from 1 to 7.
    """
    if down == right == 0:
        down, right = (int(value) for value in rng.integers(1, 8, 2))
    down, right = min(down, pixels.shape[0] - 1), min(right, pixels.shape[1] - 1)
    return np.ascontiguousarray(pixels[down:, right:])


def perspective(pixels: np.ndarray, rng: np.random.Generator, jitter: float = 0.05) -> np.ndarray:
    """Each corner of the frame looks at a place up to `jitter` of the sides inside of it (Pillow, bicubic)."""
    height, width = pixels.shape[:2]
    inward = rng.uniform(0, jitter, (4, 2)) * (width, height)
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    seen = frame + inward * [[1, 1], [-1, 1], [-1, -1], [1, -1]]
    rows, values = [], []
    for (x, y), (u, v) in zip(frame, seen, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    matrix = np.linalg.solve(np.asarray(rows), np.asarray(values))
    method = Image.Transform.PERSPECTIVE
    image = Image.fromarray(pixels).transform((width, height), method, matrix.tolist(), Image.Resampling.BICUBIC)
    return np.array(image)


def barrel(pixels: np.ndarray, rng: np.random.Generator, k: float = 0.1) -> np.ndarray:
    """A lens: a point at radius r (1 at the corner) shows what lay at r (1 + k r^2) / (1 + k); below 0 is a pincushion.
    Bilinear, edges repeated.
    """
    height, width = pixels.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
    squared = ((y - middle_y) ** 2 + (x - middle_x) ** 2) / max(middle_y**2 + middle_x**2, 1e-9)
    stretch = (1 + k * squared) / (1 + max(k, 0.0))
    return bilinear(pixels, middle_y + (y - middle_y) * stretch, middle_x + (x - middle_x) * stretch)


def bilinear(pixels: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The picture at places that are no whole numbers, uint8; places outside take the nearest edge."""
    height, width = pixels.shape[:2]
    y, x = y.clip(0, height - 1), x.clip(0, width - 1)
    top, left = np.minimum(y.astype(int), max(height - 2, 0)), np.minimum(x.astype(int), max(width - 2, 0))
    below, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, near = (y - top)[..., None], (x - left)[..., None]
    upper = pixels[top, left] * (1 - near) + pixels[top, right] * near
    lower = pixels[below, left] * (1 - near) + pixels[below, right] * near
    return rounded(upper * (1 - down) + lower * down)


_KERNEL = word("kernel", "bicubic", tuple(KERNELS))

TABLE = (
    Operator("resize_back", "Both sides times a factor, and back (Pillow).", resize_back,
             (number("factor", 0.5, 0.01, 8.0), _KERNEL), ("0.9", "0.75", "0.5", "0.35", "0.25")),
    Operator("crop_back", "A random window of this area, enlarged to the old size.", crop_back,
             (number("area", 0.8, 0.01, 1.0), _KERNEL), moves=True),
    Operator("to", "Exactly this size, whatever the shape (Pillow).", to,
             (whole("width", 256, 1, 65500), whole("height", 256, 1, 65500), _KERNEL), moves=True),
    Operator("window", "A window of at most so many pixels a side.", window,
             (whole("side", 256, 1, 65500), word("position", "random", ("random", "centre"))), moves=True),
    Operator("pad", "A border of this share of the short side.", pad,
             (number("share", 0.1, 0.0, 1.0), word("fill", "black", (*_FILLS, "mirror"))), moves=True,
             outline=_pad_outline),
    Operator("rotate", "Turned by degrees; corners cut off, or black (Pillow).", rotate,
             (number("angle", 5.0, -360.0, 360.0), word("kernel", "bicubic", _TURNING),
              word("corners", "cut", ("cut", "black"))),
             ("1", "3", "5", "10", "15"), moves=True),
    Operator("flip", "Left and right exchanged.", flip, moves=True),
    Operator("turn", "Quarters, counter-clockwise.", turn, (whole("quarters", 1, -3, 3),), moves=True),
    Operator("squash", "The width alone times a factor.", squash, (number("factor", 0.8, 0.05, 4.0), _KERNEL),
             ("0.95", "0.9", "0.8", "0.7", "0.5"), moves=True),
    Operator("shift", "Rows and columns cut off at the top left (0,0 draws 1 to 7): the JPEG grid moves.", shift,
             (whole("down", 0, 0, 64), whole("right", 0, 0, 64)), ("1,1", "2,2", "3,3", "5,5", "7,7"), moves=True),
    Operator("perspective", "Each corner moved inwards at random.", perspective, (number("jitter", 0.05, 0.0, 0.4),),
             ("0.01", "0.02", "0.04", "0.07", "0.12"), moves=True),
    Operator("barrel", "A lens that bends straight lines.", barrel, (number("k", 0.1, -0.5, 1.0),),
             ("0.02", "0.05", "0.1", "0.2", "0.35"), moves=True),
)  # fmt: skip
"""Operators of this file."""
