"""UnivFD: a linear probe, or the nearest neighbour, in the feature space of a frozen CLIP (Ojha et al., CVPR 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.augment import blur_and_jpeg
from fauxto.learn.checkpoint import check_backbone, load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.backbone import Tower, open_backbone
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="univfd",
    kinds=("detector",),
    title="Towards Universal Fake Image Detectors that Generalize Across Generative Models",
    venue="CVPR",
    year=2023,
    idea="A feature space that never learned real from fake treats unseen generators alike; a linear probe suffices.",
    input=Input(size=224, resize="forbidden", crop="native-resolution centre crop, mirrored if smaller"),
    output="one logit, higher = generated",
    claim="A linear probe on a frozen pretrained encoder transfers to unseen generators better than a network that was "
    "trained end to end on the same pictures.",
    weights=(
        Weights(
            name="fc_weights.pth",
            url="https://github.com/WisconsinAIVision/UniversalFakeDetect",
            licence="none stated",
            layout="flat: weight (1, 768), bias (1); on the 768 numbers of CLIP ViT-L/14's encode_image",
        ),
    ),
    gmac=81.0,
    parameters=303_966_977,
    choices=(
        "The backbone is given with --backbone: CLIP ViT-L/14 as published, or efficientnet-lite0, which installs from "
        "PyPI.",
        "A file says which backbone it was trained on; a legacy file of the authors cannot, and is checked by its "
        "shape alone.",
        "The nearest-neighbour variant is the function `nearest_neighbour`; the detector is the linear probe.",
    ),
    fails_on=("re-sampled copies", "generators whose traces a resizing encoder cannot see"),
    source="https://github.com/WisconsinAIVision/UniversalFakeDetect",
)


class UnivFDNetwork(nn.Module):
    """Frozen feature to one linear layer: `(n, 3, size, size)` in [0, 1] to `(n,)` logits."""

    def __init__(self, backbone: Tower) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(backbone.feature_width, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """The feature is not scaled to unit length."""
        return self.head(self.backbone(pixels))[:, 0]


class UnivFD:
    """The detector: native crop, frozen encoder, linear probe, binary cross-entropy."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny"}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adamw",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "batch_size": 256,
        "schedule": "constant",
        "epochs": 10,
    }

    def __init__(self, crop: CropSpec | None = None, *, backbone: str | Path | Tower | None = None) -> None:
        """`backbone` is a path to CLIP, "efficientnet-lite0", "tiny" or a tower. Errors: WeightError without one."""
        tower = open_backbone(backbone, "clip")
        self.crop = crop or CropSpec(tower.size, 1)
        self._network = UnivFDNetwork(tower)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Horizontal flip, Gaussian blur and JPEG, each with probability one half; uint8 HWC in and out."""
        return blur_and_jpeg(crop[:, ::-1] if rng.random() < 0.5 else crop, 0.5, rng)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load the released probe or our own file, strictly. Errors: WeightError."""
        check_backbone(path, self._network.backbone.identity)
        load_strict(self._network.head, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write the probe as safetensors in the released layout, with the identity of the backbone."""
        identity = self._network.backbone.identity
        save(path, self._network.head.state_dict(), system=self.card.slug, backbone=identity)


def nearest_neighbour(features: np.ndarray, real_bank: np.ndarray, fake_bank: np.ndarray, k: int = 1) -> np.ndarray:
    """The paper's classifier without parameters: how much nearer a picture lies to the fakes than to the reals.

    `(n, d)` features against `(r, d)` and `(f, d)` banks; for each, the mean cosine distance to the k nearest of
    either bank; the score `(n,)` is the distance to the reals minus that to the fakes, higher = generated.
    """

    def distance(bank: np.ndarray) -> np.ndarray:
        similarity = _unit(features) @ _unit(bank).T
        return 1 - np.sort(similarity, axis=1)[:, -k:].mean(1)

    return distance(real_bank) - distance(fake_bank)


def _unit(vectors: np.ndarray) -> np.ndarray:
    values = np.asarray(vectors, np.float64)
    return values / np.linalg.norm(values, axis=1, keepdims=True)
