"""Recipes: StudioGAN's configurations by name, TOML in, every wrong word refused with the right one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fauxto.errors import InputError
from fauxto.generate.gan.interface import Codes
from fauxto.generate.gan.legal import why_not
from fauxto.generate.gan.recipe import from_dict
from fauxto.generate.gan.recipes import RECIPES, STUDIOGAN, resolve


def test_all_72_configurations_are_there_legal_and_different():
    assert len(STUDIOGAN) == 72 and STUDIOGAN.items() <= RECIPES.items()
    assert [name for name, recipe in RECIPES.items() if why_not(recipe)] == []
    assert len({json.dumps(recipe.to_dict(), sort_keys=True) for recipe in RECIPES.values()}) == len(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_comes_back_from_json(name):
    assert from_dict(json.loads(json.dumps(RECIPES[name].to_dict()))) == RECIPES[name]


def test_the_table_says_what_the_configurations_say():
    for name in ("dcgan", "lsgan", "ggan"):
        assert (RECIPES[name].optimization.discriminator_steps, RECIPES[name].optimization.steps) == (2, 200_000)
    big = RECIPES["biggan"]
    assert (big.optimization.batch, big.optimization.generator_rate, big.optimization.discriminator_steps) == (
        64,
        2e-4,
        5,
    )
    assert (big.average.decay, big.average.start, big.loss, big.conditioning.method) == (
        0.9999,
        1000,
        "hinge",
        "projection",
    )
    contrast = RECIPES["reacgan"]
    assert (contrast.optimization.batch, contrast.class_loss.weight, contrast.class_loss.margin) == (128, 0.5, 0.98)
    style = RECIPES["stylegan2-diffaug"]
    assert (style.regularizers.r1, style.regularizers.flat_every, style.optimization.steps) == (0.01, 16, 1_000_000)
    assert (style.optimization.generator_rate, style.optimization.beta1, style.optimization.epsilon) == (
        0.0025,
        0.0,
        1e-8,
    )
    assert not style.optimization.discriminator_first and style.average.half_life == 500
    assert RECIPES["logan"].prior == "uniform" and RECIPES["logan"].regularizers.latent_step == 0.1
    assert RECIPES["mhgan"].regularizers.feature_matching == 1 and RECIPES["mhgan"].class_loss.multi_hinge == 0.05
    assert RECIPES["biggan-icr"].regularizers.latent_discriminator == 20
    assert RECIPES["reacgan-ada"].augmentation.target == 0.7 and not RECIPES["reacgan-ada"].augmentation.mirror
    assert RECIPES["stylegan2-info"].codes == Codes(1, 10, injection="latent")
    mixed, plain = RECIPES["adaptivemix"], RECIPES["paper256"]
    assert replace(mixed, discriminator=plain.discriminator) == plain and mixed.discriminator["mixing"] == 0.05
    assert (mixed.resolution, mixed.optimization.steps * mixed.optimization.batch) == (256, 25_000_000)
    assert (mixed.regularizers.r1, mixed.regularizers.path_length, mixed.average.half_life) == (1.0, 2.0, 20.0)


def test_a_toml_file_changes_a_recipe_of_the_house(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'base = "biggan"\nresolution = 64\n[conditioning]\nmethod = "data_to_data"\nembedding_size = 128\n'
        "[optimization]\nbatch = 32\ngenerator_rate = 1\n[codes]\ndiscrete = 1\nvalues = 4\n[generator]\nwidth = 16\n"
    )
    found, base = resolve(path), RECIPES["biggan"]
    assert (found.resolution, found.optimization.batch, found.generator) == (64, 32, {"width": 16})
    assert isinstance(found.optimization.generator_rate, float)
    assert (found.conditioning.method, found.conditioning.embedding_size) == ("data_to_data", 128)
    assert found.codes == Codes(discrete=1, values=4)
    assert (found.average, found.loss) == (base.average, base.loss)
    assert resolve(str(path)) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("architcture = 'dcgan'", "Did you mean architecture"),
        ("resolution = '32'", "resolution is '32'; expected int"),
        ("resolution = true", "expected int"),
        ("loss = 'hing'", "expected 'vanilla' or 'least_square'"),
        ("[optimization]\nbatch = 1.5", "optimization.batch is 1.5"),
        ("[regularizers]\nr3 = 1.0", "regularizers has no setting 'r3'"),
        ("conditioning = 'projection'", "conditioning is 'projection'; expected Conditioning"),
        ("base = 'bigan'", "no recipe 'bigan'"),
        ("resolution = ", "no TOML file"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path, text, words):
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        resolve(tmp_path / "wrong.toml")
    assert words in str(caught.value)


def test_an_unknown_name_is_answered_with_near_ones():
    with pytest.raises(InputError, match="biggan-diffaug"):
        resolve("biggan-diffaugm")
    with pytest.raises(InputError, match="There is no recipe"):
        resolve("nowhere.toml")
    assert resolve(replace(RECIPES["dcgan"], loss="hinge")).loss == "hinge"
