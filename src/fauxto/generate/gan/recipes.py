"""StudioGAN's configurations for CIFAR-10 as recipes: one row a configuration, in the words of `recipe.Recipe`.

The settings are those of POSTECH-CVLab/PyTorch-StudioGAN (MIT), commit 947b35e, its folder CIFAR10: 72 files; behind
them those of other systems on the same networks.
"""

from __future__ import annotations

import difflib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fauxto.errors import InputError
from fauxto.generate.gan.interface import Codes, Conditioning
from fauxto.generate.gan.recipe import Augmentation, Average, ClassLoss, Optimization, Recipe, Regularizers, load_recipe

# --- pieces that rows share ---
DCGAN_SCHEDULE = Optimization(discriminator_steps=2, steps=200_000)
TWICE_AS_LONG = Optimization(steps=200_000)
WIDE_BATCH = Optimization(batch=128, generator_rate=0.00028284271, discriminator_rate=0.00028284271)
WIDE_AND_LONG = replace(WIDE_BATCH, steps=200_000)
STYLE_RATES = {"generator_rate": 0.0025, "discriminator_rate": 0.0025, "beta1": 0.0, "beta2": 0.99, "epsilon": 1e-8}
STYLE_SCHEDULE = Optimization(**STYLE_RATES, discriminator_steps=1, discriminator_first=False, steps=200_000)  # type: ignore[arg-type]
STYLE_LONG = replace(STYLE_SCHEDULE, steps=1_000_000)
STYLE_TWO = replace(STYLE_SCHEDULE, discriminator_steps=2)
STYLE_TWO_LONG = replace(STYLE_TWO, steps=1_000_000)

PROJECTION = Conditioning("projection")
CLASSIFIER = Conditioning("classifier", normalised=False)
CONTRASTIVE = Conditioning("contrastive")
DATA_TO_DATA = Conditioning("data_to_data")
TWIN, DISCRIMINATIVE = {"auxiliary": "twin"}, {"auxiliary": "discriminative"}

DIFFAUGMENT = Augmentation(kind="diffaugment")
ADA = Augmentation(kind="ada")
APA = Augmentation(pseudo=True)
LECAM = Regularizers(lecam=0.3)
CR = Regularizers(consistency=10.0)
ICR = Regularizers(balanced_real=10.0, balanced_fake=10.0, latent_discriminator=20.0, latent_generator=0.5)
TEN_CODES = Codes(discrete=1, values=10, injection="norm")
TEN_MIXED_CODES = replace(TEN_CODES, injection="latent")
D2D = ClassLoss(weight=0.5, temperature=0.5, margin=0.98)
D2D_STYLE = ClassLoss(weight=0.25, temperature=0.25, margin=0.98)
SN_D = {"spectral": True}

# --- families ---
CONV = Recipe(architecture="dcgan", optimization=DCGAN_SCHEDULE)
RESNET = Recipe(architecture="resnet")
WGAN = replace(RESNET, loss="wasserstein")
RESNET_CLASSES = replace(RESNET, loss="hinge", generator_conditioning="norm")
ACGAN = replace(RESNET_CLASSES, conditioning=CLASSIFIER)
SNGAN = replace(RESNET_CLASSES, conditioning=PROJECTION, discriminator=SN_D)
BIG_AVERAGE = Average(decay=0.9999, start=1000)
BIGGAN = Recipe(
    architecture="biggan", generator_conditioning="norm", conditioning=PROJECTION, loss="hinge", average=BIG_AVERAGE
)
BIGGAN_FREE = replace(BIGGAN, generator_conditioning="none", conditioning=Conditioning())
CONTRAGAN = replace(BIGGAN, conditioning=CONTRASTIVE)
REACGAN = replace(BIGGAN, conditioning=DATA_TO_DATA, class_loss=D2D, optimization=WIDE_BATCH)
REACGAN_LONG = replace(REACGAN, optimization=WIDE_AND_LONG)
DEEP = replace(BIGGAN, architecture="biggan_deep")
CIFAR_STYLES = {"mapping_layers": 2, "channel_base": 32768}
STYLE_FREE = Recipe(
    architecture="stylegan2",
    generator=CIFAR_STYLES,
    discriminator={"channel_base": 32768, "residual": False, "group": 32},
    regularizers=Regularizers(r1=0.01, flat_every=16, flat_apart=True),
    optimization=STYLE_SCHEDULE,
    average=Average(half_life=500.0, rampup=0.05),
)
STYLE = replace(STYLE_FREE, generator_conditioning="norm", conditioning=Conditioning("style_projection"))
STYLE_AUGMENTED = replace(STYLE, optimization=STYLE_LONG)
STYLE_D2D = replace(STYLE, conditioning=DATA_TO_DATA, class_loss=D2D_STYLE, optimization=STYLE_TWO)
STYLE_D2D_AUGMENTED = replace(STYLE_D2D, optimization=STYLE_TWO_LONG)
STYLE3 = replace(
    STYLE,
    architecture="stylegan3_t",
    generator={"mapping_layers": 2},
    regularizers=replace(STYLE.regularizers, path_every=1),
    augmentation=ADA,
    optimization=STYLE_LONG,
)


