"""ARIA's own detector: a plain ResNet-50 on the whole picture, squeezed to 224 x 224 (Li et al., ESORICS 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, to_network
from fauxto.media.squash import squash
from fauxto.nn.resnet import RESNET50, ImageNetNormalised, ResNet, start_from_file
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="aria",
    kinds=("detector",),
    title="The Adversarial AI-Art: Understanding, Generation, Detection, and Benchmarking",
    venue="ESORICS",
    year=2024,
    idea="A plain classifier tells a generator's pictures from real ones at once; to be measured is whether it still "
    "does on another generator, or on pictures made from the real ones.",
    input=Input(size=224, resize="required", crop="the whole picture, aspect lost"),
    output="one logit (generated minus real), higher = generated",
    claim="A ResNet trained on one generator and method detects it, and loses accuracy on the others.",
    weights=(
        Weights(
            name="new_it2i.pth",
            url="https://github.com/AdvAIArtProject/AdvAIArt",
            licence="MIT (code); none released, training writes it",
            layout="flat state dict with torchvision's names, fc.weight (2, 2048); output 0 real, 1 generated",
        ),
    ),
    gmac=4.09,
    parameters=23_512_130,
    choices=(
        "Two logits become one, their difference: the softmax is then a sigmoid of it, and cross-entropy is the same.",
        "No flip when scoring; the released code flips test pictures at random.",
        "A fixed number of steps on a cosine; published: early stopping on the folder that is also the test set.",
        "Re-encoding in training happens to the squeezed picture, because that is what is stored.",
        "Starts from random weights unless a backbone trained on ImageNet is given, which the published one was.",
    ),
    fails_on=(
        "generators that it was not trained on",
        "pictures made from a real one, when trained on pictures made from text",
        "anything that shows only at native resolution",
    ),
    source="https://github.com/AdvAIArtProject/AdvAIArt",
)


class ARIANetwork(nn.Module):
    """Normalised picture to ResNet-50: `(n, 3, h, w)` in [0, 1] to `(n,)` logits."""

    def __init__(self, blocks: tuple[int, ...] = RESNET50, width: int = 64) -> None:
        super().__init__()
        self.normalise = ImageNetNormalised()
        self.classifier = ResNet(2, blocks, width)

    def forward(self, pixels: Tensor) -> Tensor:
        """Any sides of at least 32 pixels."""
        logits = self.classifier(self.normalise(pixels))
        return logits[:, 1] - logits[:, 0]


class ARIA:
    """The detector: whole picture squeezed to a square, ResNet-50, cross-entropy, stochastic gradient descent."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "sgd",
        "learning_rate": 5e-3,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "batch_size": 64,
        "schedule": "cosine",
        "epochs": 300,
    }
    small: ClassVar[dict[str, Any]] = {"crop": CropSpec(64, 1), "blocks": (1, 1, 1, 1), "width": 8}

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        backbone: str | None = None,
        blocks: tuple[int, ...] = RESNET50,
        width: int = 64,
    ) -> None:
        """`crop.size` is the side that pictures are squeezed to; `backbone` a ResNet-50 checkpoint to start from."""
        self.crop = crop or CropSpec(224, 1)
        self._network = ARIANetwork(blocks, width)
        if backbone is not None:
            start_from_file(self._network.classifier, backbone)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(1, 3, size, size)` in [0, 1]."""
        return to_network(squash(image, self.crop.size)[None])

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Horizontal flip with probability one half; uint8 HWC in and out."""
        return crop[:, ::-1] if rng.random() < 0.5 else crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the two logits, written for their difference `(n,)`; label 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load a file in the layout of the released training code or our own, strictly. Errors: WeightError."""
        load_strict(self._network.classifier, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors in the same layout."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)
