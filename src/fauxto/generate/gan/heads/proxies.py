"""Discriminators that embed pictures and labels in one space: ContraGAN (NeurIPS 2020) and ReACGAN (NeurIPS 2021)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers, needed
from fauxto.generate.gan.interface import Auxiliary, Judgement


class ProxyHead(nn.Module):
    """A logit, an embedding `(n, size)` of the picture and a proxy `(n, size)` of its label.

    ContraGAN and ReACGAN (Kang et al.) differ in the loss alone. "twin" adds a second embedding with proxies of its
    own; "discriminative" has two proxies a class, number 2k of real and 2k + 1 of generated pictures.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        size: int,
        *,
        normalised: bool = True,
        auxiliary: Auxiliary = "none",
        layers: HeadLayers = PLAIN,
    ) -> None:
        super().__init__()
        self.normalised = normalised
        self.discriminative = auxiliary == "discriminative"
        proxies = classes * (2 if self.discriminative else 1)
        self.logit = layers.linear(features, 1, True)
        self.embed = layers.linear(features, size, True)
        self.proxies = layers.embedding(proxies, size)
        self.twin_embed = layers.linear(features, size, True) if auxiliary == "twin" else None
        self.twin_proxies = layers.embedding(proxies, size) if auxiliary == "twin" else None

    def forward(self, features: Tensor, labels: Tensor | None) -> Judgement:
        """Fills `adversarial`, `embedding`, `proxy`, and `fake_proxy` or the twins."""
        labels = needed(labels)
        real = 2 * labels if self.discriminative else labels
        said = Judgement(
            self.logit(features)[:, 0],
            features,
            embedding=self._placed(self.embed(features)),
            proxy=self._placed(self.proxies(real)),
        )
        if self.discriminative:
            return said._replace(fake_proxy=self._placed(self.proxies(real + 1)))
        if self.twin_embed is not None and self.twin_proxies is not None:
            return said._replace(
                twin_embedding=self._placed(self.twin_embed(features)),
                twin_proxy=self._placed(self.twin_proxies(labels)),
            )
        return said

    def _placed(self, vectors: Tensor) -> Tensor:
        """On the unit sphere, if so wished."""
        return functional.normalize(vectors, dim=1) if self.normalised else vectors
