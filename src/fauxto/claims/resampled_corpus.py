"""A corpus that costs seconds: camera-world photographs against photographs partly redrawn through half their side.

Half the side is what a decoder starts its last step from, and the resampler plays that step. Unlike the toy fakes,
nothing is trained, and `share` sets how much of the redrawn picture is mixed into the photograph: how hard the task is.

A comparison says something only where its control neither fails nor is perfect. So the shares below were chosen once,
by `benchmarks/claim_difficulty.py`: the smallest of a grid at which the control arms ALONE, on a seed that no claim
runs on, lie between `TOO_HARD` and `TOO_EASY`. The arms that the claims are about had no part in that. Frozen encoders
are taught on bilinear fakes there: nearest leaves blocks, which are in no other family, and controls taught on them
(0.6 of a fake redrawn) reached 1.00 and 0.97 on their own family, 0.53 and 0.62 on the others.
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

TOO_HARD, TOO_EASY = 0.6, 0.95
"""Mean AUC of a control on what it did not see in training, beyond which a claim tells nothing."""
FROZEN_FAMILY: Resampler = "bilinear"
FROZEN_SHARE = 0.8
"""For UnivFD and RINE: chosen by end-to-end training and by the last block alone."""
TOY_SHARE = 0.2
"""For TriDetect, whose redrawers are trained: chosen by the binary loss."""
ENCODING = "jpeg:90"
"""What reals and fakes are both saved as."""


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
    encoding: str = ENCODING,
    taught: Resampler = TRAIN_FAMILY,
    families: tuple[Resampler, ...] = RESAMPLERS,
) -> Resampled:
    """`train` and `test` pictures a class, `size` pixels a side; fakes are of other scenes than reals.

    Training fakes are of the family `taught`; the test fakes of all families are of the same scenes, so families differ
    in their resampler alone.
    """
    scenes = iter(range(seed * SEEDS_APART, (seed + 1) * SEEDS_APART))

    def shoot(count: int) -> list[np.ndarray]:
        return [photograph(next(scenes), size) for _ in range(count)]

    train_real, train_scenes, test_real, test_scenes = shoot(train), shoot(train), shoot(test), shoot(test)
    return Resampled(
        [apply(picture, encoding) for picture in train_real],
        [apply(redraw(picture, taught, share), encoding) for picture in train_scenes],
        [apply(picture, encoding) for picture in test_real],
        {f: [apply(redraw(picture, f, share), encoding) for picture in test_scenes] for f in families},
    )


def redraw(pixels: np.ndarray, family: Resampler, share: float) -> np.ndarray:
    """A photograph of even sides with `share` of it replaced by itself halved and doubled; uint8 HWC in and out."""
    height, width = pixels.shape[:2]
    half = Image.fromarray(pixels).resize((width // 2, height // 2), Image.Resampling.BOX)
    return blend(pixels, np.asarray(half.resize((width, height), Image.Resampling[family.upper()])), share)


def blend(pixels: np.ndarray, redrawn: np.ndarray, share: float) -> np.ndarray:
    """A photograph with `share` of it replaced by itself redrawn; uint8 HWC of one shape in and out."""
    mixed = (1 - share) * pixels + share * redrawn.astype(np.float32)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)
