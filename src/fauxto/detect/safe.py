"""SAFE: crop, never resize; augment away colour and pose; mask patches; keep the diagonal wavelet band (KDD 2025)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from PIL import Image, ImageEnhance
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.half_resnet import HalfResNet
from fauxto.nn.residual import DiagonalHaar, even
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="safe",
    kinds=("detector",),
    title="Improving Synthetic Image Detection Towards Generalization: An Image Transformation Perspective",
    venue="KDD",
    year=2025,
    idea="Never resize; hide colour, pose and whole patches in training; look at the diagonal wavelet band alone.",
    input=Input(size=256, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit (generated minus real), higher = generated",
    claim="Cropping beats resizing on unseen up-samplers when pictures are larger than the network's input.",
    weights=(
        Weights(
            name="checkpoint-best.pth",
            url="https://github.com/Ouxiang-Li/SAFE",
            licence="Apache-2.0",
            layout="training checkpoint; the state dict lies under 'model', names as NPR with fc1.weight (2, 512)",
        ),
    ),
    gmac=2.24,
    parameters=1_438_274,
    choices=(
        "Two logits become one, their difference: the softmax is then a sigmoid of it.",
        "Pictures smaller than the crop are mirrored; the released code pads them with black.",
    ),
    fails_on=("pictures smaller than 256 pixels", "strong re-compression"),
    source="https://github.com/Ouxiang-Li/SAFE",
)

CELL = 16
"""Side in pixels of the cells that the random mask sets to zero."""


class SAFENetwork(nn.Module):
    """Picture to diagonal band, resized back, to half ResNet: `(n, 3, h, w)` in [0, 1] to `(n,)` logits."""

    def __init__(self) -> None:
        super().__init__()
        self.band = DiagonalHaar()
        self.classifier = HalfResNet(logits=2)

    def forward(self, pixels: Tensor) -> Tensor:
        """Bilinear and off the pixel grid, as released: a 256 crop gives 130 samples, stretched back to 256."""
        pixels = even(pixels)
        band = functional.interpolate(self.band(pixels), size=pixels.shape[-2:], mode="bilinear", align_corners=False)
        logits = self.classifier(band)
        return logits[:, 1] - logits[:, 0]


class SAFE:
    """The detector: native crop, flip, rotation, colour jitter and patch mask in training, label smoothing."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adamw",
        "learning_rate": 5e-3,
        "weight_decay": 0.01,
        "batch_size": 128,
        "schedule": "cosine",
        "epochs": 20,
    }
    small: ClassVar[dict[str, Any]] = {"crop": CropSpec(64, 1)}
    label_smoothing = 0.1

    def __init__(self, crop: CropSpec | None = None, *, turn_and_jitter: bool = True, mask: bool = True) -> None:
        """The two switches turn off one training transformation each, for the paper's ablation."""
        self.crop = crop or CropSpec(256, 1)
        self.turn_and_jitter = turn_and_jitter
        self.mask = mask
        self._network = SAFENetwork()

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
        """Flip, rotation in +-180 degrees (nearest, black corners), colour jitter, patch mask; uint8 HWC."""
        picture = Image.fromarray(crop[:, ::-1] if rng.random() < 0.5 else crop)
        if self.turn_and_jitter:
            picture = picture.rotate(rng.uniform(-180, 180), resample=Image.Resampling.NEAREST)
            jitter = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]
            for index in rng.permutation(len(jitter)):
                picture = jitter[index](picture).enhance(rng.uniform(0.5, 1.5))
        pixels = np.asarray(picture)
        if self.mask and rng.random() < 0.5:
            return mask_cells(pixels, rng.uniform(0, 0.75), rng)
        return pixels

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy with label smoothing, written for one logit: the target is 0.95 or 0.05."""
        target = labels * (1 - self.label_smoothing) + self.label_smoothing / 2
        return functional.binary_cross_entropy_with_logits(logits, target)

    def load(self, path: str) -> None:
        """Load the released checkpoint or our own file, strictly. Errors: WeightError."""
        load_strict(self._network.classifier, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors in the released layout."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)


def mask_cells(pixels: np.ndarray, ratio: float, rng: np.random.Generator) -> np.ndarray:
    """Set `int(h w ratio / 256)` distinct cells of the 16-pixel grid of `(h, w, 3)` to zero.

    >>> masked = mask_cells(np.ones((64, 64, 3), np.uint8), 0.5, np.random.default_rng(0))
    >>> int((masked[..., 0] == 0).sum()) // CELL**2
    8
    """
    height, width = pixels.shape[:2]
    rows, columns = height // CELL, width // CELL
    chosen = rng.choice(rows * columns, min(int(height * width * ratio / CELL**2), rows * columns), replace=False)
    masked = pixels.copy()
    for row, column in zip(*divmod(chosen, columns), strict=True):
        masked[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL] = 0
    return masked
