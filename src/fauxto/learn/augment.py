"""What happens to every training patch, real and generated alike: a random history, resize, and final encoding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauxto.launder import apply, follow
from fauxto.media.squash import glance


@dataclass(frozen=True, slots=True)
class Laundering:
    """Probabilities of the steps of one random history; the same law for both classes, so that no format tells them.

    `history` is an earlier JPEG (camera or first upload), `resize` a re-scaling by 2^U(-0.8, 0.4), `filters` a
    sharpening, blur, noise or gamma, `final` the last encoding (JPEG 60 to 98, at times WebP). No 8x8 grid phase is
    kept, because the crop that follows is at a random offset.
    """

    history: float = 0.35
    resize: float = 0.3
    filters: float = 0.1
    final: float = 0.7
    webp: float = 0.12

    def chain(self, rng: np.random.Generator) -> tuple[str, float]:
        """A random chain as text, and the factor by which it scales the sides."""
        steps, scale = [], 1.0
        if rng.random() < self.history:
            steps.append(f"jpeg:{rng.integers(75, 99)}")
        if rng.random() < self.resize:
            scale = float(2 ** rng.uniform(-0.8, 0.4))
            steps.append(f"resize:{scale:.3f}")
        if rng.random() < self.filters:
            steps.append(str(rng.choice(["blur:0.6", "blur:1.0", "noise:2", "noise:4", "sharpen:0.8,80", "gamma:0.8"])))
        if rng.random() < self.final:
            codec = "webp" if rng.random() < self.webp else "jpeg"
            steps.append(f"{codec}:{rng.integers(60, 99)}")
        return "|".join(steps), scale


def laundered_crop(patch: np.ndarray, size: int, laundering: Laundering | None, rng: np.random.Generator) -> np.ndarray:
    """A `size` crop at a random offset of a laundered random window of `patch`; uint8 HWC in and out."""
    chain, scale = laundering.chain(rng) if laundering is not None else ("", 1.0)
    side = min(patch.shape[0], math.ceil((size + 8) / scale))
    window = random_crop(patch, side, rng)
    if chain:
        window = apply(np.ascontiguousarray(window), chain, seed=int(rng.integers(2**31)))
    if min(window.shape[:2]) < size:
        short = size - window.shape[0], size - window.shape[1]
        window = np.pad(window, ((0, max(0, short[0])), (0, max(0, short[1])), (0, 0)), mode="symmetric")
    return random_crop(window, size, rng)


def laundered_pair(
    patch: np.ndarray, mask: np.ndarray, size: int, laundering: Laundering | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A `size` crop of a laundered window of `patch`, uint8 HWC, and of its `mask`, float32 `(h, w)`, moved alike.

    A chain that moves pixels leaves a mask of zeros and ones; any other leaves the mask as it is.
    """
    chain, scale = laundering.chain(rng) if laundering is not None else ("", 1.0)
    side = min(patch.shape[0], math.ceil((size + 8) / scale))
    top, left = (int(rng.integers(0, free - side + 1)) for free in patch.shape[:2])
    window, mask = patch[top : top + side, left : left + side], mask[top : top + side, left : left + side]
    if chain:
        seed = int(rng.integers(2**31))
        window = apply(np.ascontiguousarray(window), chain, seed=seed)
        if scale != 1:
            mask = follow(mask >= 0.5, chain, seed=seed).astype(np.float32)
    short = [(0, max(0, size - length)) for length in window.shape[:2]]
    window, mask = np.pad(window, (*short, (0, 0)), mode="symmetric"), np.pad(mask, short, mode="symmetric")
    top, left = (int(rng.integers(0, length - size + 1)) for length in window.shape[:2])
    return window[top : top + size, left : left + size], mask[top : top + size, left : left + size]


LOOK = Laundering(resize=0.0, filters=0.15, final=0.8)
"""The histories of whole pictures, whose shrinking is drawn apart."""


def laundered_look(pixels: np.ndarray, short: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """A whole picture as somebody might meet it, then small; uint8 `(h, w, 3)` to uint8 `(size, size, 3)`.

    Three in ten are cropped to 0.6 to 1 of their sides first. All are shrunk by 2^-U(0, 1.6) with a random kernel, but
    not below a short side of 300 pixels, so that no resolution tells the classes apart; then one history of `LOOK`.
    What is seen is a random square of the picture whose short side was made `short`, mirrored half of the time.
    """
    if rng.random() < 0.3:
        side = rng.uniform(0.6, 1.0)
        height, width = (max(1, int(length * side)) for length in pixels.shape[:2])
        top, left = (int(rng.integers(0, free + 1)) for free in np.subtract(pixels.shape[:2], (height, width)))
        pixels = pixels[top : top + height, left : left + width]
    pixels = _shrunk(pixels, max(300 / min(pixels.shape[:2]), float(2 ** -rng.uniform(0, 1.6))), rng)
    chain, _ = LOOK.chain(rng)
    if chain:
        pixels = apply(np.ascontiguousarray(pixels), chain, seed=int(rng.integers(2**31)))
    look = glance(np.ascontiguousarray(pixels), short, size, across=rng.random(), down=rng.random())
    return look[:, ::-1] if rng.random() < 0.5 else look


_KERNELS = [kernel.value for kernel in Image.Resampling if kernel is not Image.Resampling.NEAREST]


def _shrunk(pixels: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """All of it, smaller by `factor`, with a random kernel; as it is where that would make it larger."""
    if factor >= 1:
        return pixels
    kernel = Image.Resampling(int(rng.choice(_KERNELS)))
    sides = max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor))
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(sides, kernel))


def blur_and_jpeg(crop: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """The augmentation of CNNDetection and of all who followed (Wang et al., 2020); uint8 HWC in and out.

    Gaussian blur with a deviation of U[0, 3] pixels, then JPEG (4:2:0) of a quality of U{30..100}, each with
    `probability`. The 8x8 grid gets a random phase: the original compresses before it crops, here the crop comes
    first, and a grid that always starts at the corner of a training crop could be learned.
    """
    steps = []
    if rng.random() < probability:
        steps.append(f"blur:{rng.uniform(0, 3):.4f}")
    if rng.random() < probability:
        steps.append(f"jpeg:{rng.integers(30, 101)}")
    if not steps:
        return crop
    top, left = (int(offset) for offset in rng.integers(0, 8, size=2))
    framed = np.pad(crop, ((top, 0), (left, 0), (0, 0)), mode="symmetric")
    return apply(framed, "|".join(steps))[top:, left:]


def random_crop(pixels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A `size` window of `(h, w, 3)` at a random offset of either parity."""
    y = int(rng.integers(0, pixels.shape[0] - size + 1))
    x = int(rng.integers(0, pixels.shape[1] - size + 1))
    return pixels[y : y + size, x : x + size]
