"""ALEI: one frozen encoder, a low-rank expert for each residual, exchange between them and a router (arXiv 2025)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.errors import InputError
from fauxto.learn.augment import blur_and_jpeg
from fauxto.learn.checkpoint import check_backbone, load_strict, load_tensors, save, trained_tensors
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.backbone import Tower, open_backbone
from fauxto.nn.cross_attention import CrossAttention
from fauxto.nn.logits import mixture_logit
from fauxto.nn.lora_experts import attach_experts
from fauxto.nn.low_level import MedianResidual, SquareResidual, UnitPower, read_dncnn
from fauxto.nn.residual import NeighbourResidual
from fauxto.nn.resnet import ResNetTrunk
from fauxto.nn.scoring import score_images
from fauxto.nn.towers import VisionTower

CARD = Card(
    slug="alei",
    kinds=("detector",),
    title="Detecting AI-generated Images by Adaptive Low-level Experts Injection",
    venue="arXiv",
    year=2025,
    idea="Different residuals give different generators away: run each through its own low-rank expert and route.",
    input=Input(size=224, resize="forbidden", crop="native-resolution centre crop, mirrored if smaller"),
    output="one logit of the routed mean probability, higher = generated",
    claim="A router over experts for several residuals transfers better than the best single expert, than their plain "
    "mean, and than as many experts of one residual.",
    weights=(
        Weights(
            name="dncnn_color_blind.pth",
            url="https://github.com/cszn/KAIR",
            licence="MIT",
            layout="the optional denoiser: flat, model.0.weight, model.0.bias, model.2.weight, ...",
        ),
    ),
    gmac=365.0,
    parameters=343_361_608,
    choices=(
        "There is no official code: the abstract and five public reviews were at hand; no published figure is claimed.",
        "Residuals are NPR, the SRM square filter and a denoiser's: a DnCNN whose weights are given, else the 3x3 "
        "median. NoisePrint is left out: its weights forbid most uses.",
        "Experts of rank 4 on q and v. Exchange at each position between the streams (or between all tokens), 256 "
        "numbers wide, in every block.",
        "The low-level encoder is two stages of a ResNet-50 from random weights; the maps of the residuals are "
        "averaged; injector and extractor are plain attention at four blocks, not deformable.",
        "Training is joint by default; stage='experts', then stage='fusion' on the loaded file, is the two-stage run.",
    ),
    fails_on=("strong re-compression", "a router that settles on one residual: read its mean weights"),
    source="https://arxiv.org/abs/2504.00463",
)

Stage = Literal["experts", "fusion", "joint"]
Exchange = Literal["position", "all"]

ENTROPY_WEIGHT = 0.01
"""Of the entropy of the mean routing weights, which keeps the router from settling on one stream."""

INJECTIONS = 4
"""Blocks, evenly spaced, where the low-level encoder is read and written."""


class Injection(nn.Module):
    """Two-way attention between the streams and the low-level tokens, in the manner of ViT-Adapter.

    The extractor lets `(n, s, d)` low-level tokens read the mean of the streams and passes them through a small MLP;
    the injector lets `(m n, t, d)` stream tokens read the result, and starts as nothing.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.injector = CrossAttention(width, width, inner)
        self.extractor = CrossAttention(width, width, inner)
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))

    def forward(self, tokens: Tensor, low: Tensor, streams: int) -> tuple[Tensor, Tensor]:
        """The tokens of the streams and the low-level tokens, both renewed."""
        mean = tokens.reshape(streams, -1, tokens.shape[1], tokens.shape[2]).mean(0)
        low = low + self.extractor(low, mean)
        low = low + self.mlp(low)
        return tokens + self.injector(tokens, low.repeat(streams, 1, 1)), low


