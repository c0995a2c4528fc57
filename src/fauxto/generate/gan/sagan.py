"""SAGAN (Zhang et al., ICML 2019): the residual pair with spectral norm in both and one self-attention in each."""

from __future__ import annotations

from collections.abc import Collection

from fauxto.generate.gan.discriminator import Discriminator
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.resnet import ResidualGenerator, residual_discriminator
from fauxto.nn.initial import Rule

GENERATOR_ATTENTION = {32: (2,), 64: (3,), 128: (4,), 256: (4,)}
DISCRIMINATOR_ATTENTION = {32: (1,), 64: (1,), 128: (1,), 256: (2,)}
"""Behind which block, counted from 1, SAGAN and BigGAN attend: at 64 x 64, of 32-pixel pictures at 16 x 16."""


def sagan_generator(
    resolution: int = 32,
    classes: int = 0,
    latent_size: int = 128,
    conditioning: GeneratorMethod = "none",
    codes: Codes | None = None,
    *,
    width: int = 64,
    attention: Collection[int] | None = None,
    initial: Rule = "orthogonal",
) -> ResidualGenerator:
    """`attention` overrides the published place."""
    return ResidualGenerator(
        resolution,
        classes,
        latent_size,
        conditioning,
        codes,
        width=width,
        spectral=True,
        attention=GENERATOR_ATTENTION[resolution] if attention is None else attention,
        initial=initial,
    )


def sagan_discriminator(
    resolution: int = 32,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    width: int = 64,
    attention: Collection[int] | None = None,
    initial: Rule = "orthogonal",
) -> Discriminator:
    """`attention` overrides the published place."""
    return residual_discriminator(
        resolution,
        classes,
        conditioning,
        codes,
        width=width,
        spectral=True,
        attention=DISCRIMINATOR_ATTENTION[resolution] if attention is None else attention,
        initial=initial,
    )


SAGAN = Architecture(
    name="sagan",
    generator=sagan_generator,
    discriminator=sagan_discriminator,
    latent_sizes=dict.fromkeys(GENERATOR_ATTENTION, 128),
    methods=LABEL_METHODS,
    tiny_generator={"width": 2, "latent_size": 8},
    tiny_discriminator={"width": 2},
)
