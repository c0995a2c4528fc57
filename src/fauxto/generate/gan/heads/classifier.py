"""Discriminators that also classify: ACGAN (Odena et al., ICML 2017), TACGAN, ADCGAN."""

from __future__ import annotations

from torch import Tensor, nn

from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers
from fauxto.generate.gan.interface import Auxiliary, Judgement


class ClassifierHead(nn.Module):
    """A logit `w h + b` and class logits `C h`.

    "twin" adds a second classifier, meant for generated pictures (Gong et al., NeurIPS 2019); "discriminative" gives
    the one classifier two outputs a class, 2k for real and 2k + 1 for generated ones (Hou et al., ICML 2022).
    """

    def __init__(self, features: int, classes: int, auxiliary: Auxiliary = "none", layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        outputs = classes * (2 if auxiliary == "discriminative" else 1)
        self.logit = layers.linear(features, 1, True)
        self.classifier = layers.linear(features, outputs, False)
        self.twin = layers.linear(features, outputs, False) if auxiliary == "twin" else None

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial`, `class_logits` and perhaps `twin_logits`; the labels are not looked at."""
        return Judgement(
            self.logit(features)[:, 0],
            features,
            class_logits=self.classifier(features),
            twin_logits=None if self.twin is None else self.twin(features),
        )