class ALEINetwork(nn.Module):
    """`(n, 3, size, size)` in [0, 1] to `(n,)` logits; in training mode `(n, 1 + 2 m)` for m streams.

    In training mode the row is the logit, the logit of each stream, and the logarithm of each routing weight.
    `residuals` are fixed maps of the picture to pictures; the plain picture is the first stream. `switches` turns the
    parts on and off for ablations: exchange, injection, router.
    """

    def __init__(
        self,
        tower: VisionTower,
        residuals: Sequence[nn.Module],
        *,
        rank: int = 4,
        alpha: float = 8.0,
        inner: int = 256,
        low_width: int = 64,
        exchange: Exchange = "position",
    ) -> None:
        super().__init__()
        self.streams = 1 + len(residuals)
        self.residuals = nn.ModuleList(residual.requires_grad_(False) for residual in residuals)
        # Residuals are tiny beside the picture: scaled to unit variance on the training data, which is kept.
        self.scales = nn.ModuleList(UnitPower() for _ in residuals)
        self.experts = attach_experts(tower, self.streams, rank, alpha)
        self.tower = tower
        self.count = 1 + (tower.size // tower.patch) ** 2  # tokens of a stream
        width = tower.width
        self.exchange = nn.ModuleList(CrossAttention(width, width, inner) for _ in range(tower.depth))
        self.over = exchange
        count = min(INJECTIONS, tower.depth)
        self.places = {round(index * tower.depth / count): index for index in range(count)}
        self.low = ResNetTrunk((3, 4), low_width)
        self.low_count = math.ceil(tower.size / 8) ** 2
        self.project_low = nn.Linear(self.low.features, width)
        self.injections = nn.ModuleList(Injection(width, inner) for _ in range(count))
        self.heads = nn.Parameter(torch.randn(self.streams, tower.feature_width) * tower.feature_width**-0.5)
        self.biases = nn.Parameter(torch.zeros(self.streams))
        self.router = nn.Linear(self.streams * tower.feature_width, self.streams)
        nn.init.zeros_(self.router.weight)
        nn.init.zeros_(self.router.bias)
        self.switches = {"exchange": True, "injection": bool(residuals), "router": True}

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        features = self.features(pixels)  # (m, n, f)
        # In this order: OpenVINO computes other numbers where the transposed features are multiplied.
        own = ((features * self.heads[:, None]).sum(-1) + self.biases[:, None]).transpose(0, 1)
        routed = self.router(features.transpose(0, 1).flatten(1)) * float(self.switches["router"])
        log_weights = routed.log_softmax(1)
        logit = mixture_logit(own, log_weights)
        return torch.cat((logit[:, None], own, log_weights), 1) if self.training else logit

    def features(self, pixels: Tensor) -> Tensor:
        """The feature of each stream's class token, `(m, n, feature_width)`."""
        residuals = [scale(part(pixels)) for scale, part in zip(self.scales, self.residuals, strict=True)]
        mean, std = self.tower.mean, self.tower.std
        tokens = self.tower.embed(torch.cat([pixels, *(residual * std + mean for residual in residuals)]))
        low = self._low_tokens(residuals) if self.switches["injection"] else None
        for index in range(self.tower.depth):
            if low is not None and index in self.places:
                tokens, low = self.injections[self.places[index]](tokens, low, self.streams)
            tokens = self.tower.block(index, tokens)
            if self.switches["exchange"]:
                tokens = tokens + self._exchanged(index, tokens)
        features = self.tower.project(tokens[:, 0])
        return features.reshape(self.streams, -1, self.tower.feature_width)

    def _low_tokens(self, residuals: list[Tensor]) -> Tensor:
        """The mean map of the residuals as tokens, `(n, s, width)`."""
        maps = self.low.stages(torch.cat(residuals))[-1]
        maps = maps.reshape(len(residuals), -1, self.low.features, self.low_count).mean(0)
        return self.project_low(maps.transpose(1, 2))

    def _exchanged(self, index: int, tokens: Tensor) -> Tensor:
        """What the streams read from each other in block `index`, `(m n, t, d)`."""
        streams, count, width = self.streams, self.count, self.tower.width
        apart = tokens.reshape(streams, -1, count, width).transpose(0, 1)  # (n, m, t, d)
        if self.over == "position":
            together = apart.transpose(1, 2).reshape(-1, streams, width)
            read = self.exchange[index](together, together).reshape(-1, count, streams, width).transpose(1, 2)
        else:
            together = apart.reshape(-1, streams * count, width)
            read = self.exchange[index](together, together).reshape(-1, streams, count, width)
        return read.transpose(0, 1).reshape(-1, count, width)


class ALEI:
    """The detector: picture and three residuals through one adapted tower, exchange, injection, router."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny", "inner": 16, "low_width": 4}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "batch_size": 32,
        "schedule": "constant",
        "epochs": 20,
    }

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        backbone: str | Path | Tower | None = None,
        denoiser: str | Path | None = None,
        stage: Stage = "joint",
        inner: int = 256,
        low_width: int = 64,
        exchange: Exchange = "position",
    ) -> None:
        """`backbone` is a path to CLIP, "tiny" or a vision tower; `denoiser` a file with the weights of a DnCNN.

        Errors: WeightError without a backbone, InputError for one that is no vision transformer.
        """
        tower = open_backbone(backbone, "clip")
        if not isinstance(tower, VisionTower):
            raise InputError(
                f"ALEI adapts the attention of a vision transformer; {tower.identity} has none.",
                fix="Give CLIP or DINOv2 with --backbone PATH, or --backbone tiny to try the machinery.",
            )
        denoising = MedianResidual() if denoiser is None else read_dncnn(denoiser)
        self.crop = crop or CropSpec(tower.size, 1)
        self.stage = stage
        self._identity = tower.identity
        residuals = (NeighbourResidual(), SquareResidual(), denoising)
        self._network = ALEINetwork(tower, residuals, inner=inner, low_width=low_width, exchange=exchange)
        self._own = frozenset(trained_tensors(self._network))
        set_stage(self._network, stage)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`; in training mode to `(n, 1 + 2 m)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Horizontal flip one time in two, blur and JPEG one time in ten each; uint8 HWC in and out."""
        return blur_and_jpeg(crop[:, ::-1] if rng.random() < 0.5 else crop, 0.1, rng)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """`alei_loss` of this stage."""
        return alei_loss(logits, labels, self.stage)

    def load(self, path: str) -> None:
        """Load what `save` wrote in whatever stage, on the same backbone, strictly. Errors: WeightError."""
        check_backbone(path, self._identity)
        load_strict(self._network, load_tensors(path), path, self._tensors())

    def save(self, path: str) -> None:
        """Write all but the frozen backbone as safetensors, with the backbone's identity."""
        save(path, self._tensors(), system=self.card.slug, backbone=self._identity)

    def _tensors(self) -> dict[str, Tensor]:
        return {name: tensor for name, tensor in self._network.state_dict().items() if name in self._own}


def alei_loss(logits: Tensor, labels: Tensor, stage: Stage = "joint") -> Tensor:
    """Binary cross-entropy of the routed logit, minus 0.01 times the entropy of the mean routing weights.

    `logits` is `(n, 1 + 2 m)` as the network gives it in training mode, or `(n,)`. In the experts' stage each stream
    answers for itself: the mean of their own cross-entropies.
    """
    if logits.ndim == 1:
        return functional.binary_cross_entropy_with_logits(logits, labels)
    streams = (logits.shape[1] - 1) // 2
    if stage == "experts":
        own = logits[:, 1 : 1 + streams]
        return functional.binary_cross_entropy_with_logits(own, labels[:, None].expand_as(own))
    mean_weights = logits[:, 1 + streams :].exp().mean(0)
    entropy = -(mean_weights * mean_weights.clamp_min(1e-12).log()).sum()
    return functional.binary_cross_entropy_with_logits(logits[:, 0], labels) - ENTROPY_WEIGHT * entropy


def set_stage(network: ALEINetwork, stage: Stage) -> None:
    """Which parts train: "experts" those without exchange and router, "fusion" those and the heads, "joint" all."""
    fusion = (*network.exchange.parameters(), *network.router.parameters())
    experts = (
        *(parameter for layer in network.experts for parameter in (layer.down, layer.up)),
        *network.low.parameters(),
        *network.project_low.parameters(),
        *network.injections.parameters(),
    )
    for parameter in fusion:
        parameter.requires_grad_(stage != "experts")
    for parameter in experts:
        parameter.requires_grad_(stage != "fusion")
    network.switches |= {"exchange": stage != "experts", "router": stage != "experts"}
