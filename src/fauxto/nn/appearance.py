"""How a picture looks: averaged maps of an EfficientNet-Lite0, from fine patterns to objects."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.efficientnet_lite import STAGES, EfficientNetLite0

TAPS = (0, 2, 4, 7, 10, 14, 15)
"""The last block of each stage."""
FEATURES = sum(channels for _, channels, *_ in STAGES)
MEAN, STD = 127 / 255, 128 / 255
"""Of the pixels that the published weights want."""


class Averages(nn.Module):
    """The mean of every channel at the end of every stage: `(n, 3, h, w)` in [0, 1] to `(n, 784)`.

    Style shows in the early stages and content in the late ones. The body is in evaluation mode whatever the rest is:
    the statistics of batch norm stay the published ones.
    """

    def __init__(self, body: EfficientNetLite0 | None = None) -> None:
        super().__init__()
        self.body = body or EfficientNetLite0()
        for unused in ("_conv_head", "_bn1", "_fc"):
            delattr(self.body, unused)

    def forward(self, pixels: Tensor) -> Tensor:
        """Sides of 32 pixels or more."""
        maps = self.body.maps((pixels - MEAN) / STD)
        return torch.cat([maps[tap].mean((2, 3)) for tap in TAPS], 1)

    def train(self, mode: bool = True) -> Averages:
        """Frozen."""
        super().train(mode)
        self.body.eval()
        return self


class AppearanceNetwork(nn.Module):
    """Two linear readings of the averages of a view, `(n, 3, h, w)` in [0, 1] to `(n, 2)` logits.

    The first counts where the view is a whole picture made small, the second where it is a part at native resolution;
    `run.appearance.combine` adds the first of the whole to the mean of the second over the parts.
    """

    def __init__(self, averages: Averages | None = None) -> None:
        super().__init__()
        self.averages = averages or Averages()
        self.head = nn.Linear(FEATURES, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        """Sides of 32 pixels or more."""
        logits: Tensor = self.head(self.averages(pixels))
        return logits


def load_appearance(path: str | Path) -> AppearanceNetwork:
    """A trained network from our own safetensors, strictly, in evaluation mode. Errors: WeightError."""
    network = AppearanceNetwork()
    load_strict(network, load_tensors(str(path)), str(path))
    return network.eval()
