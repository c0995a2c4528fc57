"""Discriminators with several outputs: one logit a class, and the multi-hinge GAN (Kavalerov et al., WACV 2021)."""

from __future__ import annotations

from torch import Tensor, nn

from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers, needed
from fauxto.generate.gan.interface import Judgement


class MultipleOutputsHead(nn.Module):
    """One logit a class (Liu et al., ICCV 2019); the label's own counts."""

    def __init__(self, features: int, classes: int, layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        self.logit = layers.linear(features, classes, True)

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial`."""
        return Judgement(self.logit(features).gather(1, needed(labels)[:, None])[:, 0], features)


class MultiHingeHead(nn.Module):
    """One margin a class and a last one for "fake"; `adversarial` is the label's minus that of "fake"."""

    def __init__(self, features: int, classes: int, layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        self.logit = layers.linear(features, classes + 1, True)

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial` and `margins`."""
        margins = self.logit(features)
        own = margins.gather(1, needed(labels)[:, None])[:, 0]
        return Judgement(own - margins[:, -1], features, margins=margins)
