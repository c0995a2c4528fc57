"""The projection discriminator (Miyato and Koyama, ICLR 2018), and StyleGAN2's form of it."""

from __future__ import annotations

from torch import Tensor, nn

from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers, needed
from fauxto.generate.gan.interface import Judgement


class ProjectionHead(nn.Module):
    """`w h + b + <v_y, h>` with one vector v a class."""

    def __init__(self, features: int, classes: int, layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        self.logit = layers.linear(features, 1, True)
        self.classes = layers.embedding(classes, features)

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial`."""
        projected = (self.classes(needed(labels)) * features).sum(1)
        return Judgement(self.logit(features)[:, 0] + projected, features)


class StyleProjectionHead(nn.Module):
    """`<W h + b, map(y)> / sqrt(d)`: the features after a linear layer against the label after a mapping network.

    `mapping` takes labels `(n,)` to `(n, d)` (Karras et al., NeurIPS 2020, StyleGAN2-ADA).
    """

    def __init__(self, features: int, size: int, mapping: nn.Module, layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        self.logit = layers.linear(features, size, True)
        self.mapping = mapping
        self.scale = size**-0.5

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial`."""
        return Judgement((self.logit(features) * self.mapping(needed(labels))).sum(1) * self.scale, features)
