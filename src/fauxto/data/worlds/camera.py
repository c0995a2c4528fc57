"""Photographs without a camera: dead-leaves and fractal scenes, seen through a simulated sensor.

Light passes through a lens (slight blur), a Bayer mosaic, shot and read noise, demosaicking, a tone curve
and, if wanted, a web-size reduction and JPEG: the traces that a real photograph carries and a generated
picture does not. Scenes follow Lee, Mumford and Huang (2001): occluding shapes with radii from r^-3; noise
follows Foi et al. (2008).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from fauxto.errors import InputError

SITES = {"RGGB": (0, 1, 1, 2), "BGGR": (2, 1, 1, 0), "GRBG": (1, 0, 2, 1), "GBRG": (1, 2, 0, 1)}
"""Which colour (0 red, 1 green, 2 blue) each pixel of the 2x2 cell measures: top left, top right, bottom
left, right.
"""

TONE_STEPS = 4096


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera and its settings; `Camera.draw(rng)` takes one at random.

    `full_well` is the number of electrons at white (shot noise has variance signal / full_well), `read_noise`
    the standard deviation in units of white, `gamma` the exponent of the tone curve, `shrink` the side of the
    delivered picture relative to the sensor's (1 = native), `jpeg` a quality or None for lossless.
    """

    pattern: str = "RGGB"
    full_well: float = 4000.0
    read_noise: float = 0.002
    gamma: float = 1 / 2.2
    shrink: float = 1.0
    jpeg: int | None = None

    def __post_init__(self) -> None:
        if self.pattern not in SITES or not 0 < self.shrink <= 1 or self.full_well <= 0:
            raise InputError(
                f"No such camera: pattern {self.pattern!r} of {tuple(SITES)}, shrink {self.shrink} up to 1, "
                f"full_well {self.full_well} above 0 expected.",
                fix="Correct the Camera's arguments.",
            )

    @classmethod
    def draw(cls, rng: np.random.Generator, jpeg: int | None = None) -> Camera:
        """A random lossless (or JPEG) camera: any mosaic, ISO from clean to noisy, half of them delivered
        smaller.
        """
        return cls(
            pattern=tuple(SITES)[rng.integers(len(SITES))],
            full_well=float(np.exp(rng.uniform(np.log(1500), np.log(20000)))),
            read_noise=float(rng.uniform(0.0005, 0.004)),
            gamma=float(rng.uniform(1 / 2.4, 1 / 1.8)),
            shrink=(1.0, float(rng.uniform(0.5, 0.95)))[rng.integers(2)],
            jpeg=jpeg,
        )


def photograph(seed: int, size: int = 128, camera: Camera | None = None) -> np.ndarray:
    """One photograph, uint8 `(size, size, 3)`; the same seed gives the same pixels. `size` is even and at
    least 8.

    >>> photograph(7, 32).shape, bool((photograph(7, 32) == photograph(7, 32)).all())
    ((32, 32, 3), True)
    """
    if size < 8 or size % 2:
        raise InputError(f"A photograph's side must be even and at least 8; got {size}.", fix="Use another size.")
    rng = np.random.default_rng((0xCA3E7A, seed))
    camera = camera or Camera.draw(rng)
    sensor = round(size / camera.shrink / 2 + 0.49) * 2
    return develop(scene(sensor, rng), camera, rng, size)


def crops(seed: int, size: int = 128, across: int = 4) -> list[np.ndarray]:
    """The `across` x `across` windows of `size` pixels that tile one larger photograph, uint8 `(size, size, 3)`.

    Three times as fast as as many photographs of their own, because shapes are drawn once. Windows of one seed share
    a scene and a camera: keep them on one side of a split. `size` is even and at least 8.

    >>> len(crops(3, 32, 2)), crops(3, 32, 2)[0].shape
    (4, (32, 32, 3))
    """
    pixels = photograph(seed, size * across)
    starts = range(0, size * across, size)
    return [np.ascontiguousarray(pixels[y : y + size, x : x + size]) for y in starts for x in starts]


