"""StyleGAN2 (Karras et al., CVPR 2020) with the conditionings of StyleGAN2-ADA and StudioGAN, 32 to 512 pixels."""

from __future__ import annotations

from fauxto.errors import InputError
from fauxto.generate.gan.discriminator import Discriminator, image_channels
from fauxto.generate.gan.heads.projection import StyleProjectionHead
from fauxto.generate.gan.heads.style_layers import STYLED
from fauxto.generate.gan.interface import Architecture, Codes, Conditioning, GeneratorMethod
from fauxto.generate.gan.methods import STYLE_METHODS
from fauxto.generate.gan.mixing import MixedDiscriminator
from fauxto.nn.mapping import LabelMapping, Mapping
from fauxto.nn.style_network import StyleNetwork
from fauxto.nn.stylegan2 import Synthesis
from fauxto.nn.stylegan2_discriminator import StyleBody

RESOLUTIONS = (32, 64, 128, 256, 512)


def channel_base_at(resolution: int) -> int:
    """The published width: 16384 / side, 32768 / side from 512 pixels on. CIFAR's configurations use 32768 too."""
    return 32768 if resolution >= 512 else 16384


def style_mapping(
    latent_size: int,
    classes: int,
    conditioning: GeneratorMethod,
    codes: Codes | None,
    *,
    style_size: int,
    layers: int,
) -> Mapping:
    """The mapping network of a generator. Errors: InputError for what styles cannot carry."""
    if conditioning == "concatenation" or (codes is not None and codes.injection != "latent"):
        raise InputError(
            "A StyleGAN takes labels and codes through its mapping network.",
            fix='Use conditioning="norm" for labels, and Codes(..., injection="latent").',
        )
    width = latent_size + (0 if codes is None else codes.width)
    return Mapping(width, classes if conditioning == "norm" else 0, style_size, layers)


def stylegan2_generator(
    resolution: int = 32,
    classes: int = 0,
    latent_size: int = 512,
    conditioning: GeneratorMethod = "none",
    codes: Codes | None = None,
    *,
    style_size: int = 512,
    mapping_layers: int = 8,
    channel_base: int | None = None,
    channel_max: int = 512,
    clamp: float | None = None,
) -> StyleNetwork:
    """`channel_base` None is the published one of the resolution; `mapping_layers` 2 is that of CIFAR and ImageNet."""
    mapping = style_mapping(latent_size, classes, conditioning, codes, style_size=style_size, layers=mapping_layers)
    base = channel_base_at(resolution) if channel_base is None else channel_base
    synthesis = Synthesis(resolution, style_size, channel_base=base, channel_max=channel_max, clamp=clamp)
    return StyleNetwork(mapping, synthesis, codes, classes)


def stylegan2_discriminator(
    resolution: int = 32,
    classes: int = 0,
    conditioning: Conditioning | None = None,
    codes: Codes | None = None,
    *,
    channel_base: int | None = None,
    channel_max: int = 512,
    residual: bool = True,
    group: int = 4,
    mapping_layers: int = 8,
    clamp: float | None = None,
    mixing: float | None = None,
) -> Discriminator | MixedDiscriminator:
    """StyleGAN2's body with the heads of the conditioning; also the discriminator of StyleGAN3.

    `mixing`, where given, makes it judge mixtures of pictures, as AdaptiveMix does: the noise on its goals, 0.05.
    """
    conditioning = conditioning or Conditioning()
    body = StyleBody(
        resolution,
        image_channels(conditioning, classes),
        channel_base=channel_base_at(resolution) if channel_base is None else channel_base,
        channel_max=channel_max,
        residual=residual,
        group=group,
        clamp=clamp,
    )
    head = None
    if conditioning.method == "style_projection" and classes > 1:
        mapping = LabelMapping(classes, body.features, mapping_layers)
        head = StyleProjectionHead(body.features, body.features, mapping, STYLED)
    network = Discriminator(body, resolution, classes, conditioning, codes, head=head, layers=STYLED)
    return network if mixing is None else MixedDiscriminator(network, noise=mixing)


STYLEGAN2 = Architecture(
    name="stylegan2",
    generator=stylegan2_generator,
    discriminator=stylegan2_discriminator,
    latent_sizes=dict.fromkeys(RESOLUTIONS, 512),
    methods=STYLE_METHODS,
    generator_methods=frozenset({"none", "norm"}),
    styled=True,
    tiny_generator={
        "latent_size": 8,
        "style_size": 8,
        "mapping_layers": 2,
        "channel_base": 128,
        "channel_max": 8,
    },
    tiny_discriminator={"channel_base": 128, "channel_max": 8, "mapping_layers": 2},
)
