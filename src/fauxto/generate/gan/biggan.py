"""BigGAN (Brock et al., ICLR 2019): every block of the generator gets its own part of the latent, 32 to 512 pixels."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.discriminator import Discriminator
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.residual_blocks import Activation, UpBlock, stages_at
from fauxto.generate.gan.resnet import residual_discriminator
from fauxto.generate.gan.sagan import DISCRIMINATOR_ATTENTION, GENERATOR_ATTENTION
from fauxto.generate.gan.staged import StagedGenerator
from fauxto.nn.initial import Rule

LATENT_SIZES = {32: 80, 64: 100, 128: 120, 256: 140}
"""Twenty numbers for the first map and for each block."""

WIDTHS = {32: 96, 64: 80, 128: 96, 256: 96}


class BigGANGenerator(StagedGenerator):
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
        conditions = Conditions(latent_size, classes, conditioning, codes, shared=shared, code_width=shared)
        width = WIDTHS[resolution] if width is None else width
        widths = [width * multiple for multiple in stages_at(resolution).generator]
        part, left = divmod(conditions.latent_width, len(widths))
        if left:
            published = LATENT_SIZES.get(resolution, 20 * len(widths))
            raise InputError(
                f"BigGAN at {resolution} pixels cuts the latent into {len(widths)} equal parts; got {latent_size} "
                "numbers.",
                fix=f"Give a multiple of {len(widths)}, as published latent_size={published}.",
            )
        super().__init__(
            resolution,
            conditions,
            codes,
            start_width=part,
            widths=widths,
            stage=partial(UpBlock, condition=conditions.norm_width + part, activation=activation),
            attention=GENERATOR_ATTENTION[resolution] if attention is None else attention,
            activation=activation,
            spectral=spectral,
            initial=initial,
        )
        self.part = part

    def routes(self, latents: Tensor, condition: Tensor | None) -> tuple[Tensor, Iterable[Tensor | None]]:
        """See the class."""
        first, *parts = latents.split(self.part, 1)
        return first, [part if condition is None else torch.cat([condition, part], 1) for part in parts]


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
