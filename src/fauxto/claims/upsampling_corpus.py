"""The corpus of the up-sampling claims: camera-world photographs against toy fakes that differ in their last
up-sampler.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.toy_fakes import UPSAMPLERS, Upsampler, redraw, train_toy

TRAIN_FAMILY: Upsampler = "nearest"
"""The family that detectors see: ProGAN, the published training generator, ends on nearest up-sampling and a
convolution.
"""

UNSEEN: tuple[Upsampler, ...] = tuple(u for u in UPSAMPLERS if u != TRAIN_FAMILY)

SEEDS_APART = 1_000_000


@dataclass(frozen=True, slots=True)
class Corpus:
    """Lossless pictures of one side, no scene twice: training reals and fakes, test reals and fakes of each
    family.
    """

    train_real: list[np.ndarray]
    train_fake: list[np.ndarray]
    test_real: list[np.ndarray]
    test_fake: dict[Upsampler, list[np.ndarray]]


def make_corpus(seed: int, size: int, train: int, test: int, toy_steps: int = 300) -> Corpus:
    """`train` and `test` pictures a class, `size` pixels a side; the toy generators are trained afresh for
    each seed.

    The scenes of fakes are other scenes than those of reals, so a detector cannot pair them, and come from
    the same world and cameras, so content cannot tell them apart.
    """
    first = seed * SEEDS_APART
    scenes = iter(range(first, first + SEEDS_APART))

    def shoot(count: int) -> list[np.ndarray]:
        return [photograph(next(scenes), size) for _ in range(count)]

    lessons = shoot(100)
    toys = {family: train_toy(lessons, family, seed, steps=toy_steps) for family in UPSAMPLERS}
    train_real, train_scenes, test_real, test_scenes = shoot(train), shoot(train), shoot(test), shoot(test)
    return Corpus(
        train_real,
        redraw(toys[TRAIN_FAMILY], train_scenes),
        test_real,
        {family: redraw(toys[family], test_scenes) for family in UPSAMPLERS},
    )


def crop(pixels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """A square of `size` pixels at a random place, both parities of the 2x2 grid alike."""
    top, left = (int(rng.integers(side - size + 1)) for side in pixels.shape[:2])
    return pixels[top : top + size, left : left + size]


def middle(pixels: np.ndarray, size: int, shift: int = 0) -> np.ndarray:
    """The middle square of `size` pixels on the even grid, moved by `shift` pixels right and down."""
    top, left = ((side - size) // 4 * 2 + shift for side in pixels.shape[:2])
    return pixels[top : top + size, left : left + size]


def halve_and_double(pixels: np.ndarray, kind: Image.Resampling) -> np.ndarray:
    """The same picture halved by 2x2 means and doubled by `kind`; even sides."""
    side = len(pixels)
    half = Image.fromarray(pixels).resize((side // 2, side // 2), Image.Resampling.BOX)
    return np.asarray(half.resize((side, side), kind))
