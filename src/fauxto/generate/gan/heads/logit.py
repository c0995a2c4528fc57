"""One logit from the features, without a look at the label."""

from __future__ import annotations

from torch import Tensor, nn

from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers
from fauxto.generate.gan.interface import Judgement


class LogitHead(nn.Module):
    """`w h + b`; the discriminator of an unconditional GAN, and of cGAN, which sees the label beside the picture."""

    def __init__(self, features: int, layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        self.logit = layers.linear(features, 1, True)

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial`."""
        return Judgement(self.logit(features)[:, 0], features)
