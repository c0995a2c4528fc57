"""BigGAN-deep (Brock et al., ICLR 2019, app. B): twice the blocks, narrow inside, the whole latent in every norm."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.deep_blocks import DeepDownBlock, DeepUpBlock, Variant
from fauxto.generate.gan.discriminator import Discriminator, image_channels
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.residual_blocks import Activation, stages_at
from fauxto.generate.gan.sagan import DISCRIMINATOR_ATTENTION, GENERATOR_ATTENTION
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.initial import Rule, initialise
from fauxto.nn.self_attention import SelfAttention
from fauxto.nn.spectral_norm import spectrally_normalise

DOWN_STAGES = {
    64: (1, 2, 4, 8, 16),
    128: (1, 2, 4, 8, 16, 16),
    256: (1, 2, 4, 8, 8, 16, 16),
}
"""Multiples of the width, in front of the first stage of the discriminator and behind each."""

DOWN_STAGES_32 = {"compare_gan": (4, 4, 4, 4), "studiogan": (1, 4, 4, 4)}
HALVINGS = {32: 2, 64: 4, 128: 5, 256: 6}


class BigGANDeepGenerator(nn.Module):
    """`depth` blocks a stage, the last of which doubles; the class's embedding and the whole latent feed every norm."""

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
        super().__init__()
        self.resolution, self.classes, self.latent_size, self.codes = resolution, classes, latent_size, codes
        self.conditions = Conditions(latent_size, classes, conditioning, codes, shared=shared, code_width=shared)
        condition = self.conditions.norm_width + self.conditions.latent_width
        widths = [width * multiple for multiple in stages_at(resolution).generator]
        attention = GENERATOR_ATTENTION[resolution] if attention is None else attention
        self.start = nn.Linear(condition, widths[0] * 16)
        self.stages = nn.ModuleList()
        for before, after in itertools.pairwise(widths):
            blocks: list[nn.Module] = [
                DeepUpBlock(before, before, condition, grow=False, variant=variant, activation=activation)
                for _ in range(depth - 1)
            ]
            blocks.append(DeepUpBlock(before, after, condition, grow=True, variant=variant, activation=activation))
            self.stages.append(nn.ModuleList(blocks))
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
        condition = latents if condition is None else torch.cat([condition, latents], 1)
        x = self.start(condition).unflatten(1, (-1, 4, 4))
        for number, stage in enumerate(self.stages, 1):
            for block in stage:  # type: ignore[attr-defined]
                x = block(x, condition)
            if str(number) in self.attention:
                x = self.attention[str(number)](x)
        return torch.tanh(self.to_rgb(self.activation(self.norm(x))))


class DeepBody(nn.Module):
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
        super().__init__()
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
        self.blocks = nn.ModuleList(blocks)
        self.features = widths[-1]
        self.positions = (resolution >> HALVINGS[resolution]) ** 2
        self.activation = activation

    def forward(self, images: Tensor) -> Tensor:
        """Pictures `(n, channels, resolution, resolution)` to `(n, features)`."""
        for block in self.blocks:
            images = block(images)
        return self.activation(images).sum((2, 3))


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
    network = Discriminator(body, resolution, classes, conditioning, codes)
    initialise(network, initial)
    if spectral:
        spectrally_normalise(network)
    return network


BIGGAN_DEEP = Architecture(
    name="biggan_deep",
    generator=BigGANDeepGenerator,
    discriminator=biggan_deep_discriminator,
    latent_sizes=dict.fromkeys(HALVINGS, 128),
    methods=LABEL_METHODS,
    tiny_generator={"width": 2, "shared": 4, "latent_size": 8},
    tiny_discriminator={"width": 4},
)
