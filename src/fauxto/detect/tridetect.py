"""TriDetect: real against two families of fakes that no label names, found by balanced clustering (AAAI 2026)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.launder import apply
from fauxto.learn.checkpoint import load_trained, save_trained
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.backbone import Tower, open_backbone
from fauxto.nn.logits import log_sum_exp
from fauxto.nn.lora_experts import attach_experts
from fauxto.nn.scoring import score_images
from fauxto.nn.sinkhorn import balanced_codes
from fauxto.nn.towers import VisionTower

CARD = Card(
    slug="tridetect",
    kinds=("detector",),
    title="Beyond Binary Classification: A Semi-supervised Approach to Generalized AI-generated Image Detection",
    venue="AAAI",
    year=2026,
    idea="Adversarial and diffusion generators err differently: let the fakes fall into two balanced clusters.",
    input=Input(size=224, resize="forbidden", crop="native-resolution centre crop, mirrored if smaller"),
    output="one logit, log of all fake families over real, higher = generated",
    claim="Balanced clusters inside the fakes find the generator families without labels, and generalise better to "
    "unseen generators of those families than a binary loss does.",
    gmac=81.0,
    parameters=305_540_864,
    choices=(
        "Only the abstract was at hand: backbone, head, temperature, weights, views and optimizer are our choices; no "
        "official code or weights exist, and no published figure is quoted.",
        "CLIP ViT-L/14 with LoRA of rank 8 on q and v; EfficientNet-Lite, which has none, is left frozen.",
        "No queue of old features and no ramp: both would be state outside of the weights, and batches of 64 hold "
        "enough fakes for two clusters.",
        "Both views show the same window: weak is a flip, strong adds contrast, brightness, blur and JPEG.",
    ),
    fails_on=("training sets with one family only: the clusters then mean nothing", "families of very unequal size"),
    source="https://arxiv.org/abs/2511.19499",
)

FAMILIES = 2
TEMPERATURE = 0.1
EPSILON = 0.05
"""Softness of the balanced assignment; scores are cosines."""


class TriarchyHead(nn.Module):
    """Feature `(n, width)` to `(n, 1 + families)` cosines over temperature: the real prototype, then the fake ones."""

    def __init__(self, width: int, families: int = FAMILIES, embedding: int = 256) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, embedding))
        self.prototypes = nn.Parameter(torch.randn(1 + families, embedding))

    def forward(self, features: Tensor) -> Tensor:
        """The prototypes are scaled to unit length here, so that they stay comparable after every step."""
        unit = functional.normalize(self.embed(features), dim=1)
        return unit @ functional.normalize(self.prototypes, dim=1).T / TEMPERATURE


class TriDetectNetwork(nn.Module):
    """Encoder to prototypes: `(n, 3, h, w)` in [0, 1] to `(n,)` logits; in training mode to `(n, 1 + families)`.

    `encoder` maps pixels to `(n, width)`. The one logit is log(sum of the fake families / real).
    """

    def __init__(self, encoder: nn.Module, width: int, families: int = FAMILIES, embedding: int = 256) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = TriarchyHead(width, families, embedding)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        logits = self.prototypes(pixels)
        return logits if self.training else generated_logit(logits)

    def prototypes(self, pixels: Tensor) -> Tensor:
        """The logits of real and of each fake family, `(n, 1 + families)`."""
        return self.head(self.encoder(pixels))


class TriDetect:
    """The detector: a lightly adapted tower, prototypes for real and two fake families, clusters by Sinkhorn-Knopp."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny"}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adamw",
        "learning_rate": 1e-4,
        "weight_decay": 1e-4,
        "batch_size": 64,
        "schedule": "cosine",
        "epochs": 10,
    }

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        backbone: str | Path | Tower | None = None,
        families: int = FAMILIES,
        cluster_weight: float = 0.5,
        consistency_weight: float = 0.5,
        rank: int = 8,
        alpha: float = 16.0,
    ) -> None:
        """`backbone` is a path to CLIP, "efficientnet-lite0", "tiny" or a tower. Errors: WeightError without one."""
        tower = open_backbone(backbone, "clip")
        self._identity = tower.identity
        if isinstance(tower, VisionTower):
            attach_experts(tower, 1, rank, alpha)
        self.crop = crop or CropSpec(tower.size, 1)
        self.cluster_weight, self.consistency_weight = cluster_weight, consistency_weight
        self._network = TriDetectNetwork(tower, tower.feature_width, families)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`; in training mode to `(n, 1 + families)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def families(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """How likely each fake family is, given that the picture is generated: `(len(images), families)`.

        The families have no names; their order is that of the training run.
        """
        self._network.eval()
        with torch.inference_mode():
            rows = [self._network.prototypes(torch.from_numpy(self.preprocess(image))).mean(0) for image in images]
            return torch.stack(rows)[:, 1:].softmax(1).numpy() if rows else np.empty((0, FAMILIES), np.float32)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The weak view: a flip with probability one half; uint8 HWC in and out."""
        return crop[:, ::-1] if rng.random() < 0.5 else crop

    def views(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A weak and a strong view of one crop, uint8 `(2, h, w, 3)`."""
        return np.stack((self.augment(crop, rng), strong_view(self.augment(crop, rng), rng)))

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """`triarchy_loss` with the weights of this detector."""
        return triarchy_loss(logits, labels, self.cluster_weight, self.consistency_weight)

    def load(self, path: str) -> None:
        """Load what `save` wrote, trained on the same backbone, strictly. Errors: WeightError."""
        load_trained(self._network, path, backbone=self._identity)

    def save(self, path: str) -> None:
        """Write the low-rank updates and the head as safetensors, with the identity of the backbone."""
        save_trained(path, self._network, backbone=self._identity, system=self.card.slug)


def generated_logit(logits: Tensor) -> Tensor:
    """`(..., 1 + families)` to `(...)`: its sigmoid is 1 - softmax(real)."""
    return log_sum_exp(logits[..., 1:]) - logits[..., 0]


def triarchy_loss(
    logits: Tensor, labels: Tensor, cluster_weight: float = 0.5, consistency_weight: float = 0.5
) -> Tensor:
    """Binary loss, swapped prediction of balanced clusters on the fakes, and agreement of the two views.

    `logits` is `(n, 2, 1 + families)`, two views of each picture; `(n, 1 + families)` counts as two equal views, and
    `(n,)` as one family. `labels` is `(n,)`, 1 = generated. Clusters need a fake in the batch and more than one family.
    """
    if logits.ndim == 1:
        logits = torch.stack((torch.zeros_like(logits), logits), 1)
    if logits.ndim == 2:
        logits = logits[:, None].expand(-1, 2, -1)
    first, second = logits.float().unbind(1)
    total = functional.binary_cross_entropy_with_logits(
        generated_logit(torch.stack((first, second))), labels.expand(2, -1)
    )
    fake = labels > 0.5
    if cluster_weight and logits.shape[-1] > 2 and bool(fake.any()):
        total = total + cluster_weight * swapped_prediction(first[fake, 1:], second[fake, 1:])
    if consistency_weight:
        total = total + consistency_weight * symmetric_divergence(first, second)
    return total


def swapped_prediction(first: Tensor, second: Tensor) -> Tensor:
    """Each view foretells the balanced cluster of the other; `(n, families)` logits of two views, fakes only."""
    targets = [balanced_codes(view * TEMPERATURE, EPSILON) for view in (first, second)]
    return (functional.cross_entropy(second, targets[0]) + functional.cross_entropy(first, targets[1])) / 2


def symmetric_divergence(first: Tensor, second: Tensor) -> Tensor:
    """Mean of KL(a, b) and KL(b, a) over the pictures; `(n, classes)` logits of two views."""
    a, b = first.log_softmax(1), second.log_softmax(1)
    return ((a.exp() - b.exp()) * (a - b)).sum(1).mean() / 2


def strong_view(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Contrast and brightness within 10 %, blur up to 1.5 (p 0.3), JPEG 60 to 100 on a random grid (p 0.5)."""
    steps = [f"contrast:{rng.uniform(0.9, 1.1):.3f}", f"brightness:{rng.uniform(0.9, 1.1):.3f}"]
    if rng.random() < 0.3:
        steps.append(f"blur:{rng.uniform(0, 1.5):.3f}")
    if rng.random() < 0.5:
        steps.append(f"jpeg:{rng.integers(60, 101)}")
    top, left = (int(offset) for offset in rng.integers(0, 8, size=2))
    framed = np.pad(crop, ((top, 0), (left, 0), (0, 0)), mode="symmetric")
    return apply(framed, "|".join(steps))[top:, left:]