def doubled(recipe: Recipe, auxiliary: dict[str, Any], **changes: Any) -> Recipe:
    """A recipe whose class loss has an auxiliary, as in TACGAN ("twin") or ADCGAN ("discriminative")."""
    return replace(recipe, conditioning=replace(recipe.conditioning, **auxiliary), **changes)


def with_lecam(recipe: Recipe) -> Recipe:
    """LeCam beside what regularizes already."""
    return replace(recipe, regularizers=replace(recipe.regularizers, lecam=0.3))


# fmt: off
STUDIOGAN: dict[str, Recipe] = {
    # unconditional, convolutions alone
    "dcgan":                 CONV,
    "dcgan-info":            replace(CONV, codes=TEN_CODES),
    "lsgan":                 replace(CONV, loss="least_square"),
    "ggan":                  replace(CONV, loss="hinge"),
    # unconditional, residual
    "wgan-wc":               replace(WGAN, regularizers=Regularizers(clip=0.01)),
    "wgan-gp":               replace(WGAN, regularizers=Regularizers(gradient_penalty=10.0)),
    "wgan-dra":              replace(WGAN, regularizers=Regularizers(dragan=10.0)),
    "lgan":                  replace(RESNET, regularizers=Regularizers(steepest=10.0),
                                     optimization=Optimization(beta1=0.0, beta2=0.9)),
    "logan":                 replace(RESNET, loss="hinge", prior="uniform", discriminator=SN_D,
                                     regularizers=Regularizers(latent_step=0.1)),
    # conditional, residual
    "projgan":               replace(RESNET_CLASSES, conditioning=PROJECTION),
    "acgan-mod":             ACGAN,
    "acgan-mod-tac":         doubled(ACGAN, TWIN),
    "acgan-mod-adc":         doubled(ACGAN, DISCRIMINATIVE),
    "sngan":                 SNGAN,
    "sngan-info":            replace(SNGAN, codes=TEN_CODES),
    "sngan-diffaug":         replace(SNGAN, augmentation=DIFFAUGMENT, optimization=TWICE_AS_LONG),
    "sngan-lecam":           replace(SNGAN, regularizers=LECAM, optimization=TWICE_AS_LONG),
    "sngan-diffaug-lecam":   replace(SNGAN, augmentation=DIFFAUGMENT, regularizers=LECAM, optimization=TWICE_AS_LONG),
    "sngan-ada":             replace(SNGAN, augmentation=ADA, optimization=TWICE_AS_LONG),
    "sngan-apa":             replace(SNGAN, augmentation=APA, optimization=TWICE_AS_LONG),
    "sagan":                 replace(RESNET_CLASSES, architecture="sagan", conditioning=PROJECTION),
    # BigGAN
    "biggan":                BIGGAN,
    "biggan-uncond":         BIGGAN_FREE,
    "biggan-info":           replace(BIGGAN, codes=TEN_CODES),
    "biggan-info-uncond":    replace(BIGGAN_FREE, codes=TEN_CODES),
    "biggan-cr":             replace(BIGGAN, regularizers=CR),
    "biggan-icr":            replace(BIGGAN, regularizers=ICR),
    "biggan-diffaug":        replace(BIGGAN, augmentation=DIFFAUGMENT, optimization=TWICE_AS_LONG),
    "biggan-lecam":          replace(BIGGAN, regularizers=LECAM, optimization=TWICE_AS_LONG),
    "biggan-diffaug-lecam":  replace(BIGGAN, augmentation=DIFFAUGMENT, regularizers=LECAM, optimization=TWICE_AS_LONG),
    "biggan-ada":            replace(BIGGAN, loss="vanilla", augmentation=ADA, optimization=TWICE_AS_LONG),
    "biggan-apa":            replace(BIGGAN, loss="vanilla", augmentation=APA, optimization=TWICE_AS_LONG),
    "acgan-mod-big":         replace(BIGGAN, conditioning=CLASSIFIER),
    "acgan-mod-big-tac":     doubled(replace(BIGGAN, conditioning=CLASSIFIER), TWIN),
    "acgan-mod-big-adc":     doubled(replace(BIGGAN, conditioning=CLASSIFIER), DISCRIMINATIVE),
    "mdgan":                 replace(BIGGAN, loss="vanilla", conditioning=Conditioning("multiple_outputs"),
                                     regularizers=Regularizers(r1=1.0)),
    "mhgan":                 replace(BIGGAN, loss="multi_hinge", conditioning=Conditioning("multi_hinge"),
                                     regularizers=Regularizers(feature_matching=1.0)),
    "contragan":             CONTRAGAN,
    "contragan-tac":         doubled(CONTRAGAN, TWIN),
    "contragan-adc":         doubled(CONTRAGAN, DISCRIMINATIVE),
    "contragan-cr":          replace(CONTRAGAN, regularizers=CR),
    "contragan-icr":         replace(CONTRAGAN, regularizers=ICR),
    "contragan-diffaug":     replace(CONTRAGAN, augmentation=DIFFAUGMENT, optimization=TWICE_AS_LONG),
    "reacgan":               REACGAN,
    "reacgan-tac":           doubled(REACGAN, TWIN,
                                     class_loss=replace(D2D, twin_discriminator=0.5, twin_generator=0.5)),
    "reacgan-adc":           doubled(REACGAN, DISCRIMINATIVE),
    "reacgan-adc-diffaug":   doubled(REACGAN, DISCRIMINATIVE, augmentation=DIFFAUGMENT),
    "reacgan-cr":            replace(REACGAN, regularizers=CR),
    "reacgan-info":          replace(REACGAN, codes=TEN_CODES, optimization=replace(WIDE_BATCH, beta1=0.0)),
    "reacgan-diffaug":       replace(REACGAN_LONG, augmentation=DIFFAUGMENT),
    "reacgan-lecam":         replace(REACGAN_LONG, regularizers=LECAM),
    "reacgan-ada":           replace(REACGAN, loss="vanilla", augmentation=replace(ADA, target=0.7, mirror=False),
                                     optimization=replace(WIDE_BATCH, steps=400_000)),
    # BigGAN-deep
    "biggan-deep":           DEEP,
    "biggan-deep-studiogan": replace(DEEP, generator={"variant": "studiogan"}, discriminator={"variant": "studiogan"},
                                     optimization=Optimization(discriminator_steps=2)),
    "reacgan-deep":          replace(REACGAN, architecture="biggan_deep"),
    # StyleGAN2 and StyleGAN3
    "stylegan2":             STYLE,
    "stylegan2-uncond":      STYLE_FREE,
    "stylegan2-info":        replace(STYLE, codes=TEN_MIXED_CODES),
    "stylegan2-info-uncond": replace(STYLE_FREE, codes=TEN_MIXED_CODES),
    "stylegan2-ada":         replace(STYLE_AUGMENTED, augmentation=ADA),
    "stylegan2-apa":         replace(STYLE_AUGMENTED, augmentation=APA),
    "stylegan2-ada-apa":     replace(STYLE_AUGMENTED, augmentation=replace(ADA, pseudo=True)),
    "stylegan2-lecam":       with_lecam(STYLE_AUGMENTED),
    "stylegan2-diffaug":     replace(STYLE_AUGMENTED, augmentation=DIFFAUGMENT),
    "stylegan2-diffaug-lecam": with_lecam(replace(STYLE_AUGMENTED, augmentation=DIFFAUGMENT)),
    "stylegan2-diffaug-rev": replace(STYLE_AUGMENTED, augmentation=DIFFAUGMENT,
                                     regularizers=Regularizers(r1=0.01, flat_every=16)),
    "stylegan2-d2dce":       STYLE_D2D,
    "stylegan2-d2dce-ada":   replace(STYLE_D2D_AUGMENTED, augmentation=replace(ADA, target=0.8)),
    "stylegan2-d2dce-diffaug": replace(STYLE_D2D_AUGMENTED, augmentation=DIFFAUGMENT),
    "stylegan2-d2dce-diffaug-rev": replace(
        STYLE_D2D_AUGMENTED, augmentation=DIFFAUGMENT, regularizers=Regularizers(r1=0.08, flat_every=2),
        optimization=replace(STYLE_TWO_LONG, discriminator_first=True)),
    "stylegan3-t-ada":       STYLE3,
    "stylegan3-r-ada":       replace(STYLE3, architecture="stylegan3_r", augmentation=replace(ADA, blur=10.0)),
}
# fmt: on

