"""The first half of a ResNet-50: stem, layer1, layer2, average pool, one linear layer (Tan et al., CVPR 2024)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fauxto.nn.resnet import Bottleneck, initialise


class HalfResNet(nn.Module):
    """Maps `(n, 3, h, w)`, h and w at least 8, to `(n, logits)`.

    1,437,761 parameters with one logit, 1,438,274 with two; 2.24 GMAC at 256 x 256. The parameter names are those of
    the released NPR and SAFE checkpoints, so their flat state dicts load strictly.
    """

    def __init__(self, logits: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Bottleneck(64, 64), Bottleneck(256, 64), Bottleneck(256, 64))
        self.layer2 = nn.Sequential(Bottleneck(256, 128, 2), *(Bottleneck(512, 128) for _ in range(3)))
        self.fc1 = nn.Linear(512, logits)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """`(n, 3, h, w)` to `(n, logits)`."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        return self.fc1(torch.flatten(x.mean((2, 3)), 1))
