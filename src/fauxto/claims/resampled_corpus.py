"""A corpus that costs seconds: camera-world photographs against photographs partly redrawn through half their side.

Half the side is what a decoder starts its last step from, and the resampler plays that step. Unlike the toy fakes,
nothing is trained, and `share` sets how much of the redrawn picture is mixed into the photograph: how hard the task is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image

from fauxto.data.worlds.camera import photograph
from fauxto.launder import apply

Resampler = Literal["nearest", "bilinear", "bicubic", "lanczos"]
RESAMPLERS: tuple[Resampler, ...] = get_args(Resampler)
TRAIN_FAMILY: Resampler = "nearest"
UNSEEN: tuple[Resampler, ...] = tuple(family for family in RESAMPLERS if family != TRAIN_FAMILY)
SEEDS_APART = 1_000_000


@dataclass(frozen=True, slots=True)
class Resampled:
    """Pictures of one side, no scene twice, reals and fakes encoded alike."""

    train_real: list[np.ndarray]
    train_fake: list[np.ndarray]
    test_real: list[np.ndarray]
    test_fake: dict[Resampler, list[np.ndarray]]

    @property
    def train(self) -> tuple[list[np.ndarray], np.ndarray]:
        """The training pictures, reals first, and their labels."""
        labels = np.repeat([0, 1], [len(self.train_real), len(self.train_fake)])
        return [*self.train_real, *self.train_fake], labels

    def through(self, encode: Callable[[list[np.ndarray]], np.ndarray]) -> Resampled:
        """The same corpus with each picture replaced by its row of `encode(pictures)`: computed once for all arms."""
        return Resampled(
            list(encode(self.train_real)),
            list(encode(self.train_fake)),
            list(encode(self.test_real)),
            {family: list(encode(fakes)) for family, fakes in self.test_fake.items()},
        )


def make_resampled(
    seed: int,
    size: int,
    *,
    train: int,
    test: int,
    share: float,
    encoding: str = "jpeg:90",
    families: tuple[Resampler, ...] = RESAMPLERS,
) -> Resampled:
    """`train` and `test` pictures a class, `size` pixels a side; fakes are of other scenes than reals.

    The test fakes of all families are of the same scenes, so families differ in their resampler alone.
    """
    scenes = iter(range(seed * SEEDS_APART, (seed + 1) * SEEDS_APART))

    def shoot(count: int) -> list[np.ndarray]:
        return [photograph(next(scenes), size) for _ in range(count)]

    train_real, train_scenes, test_real, test_scenes = shoot(train), shoot(train), shoot(test), shoot(test)
    return Resampled(
        [apply(picture, encoding) for picture in train_real],
        [apply(redraw(picture, TRAIN_FAMILY, share), encoding) for picture in train_scenes],
        [apply(picture, encoding) for picture in test_real],
        {f: [apply(redraw(picture, f, share), encoding) for picture in test_scenes] for f in families},
    )


def redraw(pixels: np.ndarray, family: Resampler, share: float) -> np.ndarray:
    """A photograph of even sides with `share` of it replaced by itself halved and doubled; uint8 HWC in and out."""
    height, width = pixels.shape[:2]
    half = Image.fromarray(pixels).resize((width // 2, height // 2), Image.Resampling.BOX)
    doubled = np.asarray(half.resize((width, height), Image.Resampling[family.upper()]), np.float32)
    return np.clip(np.rint((1 - share) * pixels + share * doubled), 0, 255).astype(np.uint8)
