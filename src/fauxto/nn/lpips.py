"""LPIPS on VGG-16 (Zhang et al., CVPR 2018): the distance of published perceptual path lengths, from two files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.feature_distance import FeatureDistance

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the 3 x 3 convolutions between two max pools of VGG-16."""

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""The authors' rounded normalisation of pixels in [-1, 1]: ImageNet's, to three digits."""


class Normalised(FeatureDistance):
    """A distance whose network reads pixels as LPIPS normalises them."""

    def __init__(self) -> None:
        super().__init__()
        self.shift: Tensor
        self.scale: Tensor
        self.register_buffer("shift", torch.tensor(SHIFT).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE).view(1, 3, 1, 1), persistent=False)

    def normalised(self, pixels: Tensor) -> Tensor:
        """Pixels in [0, 1] as the network wants them."""
        return (2 * pixels - 1 - self.shift) / self.scale


class Lpips(Normalised):
    """LPIPS of pictures with sides of at least 16 pixels; with other `stages` a small sibling for tests."""

    def __init__(self, stages: Sequence[Sequence[int]] = STAGES) -> None:
        super().__init__()
        self.features, self.taps = nn.ModuleDict(), []
        index, before = 0, 3
        for number, channels in enumerate(stages):
            index += number > 0  # torchvision numbers the pools and the activations too
            for width in channels:
                self.features[str(index)] = nn.Conv2d(before, width, 3, padding=1)
                before, index = width, index + 2
            self.taps.append(str(index - 2))
        self.heads = nn.ParameterList(torch.ones(1, channels[-1], 1, 1) for channels in stages)
        self.requires_grad_(False).eval()

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """The last map of each stage."""
        x, found, last = self.normalised(pixels), [], len(self.taps) - 1
        for name, layer in self.features.items():
            x = functional.relu(layer(x))
            if name in self.taps:
                found.append(x)
                x = functional.max_pool2d(x, 2) if len(found) <= last else x
        return found


def lpips(vgg: Path, heads: Path) -> Lpips:
    """LPIPS from torchvision's VGG-16 (vgg16-397923af.pth) and the authors' heads (vgg.pth of version 0.1).

    The classifier of VGG is left behind; every other name and shape must fit. Errors: WeightError.
    """
    network = Lpips()
    fill(network, vgg, heads)
    return network


def fill(network: FeatureDistance, backbone: Path, heads: Path) -> None:
    """Put a published backbone and published heads into a network of `features` and `heads`. Errors: WeightError."""
    tensors = {k: v.float() for k, v in load_tensors(backbone).items() if not k.startswith("classifier.")}
    learned = {f"heads.{i}": f"lin{i}.model.1.weight" for i in range(len(network.heads))}
    weights = load_tensors(heads)
    if odd := sorted(set(weights) ^ set(learned.values())):
        raise WeightError(
            f"{heads} holds no five heads of LPIPS: {odd[0]} is missing or does not belong.",
            fix="Give the authors' file of version 0.1 for this network, not for another.",
        )
    load_strict(network, tensors | {own: weights[name].float() for own, name in learned.items()}, backbone)
