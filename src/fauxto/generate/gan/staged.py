"""What the residual GANs share, from SNGAN to BigGAN-deep: a generator and a body of a discriminator, in stages."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn

from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.interface import Codes
from fauxto.generate.gan.residual_blocks import Activation
from fauxto.generate.gan.weights import set_weights
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.initial import Rule
from fauxto.nn.self_attention import SelfAttention


class StagedGenerator(nn.Module):
    """A 4x4 map, stages that double the sides, batch norm, one convolution, tanh.

    `widths` are the channels in front of the first stage and behind each, `stage(before, after)` makes one: a module
    of a map and a condition. Self-attention stands behind the stages whose number, from 1, is in `attention`. Of all
    weights only the embedding of the class has no spectral norm. A subclass says in `routes` who sees what.
    """

    named: ClassVar[str] = "blocks"
    """The attribute that holds the stages, a part of the names of their tensors."""

    def __init__(
        self,
        resolution: int,
        conditions: Conditions,
        codes: Codes | None,
        *,
        start_width: int,
        widths: list[int],
        stage: Callable[[int, int], nn.Module],
        attention: Collection[int],
        activation: Activation,
        spectral: bool,
        initial: Rule,
    ) -> None:
        super().__init__()
        self.resolution, self.codes = resolution, codes
        self.classes, self.latent_size = conditions.classes, conditions.latent_size
        self.conditions = conditions
        self.start = nn.Linear(start_width, widths[0] * 16)
        self.add_module(self.named, nn.ModuleList(itertools.starmap(stage, itertools.pairwise(widths))))
        self.attention = nn.ModuleDict({str(number): SelfAttention(widths[number]) for number in attention})
        self.norm = ConditionalBatchNorm(widths[-1])
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, 1, 1)
        self.activation = activation
        set_weights(self, initial, spectral=spectral, skip=[m for m in (conditions.embedding,) if m is not None])

    def routes(self, latents: Tensor, condition: Tensor | None) -> tuple[Tensor, Iterable[Tensor | None]]:
        """What the first map sees, and what each stage, of the two that `conditions` gives."""
        raise NotImplementedError

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures `(n, 3, resolution, resolution)` in [-1, 1]."""
        first, routed = self.routes(*self.conditions(latents, labels))
        x = self.start(first).unflatten(1, (-1, 4, 4))
        for number, (stage, condition) in enumerate(zip(getattr(self, self.named), routed, strict=False), 1):
            x = stage(x, condition)
            if str(number) in self.attention:
                x = self.attention[str(number)](x)
        return torch.tanh(self.to_rgb(self.activation(self.norm(x))))


class StagedBody(nn.Module):
    """Blocks from the picture on, and the sum of the activated features over `positions`.

    Pictures `(n, channels, h, w)` to `(n, features)`.
    """

    def __init__(self, blocks: Iterable[nn.Module], features: int, positions: int, activation: Activation) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.features, self.positions, self.activation = features, positions, activation

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        for block in self.blocks:
            images = block(images)
        return self.activation(images).sum((2, 3))
