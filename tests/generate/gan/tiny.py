"""Recipes at tiny widths, and a few pictures to learn: what the tests of training share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fauxto.data.picture_set import PictureSet, from_arrays
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.recipe import Recipe


def tiny(recipe: Recipe, **optimization) -> Recipe:
    """The same ideas in networks of a few thousand weights, on batches of four."""
    architecture = ARCHITECTURES[recipe.architecture]
    narrow = dict(architecture.tiny_generator)
    latent = narrow.pop("latent_size", None)
    return replace(
        recipe,
        latent_size=latent,
        generator={**recipe.generator, **narrow},
        discriminator={**recipe.discriminator, **architecture.tiny_discriminator},
        optimization=replace(recipe.optimization, **({"batch": 4, "discriminator_steps": 1} | optimization)),
    )


def colours(count: int = 24, side: int = 32, classes: int = 3, seed: int = 0) -> PictureSet:
    """Noise about one colour a class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    means = rng.integers(60, 190, (classes, 3))[labels]
    pixels = means[:, None, None] + rng.integers(-40, 40, (count, side, side, 3))
    return from_arrays(pixels.astype(np.uint8), labels)
