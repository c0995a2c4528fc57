"""PatchCraft: the contrast of rich and poor texture, after high-pass filters (Zhong et al., 2023)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.launder import apply
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.scoring import score_images
from fauxto.nn.srm import SRMFilters
from fauxto.nn.texture import TextureContrast

CARD = Card(
    slug="patchcraft",
    kinds=("detector",),
    title="PatchCraft: Exploring Texture Patch for Efficient AI-generated Image Detection",
    venue="arXiv",
    year=2023,
    idea="Generators draw flat regions better than busy ones: contrast residuals of the flattest and busiest patches.",
    input=Input(size=256, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit, higher = generated",
    claim="The difference of poor and rich texture finds unseen generators better than rich texture alone, or than the "
    "difference of two random rearrangements.",
    weights=(
        Weights(
            name="RPTC.pth",
            url="https://huggingface.co/dkarageo/sidbench",
            licence="none stated",
            layout="state dict: group1.hpf, group1_b, group2 to group5, fc2; flat or under 'netC'",
        ),
    ),
    gmac=6.5,
    parameters=119_169,
    choices=(
        "The 192 patches come from the crop that the scanner decodes, not from the whole picture: the same for the "
        "256-pixel pictures of the published tests, a part of larger ones; give a larger crop to see more.",
        "Their places are random but depend on the crop's side alone, so a picture has one score; `draws` averages "
        "over several sets of places.",
        "Optimizer, rate, batch and epochs are not published: Adam 1e-3, batch 64, blur or JPEG on every tenth crop.",
    ),
    fails_on=("JPEG copies when trained without them: compression changes which patches are poor", "CycleGAN, GauGAN"),
    source="https://github.com/Ekko-zn/AIGCDetectBenchmark",
)

BOUND = 5.0
"""Fingerprints are cut off at this magnitude. A cut at 3 exists in the released code and is never applied."""


class Fingerprint(nn.Module):
    """The released classifier: `(n, 3, s, s)` poor and rich pictures to `(n,)` logits; its parameter names."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.group1 = nn.ModuleDict({"hpf": SRMFilters()})
        self.group1_b = nn.Sequential(nn.Conv2d(90, width, 3, 1, 1), nn.BatchNorm2d(width), nn.Hardtanh(-BOUND, BOUND))
        self.group2 = _group(width, depth=4, pool=True)
        self.group3 = _group(width, depth=2, pool=True)
        self.group4 = _group(width, depth=2, pool=True)
        self.group5 = _group(width, depth=2, pool=False)
        self.fc2 = nn.Linear(width, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
        nn.init.normal_(self.fc2.weight, std=0.01)
        nn.init.zeros_(self.fc2.bias)

    def traces(self, pixels: Tensor) -> Tensor:
        """The bounded residual features of one picture, `(n, width, s, s)`."""
        return self.group1_b(self.group1["hpf"](pixels))

    def forward(self, poor: Tensor, rich: Tensor) -> Tensor:
        """The logit of the difference; both pictures share their weights."""
        return self.decide(self.traces(poor) - self.traces(rich))

    def decide(self, features: Tensor) -> Tensor:
        """From features `(n, width, s, s)` to `(n,)` logits."""
        features = self.group5(self.group4(self.group3(self.group2(features))))
        return self.fc2(features.mean((2, 3)))[:, 0]


class PatchCraftNetwork(nn.Module):
    """Picture to poor and rich pictures to logit: `(n, 3, h, w)` in [0, 1] to `(n,)`.

    In training every batch has fresh places; in evaluation the logit is the mean over the first `draws` fixed sets.
    """

    def __init__(self, patch: int = 32, cells: int = 8, draws: int = 1) -> None:
        super().__init__()
        self.contrast = TextureContrast(patch, cells)
        self.classifier = Fingerprint()
        self.draws = draws

    def forward(self, pixels: Tensor) -> Tensor:
        """No normalisation, as released."""
        if self.training:
            return self.classifier(*self.contrast(pixels, draw=None))
        return torch.stack([self.one_draw(pixels, draw) for draw in range(self.draws)]).mean(0)

    def one_draw(self, pixels: Tensor, draw: int) -> Tensor:
        """The logits with one set of places; their spread over draws is how far chance moves the score."""
        return self.classifier(*self.contrast(pixels, draw))


class PatchCraft:
    """The detector: native crop, smash and reconstruction, texture contrast, binary cross-entropy."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"crop": CropSpec(64, 1), "patch": 8}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "batch_size": 64,
        "schedule": "constant",
        "epochs": 20,
    }

    def __init__(self, crop: CropSpec | None = None, *, patch: int = 32, cells: int = 8, draws: int = 1) -> None:
        """`cells` x `cells` patches of `patch` pixels a side make each picture; `draws` sets of places are averaged."""
        self.crop = crop or CropSpec(256, 1)
        self._network = PatchCraftNetwork(patch, cells, draws)

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
        """Horizontal flip; blur with probability 0.1, JPEG with probability 0.1, as CNNDetection; uint8 HWC."""
        pixels = np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)
        steps = []
        if rng.random() < 0.1:
            steps.append(f"blur:{rng.uniform(0.1, 3):.2f}")
        if rng.random() < 0.1:
            steps.append(f"jpeg:{rng.integers(30, 101)}")
        return apply(pixels, "|".join(steps)) if steps else pixels

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load the released state dict or our own file, strictly; its filters come along, in its own order.

        Errors: WeightError.
        """
        load_strict(self._network.classifier, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors in the released layout."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)


def _group(width: int, depth: int, pool: bool) -> nn.Sequential:
    """`depth` times convolution, batch norm, ReLU; then an average pool that halves the side."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.AvgPool2d(3, 2, 1)] if pool else []))
