"""The three GANs of slices: shapes, losses against arithmetic, what clips and moves, and what is refused."""

import numpy as np
import pytest
import torch

from fauxto.errors import FauxtoError, InputError, WeightError
from fauxto.generate import mri_gans
from fauxto.generate.mri_gans import MRIGAN, RECIPES, ConvAutoencoder, Schedule

RNG = np.random.default_rng(0)
TRUTH = RNG.random((12, 32, 32)).astype(np.float32)
GIVEN = (TRUTH * 0.5).astype(np.float32)
SHORT = Schedule(steps=2, batch=4)


@pytest.mark.parametrize("model", RECIPES)
@pytest.mark.parametrize("latent", [0, 5])
def test_every_model_learns_from_slices_and_from_noise(model, latent):
    gans = [MRIGAN(model, 32, width=2, latent=latent, seed=3) for _ in range(2)]
    untouched = [parameter.clone() for parameter in gans[0].generator.parameters()]
    torch.manual_seed(7)
    before = torch.get_rng_state()
    for gan in gans:
        gan.fit(TRUTH, None if latent else GIVEN, SHORT, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    moved = [not torch.equal(a, b) for a, b in zip(untouched, gans[0].generator.parameters(), strict=True)]
    assert any(moved)
    made = [gan.sample(3, seed=2) if latent else gan.reconstruct(GIVEN[:3]) for gan in gans]
    assert made[0].shape == (3, 32, 32) and made[0].dtype == np.float32
    assert made[0].min() >= 0 and made[0].max() <= 1
    np.testing.assert_array_equal(*made)
    assert not gans[0].generator.training


def test_the_published_widths():
    vanilla, dcgan = MRIGAN("vanilla"), MRIGAN("dcgan")
    linear = [m for m in vanilla.generator.modules() if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [(4096, 1024), (1024, 512), (512, 1024), (1024, 4096)]
    linear = [m for m in vanilla.discriminator.modules() if isinstance(m, torch.nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [(4096, 512), (512, 256), (256, 1)]
    down = [m.out_channels for m in dcgan.generator.modules() if isinstance(m, torch.nn.Conv2d)]
    up = [m.out_channels for m in dcgan.generator.modules() if isinstance(m, torch.nn.ConvTranspose2d)]
    assert down == [64, 128, 256, 512] and up == [256, 128, 64, 1]
    judge = [m.out_channels for m in dcgan.discriminator.modules() if isinstance(m, torch.nn.Conv2d)]
    assert judge == [64, 128, 256, 512, 1]
    assert float(dcgan.generator.net[0].weight.detach().std()) == pytest.approx(0.02, rel=0.1)
    bottleneck = ConvAutoencoder(4).net[:12](torch.zeros(2, 1, 64, 64))
    assert bottleneck.shape == (2, 32, 4, 4)


def recorded(monkeypatch, model, schedule):
    """The losses of one step, and a copy of the GAN from before it."""
    gan, twin = (MRIGAN(model, 32, width=2, seed=5) for _ in range(2))
    losses = {"_criticise": [], "_please": []}
    for name, kept in losses.items():
        original = getattr(mri_gans._Rounds, name)
        monkeypatch.setattr(
            mri_gans._Rounds, name, lambda self, f=original, k=kept: (k.append(float(found := f(self))), found)[1]
        )
    gan.fit(TRUTH, GIVEN, schedule, seed=1)
    return gan, twin, losses


def test_the_losses_are_their_formulas(monkeypatch):
    batch = 6
    gan, twin, losses = recorded(monkeypatch, "vanilla", Schedule(steps=1, batch=batch, l1=10.0, adversarial=2.0))
    random = torch.Generator().manual_seed(1)
    true, given = (torch.from_numpy(slices)[:, None] * 2 - 1 for slices in (TRUTH, GIVEN))

    def probability(network, slices):
        return network(slices).double().sigmoid()

    first = torch.randint(12, (batch,), generator=random)
    made = twin.generator(given[first])
    expected = -probability(twin.discriminator, true[first]).log().mean()
    expected = expected - (1 - probability(twin.discriminator, made)).log().mean()
    assert losses["_criticise"] == pytest.approx([float(expected)], rel=1e-5)
    second = torch.randint(12, (batch,), generator=random)
    made = twin.generator(given[second])
    expected = 10 * (made - true[second]).abs().mean() - 2 * probability(gan.discriminator, made).log().mean()
    assert losses["_please"] == pytest.approx([float(expected)], rel=1e-5)


def test_the_critic_is_clipped_and_has_five_turns(monkeypatch):
    gan, _, losses = recorded(monkeypatch, "wgan", SHORT)
    assert (len(losses["_criticise"]), len(losses["_please"])) == (10, 2)
    assert max(float(p.abs().max()) for p in gan.discriminator.parameters()) <= 0.01 + 1e-9
    free = MRIGAN("wgan-gp", 32, width=2).fit(TRUTH, GIVEN, SHORT)
    assert max(float(p.abs().max()) for p in free.discriminator.parameters()) > 0.02
    kinds = {type(module) for module in free.discriminator.modules()}
    assert torch.nn.BatchNorm2d not in kinds and torch.nn.GroupNorm in kinds


def test_the_penalty_is_that_of_unit_slopes(monkeypatch):
    seen = []
    original = mri_gans.unit_slope
    monkeypatch.setattr(mri_gans, "unit_slope", lambda *a: (seen.append(original(*a)), torch.zeros(()))[1])
    _, twin, losses = recorded(monkeypatch, "wgan-gp", Schedule(steps=1, batch=4))
    random = torch.Generator().manual_seed(1)
    true, given = (torch.from_numpy(slices)[:, None] * 2 - 1 for slices in (TRUTH, GIVEN))
    chosen = torch.randint(12, (4,), generator=random)
    plain = twin.discriminator(twin.generator(given[chosen])).mean() - twin.discriminator(true[chosen]).mean()
    assert len(seen) == 5 and losses["_criticise"][0] == pytest.approx(float(plain), rel=1e-4, abs=1e-6)


def test_without_an_adversary_the_discriminator_stays_and_l1_falls():
    gan, twin = (MRIGAN("vanilla", 32, width=4, seed=2) for _ in range(2))
    alone = Schedule(steps=60, batch=12, adversarial=0.0, speed=5)
    gan.fit(TRUTH[:4], GIVEN[:4], alone)
    for a, b in zip(gan.discriminator.parameters(), twin.discriminator.parameters(), strict=True):
        assert torch.equal(a, b)
    before, after = (np.abs(one.reconstruct(GIVEN[:4]) - TRUTH[:4]).mean() for one in (twin, gan))
    assert after < 0.7 * before


def test_what_was_saved_comes_back(tmp_path):
    gan = MRIGAN("dcgan", 32, width=2).fit(TRUTH, GIVEN, SHORT)
    gan.save(tmp_path / "gan.safetensors")
    again = MRIGAN.load(tmp_path / "gan.safetensors")
    np.testing.assert_array_equal(again.reconstruct(GIVEN), gan.reconstruct(GIVEN))
    mri_gans.save(tmp_path / "other.safetensors", {"w": torch.zeros(1)}, system="npr")
    with pytest.raises(InputError, match="no generator of mri-gans"):
        MRIGAN.load(tmp_path / "other.safetensors")
    mri_gans.save(tmp_path / "torn.safetensors", {"w": torch.zeros(1)}, system="mri-gans", model="wgan", side=32,
                  width=2, latent=0)  # fmt: skip
    with pytest.raises(WeightError, match="missing"):
        MRIGAN.load(tmp_path / "torn.safetensors")


def test_what_cannot_be_is_refused():
    for arguments in (("dcgan", 48), ("dcgan", 16), ("dcgan", 64, 0)):
        with pytest.raises(InputError, match="No network"):
            MRIGAN(arguments[0], arguments[1], width=arguments[2] if len(arguments) > 2 else 2)
    with pytest.raises(InputError, match="no model"):
        MRIGAN("cyclegan", 32)
    gan = MRIGAN("vanilla", 32, width=2)
    for targets, inputs in ((TRUTH, None), (TRUTH, GIVEN[:3]), (TRUTH[:1], GIVEN[:1])):
        with pytest.raises(InputError, match="as many inputs"):
            gan.fit(targets, inputs)
    with pytest.raises(InputError, match="Expected slices"):
        gan.fit(TRUTH[:, :16], GIVEN)
    with pytest.raises(InputError, match="nothing to learn"):
        gan.fit(TRUTH, GIVEN, Schedule(l1=0, adversarial=0))
    with pytest.raises(FauxtoError, match="diverged by step 1"):
        gan.fit(np.full_like(TRUTH, np.nan), GIVEN, SHORT)
    with pytest.raises(InputError, match="repairs"):
        gan.sample(2)
    with pytest.raises(InputError, match="noise"):
        MRIGAN("vanilla", 32, width=2, latent=4).reconstruct(GIVEN)
