"""A discriminator is a body and its heads: any architecture's features, any use of the label."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.generate.gan.heads.classifier import ClassifierHead
from fauxto.generate.gan.heads.codes import CodeHead
from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers, needed
from fauxto.generate.gan.heads.logit import LogitHead
from fauxto.generate.gan.heads.projection import ProjectionHead
from fauxto.generate.gan.heads.proxies import ProxyHead
from fauxto.generate.gan.heads.several import MultiHingeHead, MultipleOutputsHead
from fauxto.generate.gan.interface import Codes, Conditioning, Judgement
from fauxto.generate.gan.weights import set_weights
from fauxto.nn.initial import Rule


class Discriminator(nn.Module):
    """Pictures `(n, 3, h, w)` and labels `(n,)` to a Judgement.

    `body` gives `(n, body.features)`; `head` and `code_head` read them. `head` is made for the conditioning unless one
    is given. With "concatenation" the one-hot label stands behind the colours, a constant plane a class.
    """

    def __init__(
        self,
        body: Any,
        resolution: int,
        classes: int = 0,
        conditioning: Conditioning | None = None,
        codes: Codes | None = None,
        *,
        head: nn.Module | None = None,
        layers: HeadLayers = PLAIN,
    ) -> None:
        super().__init__()
        self.conditioning = conditioning or Conditioning()
        self.resolution, self.classes, self.codes = resolution, classes, codes
        self.body = body
        self.head = head or head_for(body.features, classes, self.conditioning, layers)
        self.code_head = CodeHead(body.features, codes, body.positions, layers) if codes is not None else None

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Judgement:
        """See the class. Errors: InputError when a conditional discriminator gets no labels."""
        if self.conditioning.method == "concatenation":
            one_hot = functional.one_hot(needed(labels), self.classes).to(images.dtype)
            images = torch.cat([images, one_hot[:, :, None, None].expand(-1, -1, *images.shape[2:])], 1)
        features = self.body(images)
        said = self.head(features, labels)
        return said if self.code_head is None else said._replace(codes=self.code_head(features))


def image_channels(conditioning: Conditioning, classes: int) -> int:
    """How many planes the body sees: three colours, and the label's with "concatenation"."""
    return 3 + (classes if conditioning.method == "concatenation" else 0)


def assemble(
    body: Any,
    resolution: int,
    classes: int,
    conditioning: Conditioning,
    codes: Codes | None,
    *,
    spectral: bool,
    initial: Rule,
) -> Discriminator:
    """The body with the heads of its conditioning, and with the weights that it begins with."""
    network = Discriminator(body, resolution, classes, conditioning, codes)
    set_weights(network, initial, spectral=spectral)
    return network


def head_for(features: int, classes: int, conditioning: Conditioning, layers: HeadLayers = PLAIN) -> nn.Module:
    """The head of a conditioning. Errors: InputError when there are no classes to condition on, or no such head."""
    method, auxiliary = conditioning.method, conditioning.auxiliary
    if method != "none" and classes < 2:
        raise InputError(
            f'The conditioning "{method}" needs at least two classes; got {classes}.',
            fix='Give classes=N, or Conditioning("none").',
        )
    if auxiliary != "none" and method not in ("classifier", "contrastive", "data_to_data"):
        raise InputError(
            f'An auxiliary "{auxiliary}" has nothing to double in the conditioning "{method}".',
            fix='Use "classifier", "contrastive" or "data_to_data" with it.',
        )
    match method:
        case "none" | "concatenation":
            return LogitHead(features, layers)
        case "projection":
            return ProjectionHead(features, classes, layers)
        case "multiple_outputs":
            return MultipleOutputsHead(features, classes, layers)
        case "multi_hinge":
            return MultiHingeHead(features, classes, layers)
        case "classifier":
            return ClassifierHead(features, classes, auxiliary, layers)
        case "contrastive" | "data_to_data":
            return ProxyHead(
                features,
                classes,
                conditioning.embedding_size,
                normalised=conditioning.normalised,
                auxiliary=auxiliary,
                layers=layers,
            )
    raise InputError(
        f'The conditioning "{method}" belongs to the discriminator of the StyleGANs.',
        fix='Use "projection" with this architecture.',
    )
