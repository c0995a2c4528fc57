"""AdaptiveMix's discriminator against its equations in numpy, on every architecture that it can wrap."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from fauxto.errors import InputError
from fauxto.generate.gan import mixing
from fauxto.generate.gan.architectures import ARCHITECTURES
from fauxto.generate.gan.interface import Conditioning, Judgement
from fauxto.generate.gan.mixing import MixedDiscriminator, Mixture, aimed_at, away
from fauxto.generate.gan.networks import make, sees_its_batch
from fauxto.generate.gan.penalties import squared_slopes
from fauxto.generate.gan.recipe import Recipe
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.turns import Table, discriminator_turn, generator_turn
from tests.generate.gan.tiny import tiny

PICTURES = torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def plain(name: str = "dcgan", **settings):
    recipe = tiny(Recipe(architecture=name))
    return make(replace(recipe, discriminator={**recipe.discriminator, **settings}), 0).discriminator.train()


def test_a_mixture_is_what_it_says():
    torch.manual_seed(0)
    for alpha in (1.0, 0.3):
        shares = []
        for _ in range(400):
            mixture = Mixture.draw(6, torch.device("cpu"), alpha)
            assert sorted(mixture.partners.tolist()) == list(range(6))
            shares.append(float(mixture.share))
        assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
        assert np.var(shares) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)  # Beta's variance
    share, partners = float(mixture.share), mixture.partners.numpy()
    expected = share * PICTURES.numpy() + (1 - share) * PICTURES.numpy()[partners]
    np.testing.assert_allclose(mixture.of(PICTURES), expected, atol=1e-6)


def test_the_penalty_is_minus_the_mean_cosine_to_a_goal_held_still():
    first, second = (torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(k)) for k in (1, 2))
    a, b = (value.flatten(1).double().numpy() for value in (first, second))
    cosines = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert float(away(first, second)) == pytest.approx(-cosines.mean(), rel=1e-5)
    assert float(away(first, 3 * first)) == pytest.approx(-1)
    torch.manual_seed(0)
    goal = aimed_at(torch.zeros(100, 100, requires_grad=True), 0.05)
    assert float(goal.std()) == pytest.approx(0.05, rel=0.03) and not goal.requires_grad


def test_the_judgement_is_the_sum_over_the_mixed_feature_and_the_feature_of_the_mixture(monkeypatch):
    network = plain(spectral=False)
    mixed = MixedDiscriminator(copy.deepcopy(network), noise=0.0, weight=0.5)
    mixture = Mixture(torch.tensor(0.3), torch.tensor([3, 0, 5, 1, 2, 4]))
    monkeypatch.setattr(mixing.Mixture, "draw", lambda *_: mixture)
    said = mixed(PICTURES)

    def embed(pictures):  # batch norm: each pass by its own statistics, as above
        for block in network.body.blocks:
            pictures = block(pictures)
        return pictures

    def above(maps):
        x = network.body.norm(network.body.last(maps)).relu().sum((2, 3))
        return network.head.logit(x)[:, 0]

    with torch.no_grad():
        easy = 0.3 * embed(PICTURES) + 0.7 * embed(
            PICTURES[mixture.partners]
        )  # two passes, as the released code has it
        hard = embed(0.3 * PICTURES + 0.7 * PICTURES[mixture.partners])
        torch.testing.assert_close(said.adversarial.detach(), above(easy) + above(hard), atol=1e-5, rtol=1e-4)
        assert float(said.penalty.detach()) == pytest.approx(0.5 * float(away(hard, easy)), rel=1e-4)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_any_body_is_blocks_and_a_rest(name):
    network = plain(name)
    network.eval()
    with torch.no_grad():
        expected = 2 * network(PICTURES[:4]).adversarial
        mixed = MixedDiscriminator(network).eval()
        said = mixed(PICTURES[:4])
        torch.testing.assert_close(said.adversarial, expected)
        assert said.penalty is None and sees_its_batch(mixed)
    assert len(mixed.body.blocks) > 1


def test_labels_are_refused():
    conditional = make(tiny(RECIPES["sngan"]), 3).discriminator
    assert conditional.conditioning == Conditioning("projection")
    with pytest.raises(InputError, match="no one label"):
        MixedDiscriminator(conditional)


def test_both_players_pay_the_penalty_and_no_goal_has_a_gradient():
    pair = make(replace(tiny(RECIPES["adaptivemix"]), resolution=32), 0)
    assert isinstance(pair.discriminator, MixedDiscriminator) and pair.discriminator.noise == 0.05
    losses = {}
    for weight in (0.0, 2.0):
        pair.discriminator.weight = weight
        table = Table.of(pair)
        torch.manual_seed(0)
        draw = table.drawn(4)
        for turn in ("discriminator", "generator"):
            torch.manual_seed(1)
            if turn == "generator":
                loss = generator_turn(table, draw)
            else:
                loss = discriminator_turn(table, PICTURES[:4], None, draw, 0)
            losses[turn, weight] = float(loss.detach())
    # -1 <= minus a cosine <= 1, twice for the discriminator: on real pictures and on generated ones
    for turn, most in (("discriminator", 4), ("generator", 2)):
        assert 0.1 < abs(losses[turn, 2.0] - losses[turn, 0.0]) <= most


def test_the_slope_sees_the_partner_too(monkeypatch):
    """R1 goes through both logits, and a picture is in two rows of the batch."""
    mixture = Mixture(torch.tensor(0.25), torch.tensor([1, 0]))
    monkeypatch.setattr(mixing.Mixture, "draw", lambda *_: mixture)
    direction = torch.randn(3 * 4 * 4, generator=torch.Generator().manual_seed(3))

    class Linear(torch.nn.Module):
        resolution, classes, codes, conditioning = 4, 0, None, Conditioning()

        def __init__(self):
            super().__init__()
            self.body = torch.nn.Module()
            self.body.blocks = torch.nn.ModuleList([torch.nn.Flatten()])

        def forward(self, features, labels=None):

            return Judgement(features @ direction, features)

    mixed = MixedDiscriminator(Linear()).train()
    slopes = squared_slopes(lambda x: mixed(x).adversarial, torch.randn(2, 3, 4, 4))
    torch.testing.assert_close(slopes, torch.full((2,), 4 * float(direction.square().sum())))
