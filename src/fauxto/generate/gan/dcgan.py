"""DCGAN (Radford et al., ICLR 2016) at 32 pixels, in the form that StudioGAN measured."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.generate.gan.conditions import Conditions
from fauxto.generate.gan.discriminator import Discriminator, assemble, image_channels
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import LABEL_METHODS
from fauxto.generate.gan.weights import set_weights
from fauxto.nn.conditional_norm import EPSILON, ConditionalBatchNorm
from fauxto.nn.initial import Rule


class DCGANGenerator(nn.Module):
    """A 4x4 map from the latent, three transposed convolutions, one convolution, tanh.

    3,812,355 parameters with the defaults.
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
        initial: Rule = "orthogonal",
    ) -> None:
        super().__init__()
        self.resolution, self.classes, self.latent_size, self.codes = resolution, classes, latent_size, codes
        self.conditions = Conditions(latent_size, classes, conditioning, codes, code_width=latent_size)
        widths = [8 * width, 4 * width, 2 * width, width]
        self.start = nn.Linear(self.conditions.latent_width, widths[0] * 16)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in itertools.pairwise(widths))
        self.norms = nn.ModuleList(ConditionalBatchNorm(b, self.conditions.norm_width) for b in widths[1:])
        self.to_rgb = nn.Conv2d(width, 3, 3, 1, 1)
        set_weights(self, initial, spectral=spectral)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures `(n, 3, 32, 32)` in [-1, 1]."""
        latents, condition = self.conditions(latents, labels)
        x = self.start(latents).unflatten(1, (-1, 4, 4))
        for up, norm in zip(self.ups, self.norms, strict=True):
            x = functional.relu(norm(up(x), condition))
        return torch.tanh(self.to_rgb(x))


class Halving(nn.Module):
    """A 3x3 convolution and a 4x4 one of stride 2, each with batch norm (not beside spectral norm) and ReLU."""

    def __init__(self, channels_in: int, channels_out: int, norm: bool) -> None:
        super().__init__()
        self.keep = nn.Conv2d(channels_in, channels_out, 3, 1, 1)
        self.shrink = nn.Conv2d(channels_out, channels_out, 4, 2, 1)
        self.norm_kept = nn.BatchNorm2d(channels_out, eps=EPSILON) if norm else nn.Identity()
        self.norm_shrunk = nn.BatchNorm2d(channels_out, eps=EPSILON) if norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Half the sides."""
        x = functional.relu(self.norm_kept(self.keep(x)))
        return functional.relu(self.norm_shrunk(self.shrink(x)))


class DCGANBody(nn.Module):
    """Three halvings and a last convolution; the sum over 4x4 positions, `(n, 8 width)`."""

    positions = 16

    def __init__(self, channels: int = 3, width: int = 64, norm: bool = True) -> None:
        super().__init__()
        widths = [channels, width, 2 * width, 4 * width]
        self.features = 8 * width
        self.blocks = nn.ModuleList(Halving(a, b, norm) for a, b in itertools.pairwise(widths))
        self.last = nn.Conv2d(4 * width, self.features, 3, 1, 1)
        self.norm = nn.BatchNorm2d(self.features, eps=EPSILON) if norm else nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        for block in self.blocks:
            images = block(images)
        return functional.relu(self.norm(self.last(images))).sum((2, 3))


def dcgan_discriminator(
    resolution: int = 32,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    width: int = 64,
    spectral: bool = False,
    initial: Rule = "orthogonal",
) -> Discriminator:
    """The body with the heads of its conditioning; 2,931,009 parameters with the defaults."""
    conditioning = conditioning or Conditioning()
    body = DCGANBody(image_channels(conditioning, classes), width, norm=not spectral)
    return assemble(body, resolution, classes, conditioning, codes, spectral=spectral, initial=initial)


DCGAN = Architecture(
    name="dcgan",
    generator=DCGANGenerator,
    discriminator=dcgan_discriminator,
    latent_sizes={32: 128},
    methods=LABEL_METHODS,
    tiny_generator={"width": 4, "latent_size": 8},
    tiny_discriminator={"width": 4},
)
