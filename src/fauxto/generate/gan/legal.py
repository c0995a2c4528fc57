"""Which combinations make sense, and the reason where one does not."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import chain

from fauxto.errors import InputError
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.interface import Architecture
from fauxto.generate.gan.recipe import Recipe

Reason = tuple[str, str]
"""What is wrong, and what to do instead."""

SPECTRAL = ("sagan", "biggan", "biggan_deep")
"""Architectures whose discriminators have spectral norm unless they are told otherwise."""

DOUBLED = ("classifier", "contrastive", "data_to_data")
"""Conditionings that an auxiliary can double."""

COMPARING = ("consistency", "balanced_real", "balanced_fake", "latent_discriminator")
"""Regularizers that ask the discriminator to say the same of two pictures."""


def check(recipe: Recipe) -> Architecture:
    """The architecture of a recipe that can be trained. Errors: InputError with the first reason why it cannot."""
    reason = why_not(recipe)
    if reason is not None:
        raise InputError(reason[0], fix=reason[1])
    return ARCHITECTURES[recipe.architecture]


def why_not(recipe: Recipe) -> Reason | None:
    """What is wrong and what to do instead; None for a legal recipe."""
    architecture = ARCHITECTURES.get(recipe.architecture)
    if architecture is None:
        return f"There is no architecture {recipe.architecture!r}.", f"Use one of {', '.join(ARCHITECTURES)}."
    return next(chain(_networks(recipe, architecture), _objectives(recipe), _counts(recipe)), None)


@functools.cache
def settings_of(maker: Callable[..., object]) -> tuple[str, ...]:
    """The names of a maker's own settings: its keyword-only arguments."""
    return tuple(key for key, entry in inspect.signature(maker).parameters.items() if entry.kind is entry.KEYWORD_ONLY)


def _networks(recipe: Recipe, architecture: Architecture) -> Iterator[Reason]:
    name, method = recipe.architecture, recipe.conditioning.method
    if recipe.resolution not in architecture.resolutions:
        sides = ", ".join(map(str, architecture.resolutions))
        yield f"{name} is not defined at {recipe.resolution} pixels.", f"Use a resolution of {sides}."
    if method not in architecture.methods:
        fix = "style_projection" if method == "projection" else "projection"
        yield f"The discriminator of {name} cannot use a class by {method!r}.", f"Use {fix!r}."
    if recipe.generator_conditioning not in architecture.generator_methods:
        ways = " or ".join(map(repr, sorted(architecture.generator_methods)))
        yield f"The generator of {name} cannot use a class by {recipe.generator_conditioning!r}.", f"Use {ways}."
    for player, maker in (("generator", architecture.generator), ("discriminator", architecture.discriminator)):
        for key in getattr(recipe, player):
            if key not in settings_of(maker):
                yield f"The {player} of {name} has no setting {key!r}.", f"It has {', '.join(settings_of(maker))}."
    if recipe.conditioning.auxiliary != "none" and method not in DOUBLED:
        yield (
            f"The auxiliary {recipe.conditioning.auxiliary!r} doubles a class loss, and {method!r} has none.",
            f"Use a conditioning of {', '.join(DOUBLED)}, or no auxiliary.",
        )
    if not architecture.styled and (recipe.regularizers.path_length or recipe.style_mixing):
        what = "path_length" if recipe.regularizers.path_length else "style_mixing"
        yield f"{what} acts on styles, and {name} has none.", "Leave it out, or use a StyleGAN."
    if recipe.codes is not None and not architecture.coded:
        yield f"The generator of {name} takes no codes.", "Leave codes out, or use another architecture."
    if architecture.styled and recipe.codes is not None and recipe.codes.injection != "latent":
        yield f"{name} takes codes through its mapping network.", 'Use codes with injection = "latent".'
    if method == "none" and recipe.generator_conditioning != "none":
        yield (
            "The generator is told a class that its discriminator never asks for, so it would learn to ignore it.",
            "Give the discriminator a conditioning, or the generator none.",
        )
    if method != "none" and recipe.generator_conditioning == "none":
        yield (
            "The discriminator asks for a class that the generator is never told, so no picture could please it.",
            'Use generator_conditioning = "norm" (or "concatenation").',
        )


