"""CNNDetection: a plain ResNet-50, made general by blur and JPEG in training (Wang et al., CVPR 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.augment import blur_and_jpeg
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.resnet import RESNET50, ImageNetNormalised, ResNet, start_from_file
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="cnndetection",
    kinds=("detector",),
    title="CNN-generated images are surprisingly easy to spot... for now",
    venue="CVPR",
    year=2020,
    idea="A classifier trained on one generator alone recognises others, if its training pictures are blurred and "
    "compressed at random.",
    input=Input(size=224, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit, higher = generated",
    claim="Blur and JPEG in training carry detection over to unseen generators' pictures that were re-compressed.",
    weights=(
        Weights(
            name="blur_jpg_prob0.5.pth",
            url="https://github.com/PeterWang512/CNNDetection",
            licence="CC BY-NC-SA 4.0",
            layout="training checkpoint; under 'model' a state dict with torchvision's names, fc.weight (1, 2048)",
        ),
        Weights(
            name="blur_jpg_prob0.1.pth",
            url="https://github.com/PeterWang512/CNNDetection",
            licence="CC BY-NC-SA 4.0",
            layout="as blur_jpg_prob0.5.pth",
        ),
    ),
    gmac=4.09,
    parameters=23_510_081,
    choices=(
        "Probability 0.5 for blur and for JPEG; the other published variant has 0.1.",
        "Starts from random weights unless a backbone trained on ImageNet is given, which the published one was.",
        "A constant learning rate; published: a tenth of it whenever validation accuracy has not risen for 5 epochs.",
        "Training crops are cut at native resolution; published: from pictures brought to 256 pixels first.",
        "Both JPEG libraries of the original write the same quantization and 4:2:0, so one stands for both.",
    ),
    fails_on=("diffusion pictures, when trained on GANs alone", "generators without the up-sampling it has seen"),
    source="https://github.com/PeterWang512/CNNDetection",
)


class CNNDetectionNetwork(nn.Module):
    """Normalised picture to ResNet-50: `(n, 3, h, w)` in [0, 1] to `(n,)` logits."""

    def __init__(self, blocks: tuple[int, ...] = RESNET50, width: int = 64) -> None:
        super().__init__()
        self.normalise = ImageNetNormalised()
        self.classifier = ResNet(1, blocks, width)
        nn.init.normal_(self.classifier.fc.weight, 0.0, 0.02)

    def forward(self, pixels: Tensor) -> Tensor:
        """Any sides of at least 32 pixels."""
        return self.classifier(self.normalise(pixels))[:, 0]


class CNNDetection:
    """The detector: native centre crop, ResNet-50, binary cross-entropy; blur and JPEG in training."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "batch_size": 64,
        "schedule": "constant",
        "epochs": 50,
    }
    small: ClassVar[dict[str, Any]] = {"crop": CropSpec(64, 1), "blocks": (1, 1, 1, 1), "width": 8}

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        probability: float = 0.5,
        backbone: str | None = None,
        blocks: tuple[int, ...] = RESNET50,
        width: int = 64,
    ) -> None:
        """`probability` of blur and of JPEG; `backbone` is the path of a ResNet-50 to start from."""
        self.crop = crop or CropSpec(224, 1)
        self.probability = probability
        self._network = CNNDetectionNetwork(blocks, width)
        if backbone is not None:
            start_from_file(self._network.classifier, backbone)

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
        """Blur and JPEG, each with its probability, then a horizontal flip with one half; uint8 HWC in and out."""
        crop = blur_and_jpeg(crop, self.probability, rng)
        return crop[:, ::-1] if rng.random() < 0.5 else crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load the released checkpoint or our own file, strictly. Errors: WeightError."""
        load_strict(self._network.classifier, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors in the released layout."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)
