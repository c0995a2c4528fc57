"""The residual GAN of WGAN-GP (Gulrajani et al., 2017) and SNGAN (Miyato et al., ICLR 2018), 32 to 512 pixels."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.discriminator import Discriminator, image_channels
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.residual_blocks import STAGES, Activation, ResidualBody, UpBlock, stages_at
from fauxto.nn.conditional_norm import ConditionalBatchNorm
from fauxto.nn.initial import Rule, initialise
from fauxto.nn.self_attention import SelfAttention
from fauxto.nn.spectral_norm import spectrally_normalise


class ResidualGenerator(nn.Module):
    """A 4x4 map from the latent, up blocks, batch norm, one convolution, tanh.

    `attention` None attends nowhere; the label reaches every norm of the blocks as a one-hot vector.
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
        super().__init__()
        self.resolution, self.classes, self.latent_size, self.codes = resolution, classes, latent_size, codes
        self.conditions = Conditions(latent_size, classes, conditioning, codes, code_width=latent_size)
        widths = [width * multiple for multiple in stages_at(resolution).generator]
        self.start = nn.Linear(self.conditions.latent_width, widths[0] * 16)
        condition = self.conditions.norm_width
        self.blocks = nn.ModuleList(
            UpBlock(before, after, condition, activation) for before, after in itertools.pairwise(widths)
        )
        self.attention = nn.ModuleDict({str(number): SelfAttention(widths[number]) for number in attention or ()})
        self.norm = ConditionalBatchNorm(widths[-1])
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, 1, 1)
        self.activation = activation
        initialise(self, initial)
        if spectral:
            spectrally_normalise(self)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures `(n, 3, resolution, resolution)` in [-1, 1]."""
        latents, condition = self.conditions(latents, labels)
        x = self.start(latents).unflatten(1, (-1, 4, 4))
        for number, block in enumerate(self.blocks, 1):
            x = block(x, condition)
            if str(number) in self.attention:
                x = self.attention[str(number)](x)
        return torch.tanh(self.to_rgb(self.activation(self.norm(x))))


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
    network = Discriminator(body, resolution, classes, conditioning, codes)
    initialise(network, initial)
    if spectral:
        spectrally_normalise(network)
    return network


RESNET = Architecture(
    name="resnet",
    generator=ResidualGenerator,
    discriminator=residual_discriminator,
    latent_sizes=dict.fromkeys(STAGES, 128),
    methods=LABEL_METHODS,
    tiny_generator={"width": 2, "latent_size": 8},
    tiny_discriminator={"width": 2},
)