def _objectives(recipe: Recipe) -> Iterator[Reason]:
    regularizers, hinge = recipe.regularizers, recipe.conditioning.method == "multi_hinge"
    if hinge != (recipe.loss == "multi_hinge"):
        yield (
            "The loss and the conditioning multi_hinge need each other: one gives the margins that the other takes.",
            "Use both or neither.",
        )
    if hinge and regularizers.top_k < 1:
        yield "Top-k ranks pictures by one logit, and multi_hinge has one a class.", "Leave top_k at 1."
    if regularizers.clip and recipe.discriminator.get("spectral", recipe.architecture in SPECTRAL):
        yield (
            "Spectral norm divides each weight by its norm, so clipping the weights changes nothing.",
            "Use clip or spectral norm.",
        )
    if regularizers.latent_step and recipe.prior != "uniform":
        yield (
            "The latent step keeps latents in [-1, 1], where a normal prior does not lie.",
            'Use prior = "uniform".',
        )
    if (regularizers.balanced_real or regularizers.balanced_fake) and regularizers.consistency:
        yield "bCR holds CR already: both would count real pictures twice.", "Use consistency or balanced_*."
    if recipe.discriminator.get("mixing") is not None:
        if recipe.conditioning.method != "none" or recipe.codes is not None:
            yield (
                "A mixture of two pictures has no one label, and no one code.",
                "Leave conditioning and codes out, or the discriminator's mixing.",
            )
        if any(getattr(regularizers, name) for name in COMPARING):
            yield (
                "Consistency compares what is said of single pictures, and a discriminator with mixing judges none.",
                f"Leave out {', '.join(COMPARING)}, or the discriminator's mixing.",
            )
    if recipe.augmentation.adaptive and recipe.loss == "wasserstein":
        yield (
            "The adaptive augmentations read the sign of a logit, and a Wasserstein critic has no zero.",
            "Use another loss, or diffaugment.",
        )


def _counts(recipe: Recipe) -> Iterator[Reason]:
    optimization, regularizers = recipe.optimization, recipe.regularizers
    least = {
        "steps": optimization.steps,
        "batch": optimization.batch - 1,
        "accumulate": optimization.accumulate,
        "generator_steps": optimization.generator_steps,
        "discriminator_steps": optimization.discriminator_steps,
        "interval": recipe.augmentation.interval,
        "flat_every": regularizers.flat_every,
        "path_every": regularizers.path_every,
    }
    for name, value in least.items():
        if value < 1:
            yield f"{name} is too small.", "Give at least 1, and a batch of at least 2."
    rates = {"generator_rate": optimization.generator_rate, "discriminator_rate": optimization.discriminator_rate}
    for name, rate in rates.items():
        if not 0 < rate < math.inf:
            yield f"{name} is {rate:g}.", "Give a positive number, such as 0.0002."
    for name, beta in {"beta1": optimization.beta1, "beta2": optimization.beta2}.items():
        if not 0 <= beta < 1:
            yield f"{name} is {beta:g}.", "Give a number from 0 up to, but not including, 1."
    weights = [
        entry.name
        for entry in fields(regularizers)
        if entry.name != "lecam_start" and not _sound(getattr(regularizers, entry.name))
    ]
    if weights:
        yield f"The regularizers {', '.join(weights)} are no weights.", "Give numbers from 0 on."
    if not 0 < regularizers.top_k <= 1 or not 0 < regularizers.top_k_least <= 1:
        yield "top_k and top_k_least are shares.", "Give numbers above 0 and up to 1."
    if recipe.average.decay is not None and recipe.average.half_life is not None:
        yield "The average has a decay and a half-life.", "Give one of them."


def _sound(value: float) -> bool:
    """Whether a weight, an interval or a share can be one: neither negative nor no number."""
    return 0 <= value < math.inf
