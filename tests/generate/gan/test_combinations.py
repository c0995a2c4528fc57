"""Every legal combination can be made; a set that has every pair of parts takes a step; the rest is refused.

Networks depend on architecture, conditioning and codes: all combinations of those are built. Losses, regularizers and
augmentations join in a pairwise-complete set of steps. Regularizers go in bundles, so that each meets each of the rest.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch

from fauxto.errors import InputError
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.interface import Codes, Conditioning
from fauxto.generate.gan.legal import DOUBLED, check, why_not
from fauxto.generate.gan.mixing import MixedDiscriminator
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipe import Augmentation, Recipe, Regularizers
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.turns import Table, discriminator_turn, flat_turn, generator_turn, only, path_turn
from fauxto.nn.stylegan3 import AliasFreeLayer
from tests.generate.gan.tiny import tiny

METHODS = (
    "none", "concatenation", "projection", "style_projection", "multiple_outputs", "classifier", "contrastive",
    "data_to_data", "multi_hinge",
)  # fmt: skip
CONDITIONINGS = [Conditioning(method, embedding_size=6) for method in METHODS] + [
    Conditioning(method, auxiliary, embedding_size=6) for method in DOUBLED for auxiliary in ("twin", "discriminative")
]
LOSSES = ("vanilla", "least_square", "hinge", "wasserstein", "multi_hinge")
BUNDLES = {
    "none": Regularizers(),
    "slopes": Regularizers(gradient_penalty=1, dragan=1, steepest=1, r1=1, r2=1, frozen_blocks=1),
    "CR, LeCam, top-k": Regularizers(consistency=1, lecam=1, lecam_start=-1, top_k=0.5),
    "ICR, features": Regularizers(
        balanced_real=1, balanced_fake=1, latent_discriminator=1, latent_generator=1, feature_matching=1
    ),
    "latent step": Regularizers(latent_step=1, r1=1, flat_apart=True),
    "clip, orthogonality": Regularizers(clip=0.1, orthogonality=0.1),
    "path": Regularizers(path_length=1),
}
AUGMENTATIONS = {
    "none": Augmentation(),
    "diffaugment": Augmentation(kind="diffaugment"),
    "ada": Augmentation(kind="ada", policy="bgcfnc", start=0.5),
    "apa": Augmentation(pseudo=True, start=0.5),
    "ada, apa, blur": Augmentation(kind="ada", pseudo=True, start=0.5, blur=2.0),
}
CODES = (None, Codes(discrete=2, values=3, continuous=1))
CHOICES = (
    tuple(name for name in ARCHITECTURES if name != "stylegan3_r"),
    CONDITIONINGS,
    LOSSES,
    tuple(BUNDLES),
    tuple(AUGMENTATIONS),
    CODES,
)


def recipe_of(row) -> Recipe:
    architecture, conditioning, loss, bundle, augmentation, codes = row
    plain = {"spectral": False} if architecture in ("resnet", "biggan", "biggan_deep", "dcgan") else {}
    return Recipe(
        architecture=architecture,
        conditioning=conditioning,
        generator_conditioning="none" if conditioning.method == "none" else "norm",
        loss=loss,
        regularizers=BUNDLES[bundle],
        augmentation=AUGMENTATIONS[augmentation],
        codes=codes,
        prior="uniform" if BUNDLES[bundle].latent_step else "normal",
        generator=plain,
        discriminator=plain,
    )


LEGAL = [row for row in itertools.product(*CHOICES) if why_not(recipe_of(row)) is None]


def pairs(row):
    return {(i, j, row[i], row[j]) for i, j in itertools.combinations(range(len(row)), 2)}


def covering(rows):
    """Greedy: rows until every pair of choices that any legal row has is in one of them."""
    holders = {}
    for row in rows:
        for pair in pairs(row):
            holders.setdefault(pair, []).append(row)
    rest, chosen = sorted(holders, key=lambda pair: (len(holders[pair]), repr(pair))), []
    while rest:
        some = holders[rest[0]]
        some = some[:: max(1, len(some) // 64)]  # the best of a few is nearly the best
        missing = set(rest)
        row = max(some, key=lambda one: len(pairs(one) & missing))
        chosen.append(row)
        had = pairs(row)
        rest = [pair for pair in rest if pair not in had]
    return chosen


def test_every_choice_is_legal_somewhere():
    for position, options in enumerate(CHOICES):
        assert {row[position] for row in LEGAL} == set(options)


def test_all_networks_of_legal_recipes_can_be_made():
    made = {(row[0], row[1], row[5]): row for row in LEGAL}
    assert len(made) > 150
    for row in made.values():
        pair = make(tiny(recipe_of(row)), classes=3)
        assert pair.generator.resolution == pair.discriminator.resolution == 32


def step(recipe: Recipe) -> Table:
    """One turn of each player: finite losses, and a finite gradient at every weight that should learn; the table."""
    torch.manual_seed(0)
    pair = make(recipe, classes=3)
    table = Table.of(pair)
    real, labels = torch.rand(4, 3, 32, 32) * 2 - 1, torch.tensor([0, 1, 2, 0]) if recipe.conditional else None
    generators, judges = pair.learners
    how = recipe.regularizers
    with only(judges, pair.generator, pair.discriminator):
        loss = discriminator_turn(table, real, labels, table.drawn(4), 0)
        if how.flat_apart:
            loss = loss + flat_turn(table, real, labels, table.drawn(4))
        loss.backward()
    assert loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in judges)
    assert all(p.grad is None for p in generators)
    with only(generators, pair.generator, pair.discriminator):
        loss = generator_turn(table, table.drawn(4), real, labels)
        if how.path_length:
            loss = loss + path_turn(table, table.drawn(2))
        loss.backward()
    assert loss.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in generators)
    learned = sum(p.grad is not None for p in generators)
    assert learned == len(generators), f"{len(generators) - learned} weights of the generator got no gradient"
    return table


def test_a_pairwise_complete_set_takes_a_step():
    rows = covering(LEGAL)
    assert len(rows) < 160
    for row in rows:
        try:
            step(tiny(recipe_of(row)))
        except Exception as error:
            raise AssertionError(f"{row}") from error


REFUSED = {
    "has no setting 'depht'": replace(RECIPES["dcgan"], generator={"depht": 2}),
    "no architecture": replace(RECIPES["dcgan"], architecture="vae"),
    "not defined at 64": replace(RECIPES["dcgan"], resolution=64),
    "cannot use a class by 'projection'": replace(RECIPES["stylegan2"], conditioning=Conditioning("projection")),
    "cannot use a class by 'style_projection'": replace(
        RECIPES["sngan"], conditioning=Conditioning("style_projection")
    ),
    "cannot use a class by 'concatenation'": replace(RECIPES["biggan"], generator_conditioning="concatenation"),
    "doubles a class loss": replace(RECIPES["sngan"], conditioning=Conditioning("projection", "twin")),
    "path_length acts on styles": replace(RECIPES["sngan"], regularizers=Regularizers(path_length=2)),
    "style_mixing acts on styles": replace(RECIPES["sngan"], style_mixing=0.9),
    "discriminator never asks": replace(RECIPES["dcgan"], generator_conditioning="norm"),
    "never told": replace(RECIPES["sngan"], generator_conditioning="none"),
    "need each other": replace(RECIPES["sngan"], loss="multi_hinge"),
    "Top-k ranks": replace(RECIPES["mhgan"], regularizers=Regularizers(top_k=0.9)),
    "clipping the weights changes nothing": replace(RECIPES["sngan"], regularizers=Regularizers(clip=0.01)),
    "keeps latents in": replace(RECIPES["sngan"], regularizers=Regularizers(latent_step=1)),
    "bCR holds CR": replace(RECIPES["sngan"], regularizers=Regularizers(balanced_real=1, consistency=1)),
    "critic has no zero": replace(RECIPES["wgan-gp"], augmentation=Augmentation(kind="ada")),
    "mapping network": replace(RECIPES["stylegan2"], codes=Codes(1, 10, injection="norm")),
    "batch is too small": replace(RECIPES["dcgan"], optimization=replace(RECIPES["dcgan"].optimization, batch=1)),
    "fastgan takes no codes": replace(RECIPES["fastgan"], codes=Codes(1, 10)),
    "no one label": replace(RECIPES["stylegan2"], discriminator={"mixing": 0.05}),
    "judges none": replace(RECIPES["adaptivemix"], regularizers=Regularizers(consistency=1)),
    "generator_rate is nan": tiny(RECIPES["dcgan"], generator_rate=float("nan")),
    "discriminator_rate is 0": tiny(RECIPES["dcgan"], discriminator_rate=0.0),
    "beta2 is 1": tiny(RECIPES["dcgan"], beta2=1.0),
    "r1, lecam are no weights": replace(RECIPES["dcgan"], regularizers=Regularizers(r1=-1, lecam=float("inf"))),
    "are shares": replace(RECIPES["dcgan"], regularizers=Regularizers(top_k=1.5)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_makes_no_sense_is_refused_with_the_reason_and_a_way_out(reason):
    with pytest.raises(InputError, match=reason) as caught:
        check(REFUSED[reason])
    assert caught.value.fix


def test_stylegan3_r_takes_a_step():
    """The pairs above leave it out: it shares all of t but kernel sizes and filters, and takes as long."""
    table = step(tiny(RECIPES["stylegan3-r-ada"]))
    layers = [layer for layer in table.pair.generator.modules() if isinstance(layer, AliasFreeLayer)]
    kernels = {layer.weight.shape[-1] for layer in layers}
    assert kernels == {1}, "r has kernels of 1 x 1, t of 3 x 3"


def test_adaptivemix_takes_a_step():
    """A setting of one discriminator and no part of its own: the pairs above leave it out."""
    table = step(replace(tiny(RECIPES["adaptivemix"]), resolution=32))
    assert isinstance(table.pair.discriminator, MixedDiscriminator)


def test_a_conditional_recipe_needs_classes():
    with pytest.raises(InputError, match="needs pictures with classes"):
        make(tiny(RECIPES["sngan"]), classes=0)
