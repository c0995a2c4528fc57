"""RINE: the class token of every block of a frozen CLIP, weighted by learned importance (Koutlis, ECCV 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.augment import blur_and_jpeg
from fauxto.learn.checkpoint import check_backbone, load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.backbone import Tower, open_backbone
from fauxto.nn.contrastive import supervised_contrastive
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="rine",
    kinds=("detector",),
    title="Leveraging Representations from Intermediate Encoder-blocks for Synthetic Image Detection",
    venue="ECCV",
    year=2024,
    idea="Low-level traces live in a frozen encoder's early blocks: read all of them and learn how much each counts.",
    input=Input(size=224, resize="forbidden", crop="native-resolution centre crop, mirrored if smaller"),
    output="one logit, higher = generated",
    claim="Reading every block of a frozen encoder tells unseen generators better than reading the last one alone.",
    weights=(
        Weights(
            name="model_4class_trainable.pth",
            url="https://github.com/mever-team/rine",
            licence="Apache-2.0",
            layout="flat, without CLIP: alpha (1, 24, d), proj1.{1,4}, proj2.{1,4}, head.{0,3,6}; d 1024, 2 layers",
        ),
        Weights(
            name="model_1class_trainable.pth, model_2class_trainable.pth, model_ldm_trainable.pth",
            url="https://github.com/mever-team/rine",
            licence="Apache-2.0",
            layout="the same with 4 layers, proj{1,2}.{1,4,7,10}; d 1024, 128 (2 classes), 1024",
        ),
    ),
    gmac=81.0,
    parameters=310_289_409,
    choices=(
        "The published 4-class setting is the default: two layers of 1,024 numbers, contrastive weight 0.2; a released "
        "file of another setting says its own by its shapes, and is loaded as that.",
        "Tokens are read behind each block's second layer norm, as the released code does.",
        "On efficientnet-lite0 a block's vector is the average of its map, normalised and filled up with zeros.",
    ),
    fails_on=("strong re-compression", "generators whose traces a crop of 224 pixels does not hold"),
    source="https://github.com/mever-team/rine",
)

TEMPERATURE = 0.07


class BlockFusion(nn.Module):
    """All that is trained: block vectors `(n, depth, width_in)` to the embedding `(n, width)` and its logit."""

    def __init__(self, depth: int, width_in: int, width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.randn(1, depth, width))
        self.proj1 = projection(width_in, width, layers, dropout)
        self.proj2 = projection(width, width, layers, dropout)
        hidden = (nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout))
        more = (nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Sequential(*hidden, *more, nn.Linear(width, 1))

    def importance(self) -> Tensor:
        """`(1, depth, width)`, for each feature a distribution over the blocks."""
        return self.alpha.softmax(dim=1)

    def forward(self, blocks: Tensor) -> tuple[Tensor, Tensor]:
        """Each feature is its own mean over the blocks; logits `(n, 1)` and embeddings `(n, width)`."""
        embedding = self.proj2((self.importance() * self.proj1(blocks)).sum(1))
        return self.head(embedding), embedding


class RINENetwork(nn.Module):
    """Blocks to importance to logit: `(n, 3, size, size)` in [0, 1] to `(n,)`; in training mode `(n, 1 + d)`."""

    def __init__(self, backbone: Tower, width: int = 1024, layers: int = 2, dropout: float = 0.5) -> None:
        """`width` is the d' of the paper, `layers` the depth of both projections."""
        super().__init__()
        self.backbone = backbone
        self.fusion = BlockFusion(backbone.depth, backbone.width, width, layers, dropout)

    def forward(self, pixels: Tensor) -> Tensor:
        """In training mode the logit comes first and the embedding that SupCon wants after it."""
        logits, embedding = self.fusion(self.backbone.layers(pixels))
        return torch.cat((logits, embedding), dim=1) if self.training else logits[:, 0]


def projection(width_in: int, width: int, layers: int, dropout: float) -> nn.Sequential:
    """Dropout, then `layers` times linear, ReLU, dropout: linear layers at 1, 4, 7, ... as in the released files."""
    parts: list[nn.Module] = [nn.Dropout(dropout)]
    for index in range(layers):
        parts += [nn.Linear(width if index else width_in, width), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*parts)


class RINE:
    """The detector: native crop, all blocks of a frozen encoder, importance, cross-entropy and SupCon."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny", "width": 16}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "batch_size": 128,
        "schedule": "constant",
        "epochs": 1,
    }

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        backbone: str | Path | Tower | None = None,
        width: int = 1024,
        layers: int = 2,
        contrastive: float = 0.2,
    ) -> None:
        """`backbone` is a path to CLIP, "efficientnet-lite0", "tiny" or a tower; `contrastive` is the xi of the paper.

        Errors: WeightError without a backbone.
        """
        tower = open_backbone(backbone, "clip")
        self.crop = crop or CropSpec(tower.size, 1)
        self.contrastive = contrastive
        self._network = RINENetwork(tower, width, layers)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`; in training mode to `(n, 1 + d)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Horizontal flip, Gaussian blur and JPEG, each with probability one half; uint8 HWC in and out."""
        return blur_and_jpeg(crop[:, ::-1] if rng.random() < 0.5 else crop, 0.5, rng)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the logits plus `contrastive` times SupCon of the embeddings `(n, 1:)`, where given."""
        if logits.ndim == 1:
            return functional.binary_cross_entropy_with_logits(logits, labels)
        binary = functional.binary_cross_entropy_with_logits(logits[:, 0], labels)
        return binary + self.contrastive * supervised_contrastive(logits[:, 1:], labels.long(), TEMPERATURE)

    def load(self, path: str) -> None:
        """Load a released file of any setting or our own, strictly. Errors: WeightError."""
        backbone = self._network.backbone
        check_backbone(path, backbone.identity)
        tensors = load_tensors(path)
        alpha, layers = tensors.get("alpha"), sum(name.startswith("proj1.") for name in tensors) // 2
        if alpha is not None and alpha.ndim == 3 and 1 <= layers <= 16 and alpha.shape[2] <= 1 << 14:
            network = RINENetwork(backbone, alpha.shape[2], layers)
        else:
            network = self._network
        load_strict(network.fusion, tensors, path)
        self._network = network

    def save(self, path: str) -> None:
        """Write safetensors in the released layout, with the identity of the backbone."""
        identity = self._network.backbone.identity
        save(path, self._network.fusion.state_dict(), system=self.card.slug, backbone=identity)
