"""The residual GAN of WGAN-GP (Gulrajani et al., 2017) and SNGAN (Miyato et al., ICLR 2018), 32 to 512 pixels."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from functools import partial

from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.discriminator import Discriminator, assemble, image_channels
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.residual_blocks import STAGES, Activation, DownBlock, FirstDownBlock, UpBlock, stages_at
from fauxto.generate.gan.staged import StagedBody, StagedGenerator
from fauxto.nn.initial import Rule
from fauxto.nn.self_attention import SelfAttention


class ResidualGenerator(StagedGenerator):
    """The latent makes the first map; the label, a one-hot vector, reaches every norm of the blocks.

    `attention` None attends nowhere.
    """

    def __init__(
        self,
        resolution: int = 32,
        classes: int = 0,
        latent_size: int = 128,
        conditioning: GeneratorMethod = "none",
        codes: Codes | None = None,
        *,
        width: int = 64,
        spectral: bool = False,
        attention: Collection[int] | None = None,
        activation: Activation = functional.relu,
        initial: Rule = "orthogonal",
    ) -> None:
        conditions = Conditions(latent_size, classes, conditioning, codes, code_width=latent_size)
        super().__init__(
            resolution,
            conditions,
            codes,
            start_width=conditions.latent_width,
            widths=[width * multiple for multiple in stages_at(resolution).generator],
            stage=partial(UpBlock, condition=conditions.norm_width, activation=activation),
            attention=attention or (),
            activation=activation,
            spectral=spectral,
            initial=initial,
        )

    def routes(self, latents: Tensor, condition: Tensor | None) -> tuple[Tensor, Iterable[Tensor | None]]:
        """See the class."""
        return latents, itertools.repeat(condition)


class ResidualBody(StagedBody):
    """Down blocks, with self-attention behind those whose number, from 1, is in `attention`; the sum over positions.

    `norm` is for networks without spectral norm.
    """

    def __init__(
        self,
        resolution: int,
        channels: int = 3,
        *,
        width: int,
        norm: bool,
        attention: Collection[int] = (),
        activation: Activation = functional.relu,
    ) -> None:
        stages = stages_at(resolution)
        blocks: list[nn.Module] = []
        for number, multiple in enumerate(stages.discriminator, 1):
            out = width * multiple
            if number == 1:
                block: nn.Module = FirstDownBlock(channels, out, norm, activation)
            else:
                block = DownBlock(channels, out, halve=number <= stages.halvings, norm=norm, activation=activation)
            blocks.append(nn.Sequential(block, SelfAttention(out)) if number in attention else block)
            channels = out
        super().__init__(blocks, channels, (resolution >> stages.halvings) ** 2, activation)


def residual_discriminator(
    resolution: int = 32,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    width: int = 64,
    spectral: bool = False,
    attention: Collection[int] | None = None,
    activation: Activation = functional.relu,
    initial: Rule = "orthogonal",
) -> Discriminator:
    """Down blocks and the heads of the conditioning; with batch norm unless `spectral`, as in StudioGAN."""
    conditioning = conditioning or Conditioning()
    body = ResidualBody(
        resolution,
        image_channels(conditioning, classes),
        width=width,
        norm=not spectral,
        attention=attention or (),
        activation=activation,
    )
    return assemble(body, resolution, classes, conditioning, codes, spectral=spectral, initial=initial)


RESNET = Architecture(
    name="resnet",
    generator=ResidualGenerator,
    discriminator=residual_discriminator,
    latent_sizes=dict.fromkeys(STAGES, 128),
    methods=LABEL_METHODS,
    tiny_generator={"width": 2, "latent_size": 8},
    tiny_discriminator={"width": 2},
)
