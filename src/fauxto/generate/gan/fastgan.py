"""FastGAN's generator beside the residual discriminator: what projected GANs change the discriminator of."""

from __future__ import annotations

import torch

from fauxto.generate.gan.discriminator import Discriminator
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.resnet import RESNET, residual_discriminator
from fauxto.nn.fastgan import FastGAN

RESOLUTIONS = tuple(side for side in RESNET.resolutions if side >= 32)


def fastgan_generator(
    resolution: int = 256,
    classes: int = 0,
    latent_size: int = 64,
    conditioning: GeneratorMethod = "none",
    codes: Codes | None = None,
    *,
    width: int = 128,
    lite: bool = True,
    vectors: int = 320,
    style_size: int = 512,
) -> FastGAN:
    """Without codes; see `nn.fastgan`. With "norm" each class has a vector of `vectors` numbers, random at first."""
    known = torch.randn(classes, vectors) if conditioning == "norm" else None
    return FastGAN(resolution, latent_size, width=width, lite=lite, vectors=known, style_size=style_size)


def fastgan_discriminator(
    resolution: int = 256,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    width: int = 64,
) -> Discriminator:
    """The residual one with spectral norm, on raw pixels; FastGAN's own, which also reconstructs, is not built."""
    return residual_discriminator(resolution, classes, conditioning, codes, width=width, spectral=True)


FASTGAN = Architecture(
    name="fastgan",
    generator=fastgan_generator,
    discriminator=fastgan_discriminator,
    latent_sizes=dict.fromkeys(RESOLUTIONS, 64),
    methods=frozenset({"none", "projection"}),
    generator_methods=frozenset({"none", "norm"}),
    coded=False,
    tiny_generator={"width": 1, "latent_size": 8, "vectors": 5, "style_size": 6},
    tiny_discriminator={"width": 2},
)
