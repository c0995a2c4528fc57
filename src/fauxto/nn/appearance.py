"""How a picture looks: moments of the maps of an EfficientNet-Lite0, from fine patterns to objects."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.efficientnet_lite import STAGES, EfficientNetLite0

TAPS = (0, 2, 4, 7, 10, 14, 15)
"""The last block of each stage."""
SPREAD = TAPS[3:]
"""Stages whose deviations count too: maps of earlier ones are large, and their deviations tell nothing more."""
CHANNELS = [channels for _, channels, *_ in STAGES]
FEATURES = sum(CHANNELS) + sum(CHANNELS[-len(SPREAD) :])
MEAN, STD = 127 / 255, 128 / 255
"""Of the pixels that the published weights want."""
FAINT = 1e-6
"""Added to each variance: the root is steep at 0, and a channel that is all but constant has nothing to tell."""


class Moments(nn.Module):
    """Means of every channel at the end of every stage, then deviations: `(n, 3, h, w)` in [0, 1] to `(n, 1488)`.

    Style shows in the early stages and content in the late ones; deviations, of the last four stages, tell how evenly
    a picture has what it has. The body is in evaluation mode whatever the rest is: the statistics of batch norm stay
    the published ones.
    """

    def __init__(self, body: EfficientNetLite0 | None = None) -> None:
        super().__init__()
        self.body = body or EfficientNetLite0()
        for unused in ("_conv_head", "_bn1", "_fc"):
            delattr(self.body, unused)

    def forward(self, pixels: Tensor) -> Tensor:
        """Sides of 32 pixels or more."""
        maps = self.body.maps((pixels - MEAN) / STD)
        means = {tap: maps[tap].mean((2, 3), keepdim=True) for tap in TAPS}
        variances = [(maps[tap] - means[tap]).square().mean((2, 3)) for tap in SPREAD]
        return torch.cat([*(mean.flatten(1) for mean in means.values()), *((v + FAINT).sqrt() for v in variances)], 1)

    def train(self, mode: bool = True) -> Moments:
        """Frozen."""
        super().train(mode)
        self.body.eval()
        return self


class AppearanceNetwork(nn.Module):
    """Two linear readings of the moments of a view, `(n, 3, h, w)` in [0, 1] to `(n, 2)` logits.

    The first counts where the view is a whole picture made small, the second where it is a part at native resolution;
    `run.appearance.combine` adds the first of the whole to the mean of the second over the parts.
    """

    def __init__(self, moments: Moments | None = None) -> None:
        super().__init__()
        self.moments = moments or Moments()
        self.head = nn.Linear(FEATURES, 2)

    def forward(self, pixels: Tensor) -> Tensor:
        """Sides of 32 pixels or more."""
        logits: Tensor = self.head(self.moments(pixels))
        return logits


def load_appearance(path: str | Path) -> AppearanceNetwork:
    """A trained network from our own safetensors, strictly, in evaluation mode. Errors: WeightError."""
    network = AppearanceNetwork()
    load_strict(network, load_tensors(str(path)), str(path))
    return network.eval()
