"""LPIPS on AlexNet (Zhang et al., CVPR 2018): the quick distance of published filters and truncations."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.lpips import Normalised, fill

LAYERS = {
    "0": (64, 11, 4, 2),
    "3": (192, 5, 1, 2),
    "6": (384, 3, 1, 1),
    "8": (256, 3, 1, 1),
    "10": (256, 3, 1, 1),
}
"""torchvision's AlexNet: number, channels, side, stride and padding of each convolution."""

POOLED = ("3", "6")
"""A max pool of side 3 and stride 2 stands before these."""


class LpipsAlexNet(Normalised):
    """LPIPS of pictures with sides of at least 31 pixels; five maps, of each layer behind its ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.features, before = nn.ModuleDict(), 3
        for name, (width, side, stride, padding) in LAYERS.items():
            self.features[name] = nn.Conv2d(before, width, side, stride, padding)
            before = width
        self.heads = nn.ParameterList(torch.ones(1, width, 1, 1) for width, *_ in LAYERS.values())
        self.requires_grad_(False).eval()

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """See the class."""
        x, found = self.normalised(pixels), []
        for name, layer in self.features.items():
            x = functional.relu(layer(functional.max_pool2d(x, 3, 2) if name in POOLED else x))
            found.append(x)
        return found


def lpips_alexnet(alexnet: Path, heads: Path) -> LpipsAlexNet:
    """LPIPS from torchvision's AlexNet (alexnet-owt-7be5be79.pth) and the authors' heads (alex.pth of version 0.1).

    The classifier of AlexNet is left behind; every other name and shape must fit. Errors: WeightError.
    """
    network = LpipsAlexNet()
    fill(network, alexnet, heads)
    return network
