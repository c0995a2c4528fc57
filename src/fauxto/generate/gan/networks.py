"""From a recipe to the two networks, and everything about them that a loop has to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from fauxto.errors import InputError
from fauxto.generate.gan.interface import Architecture
from fauxto.generate.gan.latents import Draw, draw
from fauxto.generate.gan.legal import check
from fauxto.generate.gan.mixing import MixedDiscriminator
from fauxto.generate.gan.recipe import Recipe
from fauxto.nn.minibatch_stddev import MinibatchStddev


@dataclass(frozen=True)
class Pair:
    """A generator and its discriminator, as a recipe wants them for a number of classes."""

    recipe: Recipe
    architecture: Architecture
    generator: Any
    discriminator: Any
    classes: int

    def draw(self, count: int, random: torch.Generator | None = None) -> Draw:
        """Latents and labels for `count` pictures, on the CPU; labels wherever either network asks for them."""
        classes = self.classes if self.recipe.conditional else 0
        return draw(self.generator, count, random, classes=classes, prior=self.recipe.prior)

    def generate(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Pictures in [-1, 1]; styles are mixed as the recipe says while the generator trains."""
        told = labels if self.recipe.generator_conditioning != "none" else None
        if not (self.recipe.style_mixing and self.generator.training):
            return self.generator(latents, told)
        return self.generator.synthesis(self.mixed_styles(latents, told))

    def mixed_styles(self, latents: Tensor, labels: Tensor | None) -> Tensor:
        """Styles `(n, layers, w)`; with the recipe's probability those from a random layer on are another latent's."""
        styles = self.generator.styles(latents, labels)
        if not self.recipe.style_mixing:
            return styles
        other = self.generator.styles(torch.randn_like(latents), labels)
        layers = styles.shape[1]
        cut = int(torch.randint(1, layers, ())) if float(torch.rand(())) < self.recipe.style_mixing else layers
        return torch.cat((styles[:, :cut], other[:, cut:]), 1)

    @property
    def learners(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """The parameters that the generator's and the discriminator's optimizer move; code heads go with the first."""
        heads = list(self.discriminator.code_head.parameters()) if self.recipe.codes is not None else []
        frozen = {
            id(parameter)
            for block in list(self.discriminator.body.blocks)[: self.recipe.regularizers.frozen_blocks]
            for parameter in block.parameters()
        } | {id(parameter) for parameter in heads}
        judges = [parameter for parameter in self.discriminator.parameters() if id(parameter) not in frozen]
        return [*self.generator.parameters(), *heads], judges


def make(recipe: Recipe, classes: int, seed: int = 0) -> Pair:
    """The networks with weights from the seed alone; the caller's random state is left as it was.

    Errors: InputError for an illegal recipe, or one that needs classes where there are none.
    """
    architecture = check(recipe)
    if recipe.conditional and classes < 2:
        raise InputError(
            f"This recipe needs pictures with classes, and the data have {'none' if classes < 2 else classes}.",
            fix="Put the pictures of each class into a folder of its own, or use an unconditional recipe.",
        )
    width = recipe.latent_size or architecture.latent_sizes[recipe.resolution]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = architecture.generator(
            recipe.resolution,
            classes if recipe.generator_conditioning != "none" else 0,
            width,
            recipe.generator_conditioning,
            recipe.codes,
            **recipe.generator,
        )
        discriminator = architecture.discriminator(
            recipe.resolution,
            classes if recipe.conditioning.method != "none" else 0,
            recipe.conditioning,
            recipe.codes,
            **recipe.discriminator,
        )
    return Pair(recipe, architecture, generator, discriminator, classes)


def sees_its_batch(network: nn.Module) -> bool:
    """Whether what a network says of a picture depends on the others of its batch: batch norm, deviation, mixing."""
    kinds = (nn.modules.batchnorm._BatchNorm, MinibatchStddev, MixedDiscriminator)
    return any(isinstance(module, kinds) for module in network.modules())
