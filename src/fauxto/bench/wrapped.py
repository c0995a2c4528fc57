"""Detectors with one thing changed, for the ablations of the protocols: resized input, another augmentation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from PIL import Image, ImageEnhance
from torch import nn

from fauxto.contracts import Detector, Trainable
from fauxto.detect.safe import mask_cells
from fauxto.errors import InputError
from fauxto.media.crops import to_network
from fauxto.nn.scoring import score_images

AUGMENTATIONS = ("r", "j", "m", "rj", "rjm")
"""Rotation, colour jitter, random mask, and the two combinations that were published."""


class Resized:
    """The same network on the whole picture resized to the detector's side, bilinear, aspect ignored."""

    def __init__(self, inner: Detector) -> None:
        self.inner, self.card, self.crop = inner, inner.card, inner.crop

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(1, 3, size, size)` in [0, 1]."""
        side = self.crop.size
        picture = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
        return to_network(np.asarray(picture)[None])

    def network(self) -> nn.Module:
        """The network of the detector itself."""
        return self.inner.network()

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`."""
        return score_images(self.network(), self.preprocess, images)


class Augmented:
    """A detector that is trained with rotation (r), colour jitter (j) and a random mask (m) before its own changes.

    r turns by up to 180 degrees either way (nearest, black corners), j changes brightness, contrast and saturation by
    up to a half, m sets up to three quarters of the 16-pixel cells to zero in every second crop.
    """

    def __init__(self, inner: Trainable, how: str) -> None:
        if not how or set(how) - set("rjm"):
            raise InputError(f"There is no augmentation {how!r}.", fix=f"Use one of {', '.join(AUGMENTATIONS)}.")
        self.inner, self.how = inner, how
        self.card, self.crop, self.recipe = inner.card, inner.crop, inner.recipe

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The extra augmentation, then the detector's own; uint8 HWC in and out."""
        picture = Image.fromarray(np.ascontiguousarray(crop))
        if "r" in self.how:
            picture = picture.rotate(rng.uniform(-180, 180), resample=Image.Resampling.NEAREST)
        if "j" in self.how:
            for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
                picture = change(picture).enhance(rng.uniform(0.5, 1.5))
        pixels = np.array(picture)
        if "m" in self.how and rng.random() < 0.5:
            pixels = mask_cells(pixels, rng.uniform(0, 0.75), rng)
        return self.inner.augment(pixels, rng)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """As the detector does."""
        return self.inner.preprocess(image)

    def network(self) -> nn.Module:
        """The network of the detector itself."""
        return self.inner.network()

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """As the detector does: `(len(images),)`."""
        return self.inner.score(images)

    def loss(self, logits: Any, labels: Any) -> Any:
        """As the detector's."""
        return self.inner.loss(logits, labels)

    def load(self, path: str) -> None:
        """As the detector does."""
        self.inner.load(path)

    def save(self, path: str) -> None:
        """As the detector does."""
        self.inner.save(path)


def augmented(build: Callable[[], Detector], how: str) -> Augmented:
    """Build a detector and wrap it."""
    return Augmented(cast("Trainable", build()), how)
