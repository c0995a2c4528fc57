"""Pictures whose class is a known statistic, and a detector small enough to train in a second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.data.manifest import Sample
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.scoring import score_images

TINY = Card(
    slug="tiny",
    kinds=("detector",),
    title="A mean of each colour",
    venue="test",
    year=2026,
    idea="Weigh the mean red, green and blue.",
    input=Input(size=32),
    output="one logit, higher = generated",
    claim="Red pictures are generated.",
)


class TinyNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.linear(8 * (pixels.mean((2, 3)) - 0.5))[:, 0]


class Tiny:
    card: ClassVar[Card] = TINY
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam", "learning_rate": 0.1, "weight_decay": 0.0, "batch_size": 16, "schedule": "cosine",
    }  # fmt: skip

    def __init__(self) -> None:
        self.crop = CropSpec(32, 1)
        self._network = TinyNetwork()

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        load_strict(self._network, load_tensors(path), path)

    def save(self, path: str) -> None:
        save(path, self._network.state_dict(), system="tiny")


def reddish() -> Tiny:
    """A Tiny that scores by red alone, untrained."""
    tiny = Tiny()
    with torch.no_grad():
        tiny.network().linear.weight.copy_(torch.tensor([[1.0, 0.0, 0.0]]))
        tiny.network().linear.bias.zero_()
    return tiny


COLOURS = {"": (110, 110, 110), "alpha": (140, 110, 110), "beta": (140, 112, 108), "gamma": (110, 110, 140)}
"""The mean colour of reals and of what three generators make: alpha and beta are alike, gamma is not."""


def write(
    folder: Path, counts: dict[str, int], *, split: str = "", endings: tuple[str, str] = ("png", "png"), seed: int = 0
) -> list[Sample]:
    """Noise pictures around a generator's colour; "" makes reals. `endings` are the formats of reals and fakes."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    samples = []
    for name, count in counts.items():
        for i in range(count):
            middle = np.array(COLOURS[name]) + rng.normal(0, 8, 3)
            pixels = np.clip(rng.normal(middle, 20, (40, 48, 3)), 0, 255).astype(np.uint8)
            path = folder / f"{split}-{name or 'real'}-{i}.{endings[bool(name)]}"
            Image.fromarray(pixels).save(path)
            samples.append(
                Sample(str(path), int(bool(name)), name, source="" if name else f"camera {i % 3}", split=split)
            )
    return samples
