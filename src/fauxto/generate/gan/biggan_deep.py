"""BigGAN-deep (Brock et al., ICLR 2019, app. B): twice the blocks, narrow inside, the whole latent in every norm."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.deep_blocks import DeepDownBlock, DeepUpBlock, Variant
from fauxto.generate.gan.discriminator import Discriminator, assemble, image_channels
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.residual_blocks import Activation, stages_at
from fauxto.generate.gan.sagan import DISCRIMINATOR_ATTENTION, GENERATOR_ATTENTION
from fauxto.generate.gan.staged import StagedBody, StagedGenerator
from fauxto.nn.initial import Rule
from fauxto.nn.self_attention import SelfAttention

DOWN_STAGES = {
    64: (1, 2, 4, 8, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
}
"""Multiples of the width, in front of the first stage of the discriminator and behind each."""

DOWN_STAGES_32 = {"compare_gan": (4, 4, 4, 4), "studiogan": (1, 4, 4, 4)}
HALVINGS = {32: 2, 64: 4, 128: 5, 256: 6}


class DeepStage(nn.ModuleList):
    """Up blocks, one behind the other."""

    def forward(self, x: Tensor, condition: Tensor | None) -> Tensor:
        """`(n, in, h, w)` to `(n, out, 2h, 2w)`."""
        for block in self:
            x = block(x, condition)
        return x


class BigGANDeepGenerator(StagedGenerator):
    """`depth` blocks a stage, the last of which doubles; the class's embedding and the whole latent feed every norm."""

    named = "stages"

    def __init__(
        self,
        resolution: int = 32,
        classes: int = 0,
        latent_size: int = 128,
        conditioning: GeneratorMethod = "none",
        codes: Codes | None = None,
        *,
        width: int = 128,
        shared: int = 128,
        depth: int = 2,
        variant: Variant = "compare_gan",
        spectral: bool = True,
        attention: Collection[int] | None = None,
        activation: Activation = functional.relu,
        initial: Rule = "orthogonal",
    ) -> None:
        conditions = Conditions(latent_size, classes, conditioning, codes, shared=shared, code_width=shared)
        condition = conditions.norm_width + conditions.latent_width
        block = partial(DeepUpBlock, condition=condition, variant=variant, activation=activation)

        def stage(before: int, after: int) -> DeepStage:
            flat = [block(before, before, grow=False) for _ in range(depth - 1)]
            return DeepStage([*flat, block(before, after, grow=True)])

        super().__init__(
            resolution,
            conditions,
            codes,
            start_width=condition,
            widths=[width * multiple for multiple in stages_at(resolution).generator],
            stage=stage,
            attention=GENERATOR_ATTENTION[resolution] if attention is None else attention,
            activation=activation,
            spectral=spectral,
            initial=initial,
        )

    def routes(self, latents: Tensor, condition: Tensor | None) -> tuple[Tensor, Iterable[Tensor | None]]:
        """See the class."""
        whole = latents if condition is None else torch.cat([condition, latents], 1)
        return whole, itertools.repeat(whole)


class DeepBody(StagedBody):
    """One convolution, then `depth` blocks a stage, the first of which halves; the sum over positions."""

    def __init__(
        self,
        resolution: int,
        channels: int = 3,
        *,
        width: int,
        depth: int,
        variant: Variant,
        attention: Collection[int],
        activation: Activation,
    ) -> None:
        multiples = DOWN_STAGES_32[variant] if resolution == 32 else DOWN_STAGES[resolution]
        widths = [width * multiple for multiple in multiples]
        blocks: list[nn.Module] = [nn.Conv2d(channels, widths[0], 3, 1, 1)]
        for number, (before, after) in enumerate(itertools.pairwise(widths), 1):
            stage: list[nn.Module] = [
                DeepDownBlock(
                    before if index == 0 else after,
                    after,
                    halve=index == 0 and number <= HALVINGS[resolution],
                    first=number == 1 and index == 0,
                    variant=variant,
                    activation=activation,
                )
                for index in range(depth)
            ]
            blocks.append(nn.Sequential(*stage, *([SelfAttention(after)] if number in attention else [])))
        super().__init__(blocks, widths[-1], (resolution >> HALVINGS[resolution]) ** 2, activation)


def biggan_deep_discriminator(
    resolution: int = 32,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    width: int = 128,
    depth: int = 2,
    variant: Variant = "compare_gan",
    spectral: bool = True,
    attention: Collection[int] | None = None,
    activation: Activation = functional.relu,
    initial: Rule = "orthogonal",
) -> Discriminator:
    """The deep body and the heads of the conditioning."""
    conditioning = conditioning or Conditioning()
    body = DeepBody(
        resolution,
        image_channels(conditioning, classes),
        width=width,
        depth=depth,
        variant=variant,
        attention=DISCRIMINATOR_ATTENTION[resolution] if attention is None else attention,
        activation=activation,
    )
    return assemble(body, resolution, classes, conditioning, codes, spectral=spectral, initial=initial)


BIGGAN_DEEP = Architecture(
    name="biggan_deep",
    generator=BigGANDeepGenerator,
    discriminator=biggan_deep_discriminator,
    latent_sizes=dict.fromkeys(HALVINGS, 128),
    methods=LABEL_METHODS,
    tiny_generator={"width": 2, "shared": 4, "latent_size": 8},
    tiny_discriminator={"width": 4},
)
