"""Photographs without a camera: dead-leaves and fractal scenes, seen through a simulated sensor.

Light passes through a lens (slight blur), a Bayer mosaic, shot and read noise, demosaicking, a tone curve
and, if wanted, a web-size reduction and JPEG: the traces that a real photograph carries and a generated
picture does not. Scenes follow Lee, Mumford and Huang (2001): occluding shapes with radii from r^-3; noise
follows Foi et al. (2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
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
            pattern=str(rng.choice(list(SITES))),
            full_well=float(np.exp(rng.uniform(np.log(1500), np.log(20000)))),
            read_noise=float(rng.uniform(0.0005, 0.004)),
            gamma=float(rng.uniform(1 / 2.4, 1 / 1.8)),
            shrink=float(rng.choice([1.0, rng.uniform(0.5, 0.95)])),
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
    """
    texture = fractal(size, rng)
    light = np.empty((size, size, 3), np.float32)
    light[:] = _paint(rng)
    light *= 1 + 0.25 * texture[..., None]
    yy, xx = _grid(size)
    low, high = 3.0, size / 2.5
    for _ in range(20 + size // 3):
        # Radii with density r^-3: scale-invariant between the two limits (pixels), as natural scenes are.
        radius = (low**-2 - rng.random() * (low**-2 - high**-2)) ** -0.5
        x, y = rng.uniform(-radius, size + radius, 2)
        left, right = max(0, int(x - radius)), min(size, int(x + radius) + 1)
        top, bottom = max(0, int(y - radius)), min(size, int(y + radius) + 1)
        if left >= right or top >= bottom:
            continue
        box = np.s_[top:bottom, left:right]
        across, down = xx[box] - x, yy[box] - y
        if rng.random() < 0.5:
            inside = across**2 + down**2 < radius**2
        else:
            angle = rng.uniform(0, np.pi)
            turned = across * np.cos(angle) + down * np.sin(angle)
            inside = (np.abs(turned) < radius * 0.6) & (across**2 + down**2 < radius**2)
        colour = _paint(rng)
        shade = 1 + rng.uniform(0, 0.5) * texture[box] + rng.uniform(-0.3, 0.3) * across / radius
        np.copyto(light[box], shade[..., None] * colour, where=inside[..., None])
    return np.clip(light, 0, 1)


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
    pixels = curve[(np.clip(colour, 0, 1) * (TONE_STEPS - 1)).astype(np.int32)]
    if len(pixels) != size:
        pixels = np.array(Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS))
    if camera.jpeg is not None:
        import simplejpeg  # noqa: PLC0415  only JPEG cameras need the codec

        pixels = simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(pixels, quality=camera.jpeg))
    return pixels


def blur(light: np.ndarray) -> np.ndarray:
    """The lens: a 3-tap binomial in each axis, edges repeated; same shape, a constant stays."""
    padded = np.pad(light, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16


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


def _paint(rng: np.random.Generator) -> np.ndarray:
    """A colour of a thing: mostly its brightness, a little hue."""
    return np.clip(rng.uniform(0.03, 0.9) + rng.uniform(-0.2, 0.2, 3), 0.02, 1).astype(np.float32)


@lru_cache(maxsize=64)
def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    yy, xx = np.mgrid[:size, :size].astype(np.float32)
    return yy, xx


@lru_cache(maxsize=64)
def _falloff(size: int, slope: float) -> np.ndarray:
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None])
    frequency[0, 0] = np.inf
    return (frequency**-slope).astype(np.float32)
