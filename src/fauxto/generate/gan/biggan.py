"""BigGAN (Brock et al., ICLR 2019): every block of the generator gets its own part of the latent, 32 to 512 pixels."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.discriminator import Discriminator
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.residual_blocks import Activation, UpBlock, stages_at
from fauxto.generate.gan.resnet import residual_discriminator
from fauxto.generate.gan.sagan import DISCRIMINATOR_ATTENTION, GENERATOR_ATTENTION
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.initial import Rule, initialise
from fauxto.nn.self_attention import SelfAttention
from fauxto.nn.spectral_norm import spectrally_normalise

LATENT_SIZES = {32: 80, 64: 100, 128: 120, 256: 140}
"""Twenty numbers for the first map and for each block."""

WIDTHS = {32: 96, 64: 80, 128: 96, 256: 96}


class BigGANGenerator(nn.Module):
    """The latent is cut into one part for the first 4x4 map and one a block, which its norms see behind the class.

    The class is one embedding of `shared` numbers for all blocks, the only weights without spectral norm. Without a
    label the norms see their part of the latent alone. `width` None is the published one.
    """

    def __init__(
        self,
        resolution: int = 32,
        classes: int = 0,
        latent_size: int = 80,
        conditioning: GeneratorMethod = "none",
        codes: Codes | None = None,
        *,
        width: int | None = None,
        shared: int = 128,
        spectral: bool = True,
        attention: Collection[int] | None = None,
        activation: Activation = functional.relu,
        initial: Rule = "orthogonal",
    ) -> None:
        super().__init__()
        self.resolution, self.classes, self.latent_size, self.codes = resolution, classes, latent_size, codes
        self.conditions = Conditions(latent_size, classes, conditioning, codes, shared=shared, code_width=shared)
        width = WIDTHS[resolution] if width is None else width
        widths = [width * multiple for multiple in stages_at(resolution).generator]
        parts = len(widths)
        if self.conditions.latent_width % parts:
            raise InputError(
                f"BigGAN at {resolution} pixels cuts the latent into {parts} equal parts; got {latent_size} numbers.",
                fix=f"Give a multiple of {parts}, as published latent_size={LATENT_SIZES.get(resolution, 20 * parts)}.",
            )
        self.part = self.conditions.latent_width // parts
        self.start = nn.Linear(self.part, widths[0] * 16)
        condition = self.conditions.norm_width + self.part
        self.blocks = nn.ModuleList(
            UpBlock(before, after, condition, activation) for before, after in itertools.pairwise(widths)
        )
        attention = GENERATOR_ATTENTION[resolution] if attention is None else attention
        self.attention = nn.ModuleDict({str(number): SelfAttention(widths[number]) for number in attention})
        self.norm = ConditionalBatchNorm(widths[-1])
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, 1, 1)
        self.activation = activation
        initialise(self, initial)
        if spectral:
            spectrally_normalise(self, skip=[m for m in (self.conditions.embedding,) if m is not None])

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures `(n, 3, resolution, resolution)` in [-1, 1]."""
        latents, condition = self.conditions(latents, labels)
        first, *parts = latents.split(self.part, 1)
        x = self.start(first).unflatten(1, (-1, 4, 4))
        for number, (block, part) in enumerate(zip(self.blocks, parts, strict=True), 1):
            x = block(x, part if condition is None else torch.cat([condition, part], 1))
            if str(number) in self.attention:
                x = self.attention[str(number)](x)
        return torch.tanh(self.to_rgb(self.activation(self.norm(x))))


def biggan_discriminator(
    resolution: int = 32,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    width: int | None = None,
    spectral: bool = True,
    attention: Collection[int] | None = None,
    activation: Activation = functional.relu,
    initial: Rule = "orthogonal",
) -> Discriminator:
    """SAGAN's discriminator, wider; `width` None is the published one."""
    return residual_discriminator(
        resolution,
        classes,
        conditioning,
        codes,
        width=WIDTHS[resolution] if width is None else width,
        spectral=spectral,
        attention=DISCRIMINATOR_ATTENTION[resolution] if attention is None else attention,
        activation=activation,
        initial=initial,
    )


BIGGAN = Architecture(
    name="biggan",
    generator=BigGANGenerator,
    discriminator=biggan_discriminator,
    latent_sizes=LATENT_SIZES,
    methods=LABEL_METHODS,
    generator_methods=frozenset({"none", "norm"}),
    tiny_generator={"width": 2, "shared": 4},
    tiny_discriminator={"width": 2},
)
