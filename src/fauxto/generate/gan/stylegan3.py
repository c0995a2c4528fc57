"""StyleGAN3 (Karras et al., NeurIPS 2021), configurations t and r, with StyleGAN2's discriminator, 32 to 512 pixels."""

from __future__ import annotations

from functools import partial

from fauxto.generate.gan.interface import Architecture, Codes, GeneratorMethod
from fauxto.generate.gan.methods import STYLE_METHODS
from fauxto.generate.gan.stylegan2 import RESOLUTIONS, style_mapping, stylegan2_discriminator
from fauxto.nn.style_network import StyleNetwork
from fauxto.nn.stylegan3 import AliasFreeSynthesis

CHANNEL_BASE = 32768


def stylegan3_generator(
    resolution: int = 32,
    classes: int = 0,
    latent_size: int = 512,
    conditioning: GeneratorMethod = "none",
    codes: Codes | None = None,
    *,
    rotation: bool = False,
    style_size: int = 512,
    mapping_layers: int = 2,
    layers: int = 14,
    channel_base: int = CHANNEL_BASE,
    channel_max: int = 512,
    decay: float = 0.999,
    clamp: float | None = None,
) -> StyleNetwork:
    """Configuration r with `rotation`, else t; `decay` as in `nn.stylegan3.AliasFreeSynthesis`."""
    mapping = style_mapping(latent_size, classes, conditioning, codes, style_size=style_size, layers=mapping_layers)
    synthesis = AliasFreeSynthesis(
        resolution,
        style_size,
        rotation=rotation,
        layers=layers,
        channel_base=channel_base,
        channel_max=channel_max,
        decay=decay,
        clamp=clamp,
    )
    return StyleNetwork(mapping, synthesis, codes, classes)


TINY = {"latent_size": 8, "style_size": 8, "mapping_layers": 1, "layers": 6, "channel_base": 64, "channel_max": 4}

STYLEGAN3_T = Architecture(
    name="stylegan3_t",
    generator=stylegan3_generator,
    discriminator=partial(stylegan2_discriminator, channel_base=CHANNEL_BASE),
    latent_sizes=dict.fromkeys(RESOLUTIONS, 512),
    methods=STYLE_METHODS,
    generator_methods=frozenset({"none", "norm"}),
    styled=True,
    tiny_generator=TINY,
    tiny_discriminator={"channel_base": 128, "channel_max": 8, "mapping_layers": 2},
)

STYLEGAN3_R = Architecture(
    name="stylegan3_r",
    generator=partial(stylegan3_generator, rotation=True),
    discriminator=STYLEGAN3_T.discriminator,
    latent_sizes=STYLEGAN3_T.latent_sizes,
    methods=STYLE_METHODS,
    generator_methods=STYLEGAN3_T.generator_methods,
    styled=True,
    tiny_generator=TINY,
    tiny_discriminator=STYLEGAN3_T.tiny_discriminator,
)