def scene(size: int, rng: np.random.Generator) -> np.ndarray:
    """Light in front of the lens: textured, shaded leaves that occlude each other; float32 `(size, size, 3)`
    in [0, 1].

    Which leaf is in front is found for the pixels of all leaves at once; only then is each covered pixel shaded, once.
    """
    texture = fractal(size, rng)
    ground = _paint(_tint(rng))
    leaves = np.array(_leaves(size, rng))
    plain = 1 + 0.25 * texture
    light = np.stack([plain * colour for colour in ground], axis=-1)
    if len(leaves):
        front = _foremost(size, leaves)
        rows, columns = np.nonzero(front)
        x, radius, shade, tilt, *tint = leaves.T[[0, 2, 8, 9, 10, 11, 12]][:, front[rows, columns] - 1]
        shading = 1 + shade.astype(np.float32) * texture[rows, columns] + tilt * (columns - x) / radius
        light[rows, columns] = shading[:, None] * _paint(tint).T
    return np.clip(light, 0, 1)


def _leaves(size: int, rng: np.random.Generator) -> list[tuple[float, ...]]:
    """What each leaf in view is, back to front: centre x and y, radius, half width of the bar that it is cut to
    (infinite for a disc), angle, box left, top and width, shading by texture and by place, red, green, blue.
    """
    found: list[tuple[float, ...]] = []
    low, high = 3.0, size / 2.5
    draw = rng.random
    for _ in range(20 + size // 3):
        # Radii with density r^-3: scale-invariant between the two limits (pixels), as natural scenes are.
        radius = (low**-2 - draw() * (low**-2 - high**-2)) ** -0.5
        x, y = -radius + (size + 2 * radius) * draw(), -radius + (size + 2 * radius) * draw()
        left, right = max(0, int(x - radius)), min(size, int(x + radius) + 1)
        top, bottom = max(0, int(y - radius)), min(size, int(y + radius) + 1)
        if left >= right or top >= bottom:
            continue
        disc = draw() < 0.5
        bar, angle = (math.inf, 0.0) if disc else (radius * 0.6, math.pi * draw())
        tint = _tint(rng)
        shade, tilt = 0.5 * draw(), -0.3 + 0.6 * draw()
        found.append((x, y, radius, bar, angle, left, top, right - left, shade, tilt, *tint))
    return found


def _foremost(size: int, leaves: np.ndarray) -> np.ndarray:
    """The number of the leaf that each pixel shows, from 1, 0 for the ground; int64 `(size, size)`."""
    x, y, radius, bar, angle, left, top, width = leaves.T[:8]
    height = (np.minimum(size, np.trunc(y + radius) + 1) - top).astype(np.int64)

    # The boxes of all leaves row by row: what a whole row shares is computed once.
    leaf = np.repeat(np.arange(len(x)), height)
    row = np.arange(len(leaf)) - (np.cumsum(height) - height - top.astype(np.int64))[leaf]
    length = width.astype(np.int64)[leaf]
    first = left.astype(np.int64)[leaf] - (np.cumsum(length) - length)
    from_y = row - y[leaf]

    def each(values: np.ndarray) -> np.ndarray:  # one for every pixel of a row
        return np.repeat(values, length)

    column = np.arange(length.sum()) + each(first)
    from_x = column - each(x[leaf])
    inside = from_x * from_x + each(from_y * from_y) < each((radius * radius)[leaf])
    turned = from_x * each(np.cos(angle)[leaf]) + each(from_y * np.sin(angle)[leaf])
    inside &= np.abs(turned) < each(bar[leaf])
    front = np.zeros((size, size), np.int64)
    # of several leaves on a pixel the last one stays
    front[each(row)[inside], column[inside]] = each(leaf)[inside] + 1
    return front


def fractal(size: int, rng: np.random.Generator, slope: float = 1.2) -> np.ndarray:
    """Gaussian noise with amplitude 1 / f^slope, zero mean and unit deviation; float32 `(size, size)`,
    periodic.
    """
    spectrum = np.fft.rfft2(rng.standard_normal((size, size), np.float32)) * _falloff(size, slope)
    noise = np.fft.irfft2(spectrum, (size, size)).astype(np.float32)
    return noise / noise.std()


def develop(light: np.ndarray, camera: Camera, rng: np.random.Generator, size: int) -> np.ndarray:
    """From light `(s, s, 3)` float32 to the delivered uint8 picture `(size, size, 3)`: the camera's whole
    path.
    """
    raw = mosaic(blur(light), camera.pattern)
    deviation = np.sqrt(raw / camera.full_well + camera.read_noise**2)
    raw = raw + deviation * rng.standard_normal(raw.shape, np.float32)
    colour = demosaic(raw, camera.pattern)
    curve = (255 * np.linspace(0, 1, TONE_STEPS) ** camera.gamma + 0.5).astype(np.uint8)
    pixels = curve.take((colour * (TONE_STEPS - 1)).astype(np.int32), mode="clip")  # below black is black, and so on
    if len(pixels) != size:
        pixels = np.array(Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS))
    if camera.jpeg is not None:
        import simplejpeg  # noqa: PLC0415  only JPEG cameras need the codec

        pixels = simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(pixels, quality=camera.jpeg))
    return pixels


