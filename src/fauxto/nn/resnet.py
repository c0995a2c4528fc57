"""ResNets of bottleneck blocks (He et al., CVPR 2016); their early down-sampling may be left out ("no-down")."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from fauxto.errors import InputError, WeightError
from fauxto.learn.checkpoint import load_tensors

RESNET50 = (3, 4, 6, 3)
"""Blocks in each of the four layers of the published network."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions around a shortcut (He et al., 2016); the stride sits on the 3x3."""

    expansion = 4

    def __init__(self, channels_in: int, width: int, stride: int = 1) -> None:
        super().__init__()
        channels_out = width * self.expansion
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, channels_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """`(n, channels_in, h, w)` to `(n, 4 width, h / stride, w / stride)`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.relu(self.bn3(self.conv3(x)) + shortcut)


class ResNetTrunk(nn.Module):
    """Stem and four layers of bottlenecks: `(n, 3, h, w)` to the mean of the last map, `(n, features)`.

    With the published `blocks` and a `width` of 64 it is ResNet-50 without its last linear layer; smaller numbers give
    a small sibling. `early_stride` is the stride of the stem and of the max pool: 2 as published; 1 is the "no-down"
    variant of Gragnaniello et al. (ICME 2021), which sees every pixel at 16 times the cost. Parameters are named as in
    torchvision: conv1, bn1, layer1 to layer4.
    """

    def __init__(self, blocks: tuple[int, ...] = RESNET50, width: int = 64, early_stride: int = 2) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, early_stride, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, early_stride, 1)
        self.features = width
        for number, count in enumerate(blocks, start=1):
            layer = []
            for index in range(count):
                stride = 2 if number > 1 and index == 0 else 1
                layer.append(Bottleneck(self.features, width * 2 ** (number - 1), stride))
                self.features = width * 2 ** (number - 1) * Bottleneck.expansion
            setattr(self, f"layer{number}", nn.Sequential(*layer))
        self.depth = len(blocks)
        initialise(self)

    def stages(self, x: Tensor) -> list[Tensor]:
        """The maps behind layer1, layer2, ...: `(n, 4 width, h, w)`, then twice the channels and half the sides."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        maps = []
        for number in range(1, self.depth + 1):
            x = getattr(self, f"layer{number}")(x)
            maps.append(x)
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """`(n, 3, h, w)` to `(n, features)`."""
        return self.stages(x)[-1].mean((2, 3))


class ResNet(ResNetTrunk):
    """The trunk and one linear layer `fc`: `(n, 3, h, w)` to `(n, outputs)`.

    25,557,032 parameters with 1000 outputs, 23,510,081 with one; 4.09 GMAC at 224 x 224, 16 times that without the
    early strides. State dicts of torchvision's `resnet50` load strictly.
    """

    def __init__(
        self, outputs: int, blocks: tuple[int, ...] = RESNET50, width: int = 64, early_stride: int = 2
    ) -> None:
        super().__init__(blocks, width, early_stride)
        self.fc = nn.Linear(self.features, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, 3, h, w)` to `(n, outputs)`."""
        return self.fc(super().forward(x))


class ImageNetNormalised(nn.Module):
    """`(n, 3, h, w)` in [0, 1] minus ImageNet's mean, over its standard deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Same shape in and out."""
        return (pixels - self.mean) / self.std


def start_from(network: ResNetTrunk, tensors: Mapping[str, Tensor], source: str) -> None:
    """Fill the trunk from a classifier that was trained on something else, ImageNet say; its `fc` is left behind.

    Errors: WeightError when a tensor of the trunk is missing or has another shape.
    """
    own = {name: value for name, value in network.state_dict().items() if not name.startswith("fc.")}
    odd = [
        name
        for name, value in own.items()
        if not name.endswith("num_batches_tracked") and getattr(tensors.get(name), "shape", None) != value.shape
    ]
    if odd:
        more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
        raise WeightError(
            f"{source} is no start for this ResNet: {', '.join(odd[:3])}{more} missing or of another shape.",
            fix="Give a state dict with torchvision's names (conv1.weight, layer1.0.conv1.weight, ...).",
        )
    network.load_state_dict({name: tensors.get(name, value) for name, value in own.items()}, strict=False)


def start_from_file(network: ResNetTrunk, place: str) -> None:
    """`start_from` the checkpoint at `place`.

    Errors: InputError when no file is there, "tiny" say: other systems stand on backbones with names, a ResNet that is
    trained whole stands on none. WeightError as `start_from` and the reader of checkpoints.
    """
    if not Path(place).is_file():
        raise InputError(
            f"This system stands on no backbone: it trains a ResNet of its own, and {str(place)!r} is no checkpoint "
            "to start that from.",
            fix="Leave the backbone out, or give the file of a ResNet-50 trained on something else.",
        )
    start_from(network, load_tensors(place), place)


def initialise(network: nn.Module) -> None:
    """Kaiming-normal fan-out for convolutions, ones and zeros for batch norm; linear layers keep their default."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