PAPER256 = Recipe(
    architecture="stylegan2",
    resolution=256,
    style_mixing=0.9,
    discriminator={"group": 8},
    regularizers=Regularizers(r1=1.0, flat_every=16, flat_apart=True, path_length=2.0),
    optimization=replace(STYLE_SCHEDULE, steps=390_625),
    average=Average(half_life=20.0, rampup=None),
)
"""StyleGAN2-ADA's configuration of that name: 25 million pictures of 256 pixels."""

OTHERS: dict[str, Recipe] = {
    "paper256": PAPER256,
    "adaptivemix": replace(PAPER256, discriminator={"group": 8, "mixing": 0.05}),
    "fastgan": Recipe(
        architecture="fastgan",
        resolution=256,
        loss="hinge",
        augmentation=Augmentation(kind="diffaugment", cutout=0.2),
        optimization=Optimization(
            beta1=0.0, beta2=0.99, epsilon=1e-8, discriminator_steps=1, discriminator_first=False, steps=156_250
        ),
        average=Average(half_life=20.0),
    ),
}

RECIPES = STUDIOGAN | OTHERS
"""All recipes by name."""


def resolve(recipe: str | Path | Recipe) -> Recipe:
    """A recipe by name, or by the path of a TOML file (see `recipe.load_recipe`). Errors: InputError."""
    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, Path) or str(recipe).endswith(".toml"):
        return load_recipe(recipe, RECIPES)
    if recipe not in RECIPES:
        near = difflib.get_close_matches(recipe, RECIPES, 3)
        raise InputError(
            f"There is no recipe {recipe!r}{'; near it: ' + ', '.join(near) if near else ''}.",
            fix="`fauxto generate recipes` lists them.",
        )
    return RECIPES[recipe]


def summary(recipe: Recipe) -> str:
    """A recipe in a line: what is not the default.

    >>> summary(RECIPES["biggan-diffaug"])
    'biggan, 32 px, hinge, projection, diffaugment'
    """
    words = [recipe.architecture, f"{recipe.resolution} px", recipe.loss]
    if recipe.conditioning.method != "none":
        words.append(recipe.conditioning.method)
    if recipe.conditioning.auxiliary != "none":
        words.append(recipe.conditioning.auxiliary)
    words += [
        f"{entry.name} {value:g}"
        for entry in fields(Regularizers)
        if entry.default != (value := getattr(recipe.regularizers, entry.name)) and entry.name not in _CONSTANTS
    ]
    words += ["codes"] if recipe.codes is not None else []
    words += ["mixing"] if recipe.discriminator.get("mixing") is not None else []
    words += [recipe.augmentation.kind] if recipe.augmentation.kind != "none" else []
    words += ["apa"] if recipe.augmentation.pseudo else []
    return ", ".join(words)


_CONSTANTS = ("flat_every", "flat_apart", "latent_radius", "path_every", "path_decay", "lecam_start", "lecam_decay")