def blur(light: np.ndarray) -> np.ndarray:
    """The lens: a 3-tap binomial in each axis, edges repeated; same shape, a constant stays."""
    padded = np.pad(light, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = 2 * padded[1:-1]
    rows += padded[:-2]
    rows += padded[2:]
    seen = 2 * rows[:, 1:-1]
    seen += rows[:, :-2]
    seen += rows[:, 2:]
    seen /= 16
    return seen


def mosaic(light: np.ndarray, pattern: str = "RGGB") -> np.ndarray:
    """What the sensor measures: one colour a pixel, `(h, w, 3)` to `(h, w)`, h and w even."""
    raw = np.empty(light.shape[:2], light.dtype)
    for site, channel in enumerate(SITES[pattern]):
        cell = np.s_[site // 2 :: 2, site % 2 :: 2]
        raw[cell] = light[..., channel][cell]
    return raw


def demosaic(raw: np.ndarray, pattern: str = "RGGB") -> np.ndarray:
    """Bilinear demosaicking, `(h, w)` to `(h, w, 3)`: a missing colour is the mean of the nearest sites that
    have it.
    """
    sites = SITES[pattern]
    colour = np.empty((*raw.shape, 3), raw.dtype)
    padded = np.pad(raw, 1, mode="reflect")  # mirrored about the edge pixel, so each site keeps its colour
    horizontal = (padded[1:-1, :-2] + padded[1:-1, 2:]) / 2
    vertical = (padded[:-2, 1:-1] + padded[2:, 1:-1]) / 2
    cross = (horizontal + vertical) / 2
    diagonal = (padded[:-2, :-2] + padded[:-2, 2:] + padded[2:, :-2] + padded[2:, 2:]) / 4
    for site, measured in enumerate(sites):
        row, column = divmod(site, 2)
        cell = np.s_[row::2, column::2]
        beside, below = sites[2 * row + 1 - column], sites[2 * (1 - row) + column]
        colour[..., measured][cell] = raw[cell]
        if beside == below:  # at a red or blue site: green lies across, the third colour on the diagonals
            colour[..., beside][cell] = cross[cell]
            colour[..., 2 - measured][cell] = diagonal[cell]
        else:
            colour[..., beside][cell] = horizontal[cell]
            colour[..., below][cell] = vertical[cell]
    return colour


def _tint(rng: np.random.Generator) -> tuple[float, float, float]:
    """Red, green and blue of a thing, not clipped: mostly its brightness, a little hue."""
    draw = rng.random
    brightness = 0.03 + (0.9 - 0.03) * draw()
    return brightness + (-0.2 + 0.4 * draw()), brightness + (-0.2 + 0.4 * draw()), brightness + (-0.2 + 0.4 * draw())


def _paint(tint: ArrayLike) -> np.ndarray:
    """Tints as paint can have them."""
    return np.clip(tint, 0.02, 1).astype(np.float32)


@lru_cache(maxsize=64)
def _falloff(size: int, slope: float) -> np.ndarray:
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    return (frequency**-slope).astype(np.float32)
