"""The house detector: bounded residuals of brightness and colour at full resolution, a small plain residual network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.residual import ColourCells, even
from fauxto.nn.residual_net import ResidualNet
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="house",
    kinds=("detector",),
    title="fauxto house detector",
    venue="fauxto",
    year=2026,
    idea="Bounded residuals of brightness and colour, never down-sampled before the network has seen every pixel.",
    input=Input(size=224, resize="forbidden", crop="native-resolution windows in one row, just below the middle"),
    output="one logit, higher = generated",
    claim="Keeping full resolution in the first layers transfers better than a strided stem on the same data.",
    gmac=0.52,
    parameters=278_657,
    fails_on=("re-posts shrunk to half size or less", "generators unlike those in its training data"),
)


WIDTHS = (32, 48, 96)
"""Channels of the three stages of the network that ships. It is learned at (64, 64, 128) first, then narrowed
(`benchmarks/house_train.py`)."""


class HouseNetwork(nn.Module):
    """High-pass residuals to a residual network: `(n, 3, h, w)` in [0, 1] to `(n,)` logits."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.classifier = ResidualNet(ColourCells(), channels=52, widths=widths)

    def forward(self, pixels: Tensor) -> Tensor:
        """Sides must be at least 16; odd sides lose their last row or column."""
        return self.classifier(even(pixels))[:, 0]


class House:
    """The detector that ships: trained on laundered native-resolution crops, calibrated on photographs it never saw.

    It reads the texture; what ships asks `nn.appearance` as well (`fauxto package house --appearance`).

    Its windows lie a little below the middle, at a third and two thirds of the width: skies and edges tell less
    (`benchmarks/house_detector.md`). `thorough` are those of `fauxto scan --thorough`.
    """

    card: ClassVar[Card] = CARD
    thorough: ClassVar[CropSpec] = CropSpec(224, 4, (0.42, 0.58, 0.74))
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "weight_decay": 0.02,
        "batch_size": 64,
        "schedule": "cosine",
        "epochs": 12,
    }

    def __init__(self, crop: CropSpec | None = None, widths: tuple[int, ...] = WIDTHS) -> None:
        self.crop = crop or CropSpec(224, 2, (0.58,))
        self._network = HouseNetwork(widths)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Any of the eight symmetries of the square; uint8 HWC in and out."""
        turned = np.rot90(crop, int(rng.integers(4)))
        return turned[:, ::-1] if rng.random() < 0.5 else turned

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load our own safetensors, strictly. Errors: WeightError."""
        load_strict(self._network.classifier, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)
