"""The corpus of the localization claims: photographs of which one region was squeezed and drawn again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.tampering.maker import LUMA
from fauxto.data.worlds.tampering.shapes import feather, outline
from fauxto.nn.replicas import without_replicas

UPSAMPLERS = ("nearest", "bilinear", "zeros", "bicubic")
"""Ways to bring the squeezed region back; "zeros" inserts zeros and smooths with a kernel that leaves a grid."""

SEEDS_APART = 1_000_000


@dataclass(frozen=True, slots=True)
class Redrawn:
    """Fakes, the photographs that they stand on, and how much each pixel was changed, float32 `(h, w)` in [0, 1]."""

    fakes: list[np.ndarray]
    reals: list[np.ndarray]
    changes: list[np.ndarray]


def make_redrawn(first: int, count: int, size: int, *, notched: bool = False) -> Redrawn:
    """`count` fakes from the scenes `first`, `first + 1`, ...; factors 2 and 4 and all up-samplers in turn.

    `notched` takes the copies of the spectrum out of what was drawn, before it is blended in: the region stays soft,
    the traces of up-sampling go. The same scenes and outlines in either case.
    """
    fakes, reals, changes = [], [], []
    for index in range(count):
        real = photograph(first + index, size)
        factor, up = (2, 4)[index % 2], UPSAMPLERS[index // 2 % len(UPSAMPLERS)]
        drawn = redraw(real, factor, up)
        if notched:
            drawn = without_replicas(drawn, factor)
        weight = feather(outline(size, size, np.random.default_rng((0xFA, first + index))), 1.0)[..., None]
        fake = np.rint(np.clip(real + weight * (drawn - real), 0, 255)).astype(np.uint8)
        fakes.append(fake)
        reals.append(real)
        changes.append(np.abs(fake.astype(np.float32) - real) @ LUMA / np.float32(255))
    return Redrawn(fakes, reals, changes)


def redraw(pixels: np.ndarray, factor: int, upsampler: str) -> np.ndarray:
    """A uint8 picture squeezed by `factor` and brought back, float64 of the same shape, then sharpened a little."""
    side = len(pixels)
    small = Image.fromarray(pixels).resize((side // factor, side // factor), Image.Resampling.BOX)
    if upsampler == "zeros":
        sparse = np.zeros(pixels.shape)
        sparse[::factor, ::factor] = np.asarray(small, np.float64)
        drawn = _smooth(_smooth(sparse, factor + 1, 0), factor + 1, 1) * factor**2
    else:
        kinds = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR}
        kind = kinds.get(upsampler, Image.Resampling.BICUBIC)
        drawn = np.asarray(small.resize((side, side), kind), np.float64)
    return drawn + 0.5 * (drawn - _smooth(_smooth(drawn, 3, 0), 3, 1))


def edited_otherwise(corpus: Redrawn, seed: int) -> Redrawn:
    """The same photographs and regions changed as much without resampling: by gain, by noise, by a shift of hue."""
    rng = np.random.default_rng((0xED17, seed))
    fakes, changes = [], []
    for index, (real, change) in enumerate(zip(corpus.reals, corpus.changes, strict=True)):
        region, wanted = change > 0, float(change.sum())
        kind = index % 3
        if kind == 0:
            step = real.astype(np.float64) - 96
        elif kind == 1:
            step = rng.standard_normal(real.shape)
        else:
            step = np.broadcast_to(np.array([1.0, -0.6, 0.3]), real.shape)
        step = step * region[..., None]
        amount = wanted * 255 / max(float((np.abs(step) @ LUMA).sum()), 1e-9)
        fake = np.rint(np.clip(real + amount * step, 0, 255)).astype(np.uint8)
        fakes.append(fake)
        changes.append(np.abs(fake.astype(np.float32) - real) @ LUMA / np.float32(255))
    return Redrawn(fakes, corpus.reals, changes)


def _smooth(values: np.ndarray, taps: int, axis: int) -> np.ndarray:
    """A running mean of `taps` along an axis, edges repeated, of the same length."""
    width = [(0, 0)] * values.ndim
    width[axis] = (taps // 2, taps - 1 - taps // 2)
    padded = np.pad(values, width, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, taps, axis=axis).mean(-1))
