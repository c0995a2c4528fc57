"""NPR: neighbouring pixel relationships as the trace of up-sampling (Tan et al., CVPR 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.half_resnet import HalfResNet
from fauxto.nn.residual import NeighbourResidual, even
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="npr",
    kinds=("detector",),
    title="Rethinking the Up-Sampling Operations in CNN-based Generative Network for Generalizable Deepfake Detection",
    venue="CVPR",
    year=2024,
    idea="Pixels inside one 2x2 cell of an up-sampled picture depend on each other more than in a camera's.",
    input=Input(size=256, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit, higher = generated",
    claim="Residuals of 2x2 cells transfer to unseen up-samplers better than RGB does, on the same network.",
    weights=(
        Weights(
            name="NPR.pth",
            url="https://github.com/chuangchuangtan/NPR-DeepfakeDetection",
            licence="none stated",
            layout="flat state dict: conv1, bn1, layer1, layer2, fc1; or under 'model'",
        ),
    ),
    gmac=2.24,
    parameters=1_437_761,
    choices=(
        "The published tests resize to 256 (ForenSynths), crop 224 (GenImage) or use the native size (AIGCDetect); "
        "here a native 256 crop, because resizing destroys the trace.",
    ),
    fails_on=("JPEG and social-network copies of fakes when trained without them", "one-pixel shifts of the 2x2 grid"),
    source="https://github.com/chuangchuangtan/NPR-DeepfakeDetection",
)

IMAGENET_STD = (0.229, 0.224, 0.225)
RESIDUAL_SCALE = 2 / 3
"""The released network is fed NPR(x) * 2/3 of the ImageNet-normalised picture; without it its weights are useless."""


class NPRNetwork(nn.Module):
    """Picture to residual to half ResNet: `(n, 3, h, w)` in [0, 1] to `(n,)` logits."""

    def __init__(self) -> None:
        super().__init__()
        self.residual = NeighbourResidual()
        self.classifier = HalfResNet(logits=1)
        self.scale: Tensor
        self.register_buffer("scale", RESIDUAL_SCALE / torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """The mean of the ImageNet normalisation cancels in the residual; only its std is left."""
        return self.classifier(self.residual(even(pixels)) * self.scale)[:, 0]


class NPR:
    """The detector: native crop, 2x2 residual, half ResNet, binary cross-entropy."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 2e-4,
        "weight_decay": 0.0,
        "batch_size": 32,
        "schedule": "constant",
        "epochs": 50,
    }
    small: ClassVar[dict[str, Any]] = {"crop": CropSpec(64, 1)}

    def __init__(self, crop: CropSpec | None = None) -> None:
        self.crop = crop or CropSpec(256, 1)
        self._network = NPRNetwork()

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
        """Horizontal flip with probability one half; uint8 HWC in and out."""
        return crop[:, ::-1] if rng.random() < 0.5 else crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load the released flat state dict or our own file, strictly. Errors: WeightError."""
        load_strict(self._network.classifier, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors in the released layout."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)
