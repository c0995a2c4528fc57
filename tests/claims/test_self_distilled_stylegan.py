"""What the claim of self-distilled StyleGAN is made on, and that its checks can fail."""

import numpy as np
import pytest
import torch

from fauxto.claims import self_distilled_stylegan as claim
from fauxto.claims.experiment import seeded
from fauxto.generate.gan.multimodal import Centres


@pytest.fixture
def untrained(monkeypatch):
    network = seeded(claim.Reader, 0).requires_grad_(False).eval()
    monkeypatch.setattr(claim, "reader", lambda: network)
    return network


def test_families_come_by_their_shares_among_outliers():
    data = claim.world(600, 3)
    again = claim.world(600, 3)
    np.testing.assert_array_equal(data.pixels, again.pixels)
    assert data.pixels.shape == (600, 16, 16, 3) and data.pixels.dtype == np.uint8
    outlying = data.families < 0
    assert abs(outlying.mean() - claim.OUTLIERS) < 0.05
    clean = data.families[~outlying]
    np.testing.assert_allclose(np.bincount(clean) / len(clean), claim.SHARES, atol=0.07)
    assert not (claim.world(50, 3, outliers=0.0).families < 0).any()
    assert claim._entropy(data.pixels)[outlying].mean() > claim._entropy(data.pixels)[~outlying].mean()


def test_the_entropy_is_that_of_the_grey_levels():
    half = np.zeros((1, 16, 16, 3), np.uint8)
    half[:, :8] = 255
    np.testing.assert_allclose(claim._entropy(np.concatenate([half, half * 0])), (1.0, 0.0), atol=1e-9)


def test_every_check_holds_and_each_can_fail(untrained, monkeypatch):
    assert all(check.passed for check in claim.exact_checks())
    monkeypatch.setattr(Centres, "truncated", lambda self, styles, psi, nearest: psi * styles)
    monkeypatch.setattr(Centres, "nearest", lambda self, styles, seen=None: torch.zeros(len(styles), dtype=torch.long))
    assert [check.passed for check in claim.exact_checks()] == [True, False, False, False]
    monkeypatch.setattr(Centres, "truncated", lambda self, styles, psi, nearest: styles + 1e-6)
    assert not claim.exact_checks()[0].passed


def test_an_arm_draws_the_same_for_a_seed_and_learns(untrained):
    data = claim.world(64, 0)
    first, again = (claim.Arm(1).fit(data.pixels, 3, encoder=True) for _ in range(2))
    np.testing.assert_array_equal(first.draw(5), again.draw(5))
    np.testing.assert_array_equal(first.redrawing.scores(data.pixels), again.redrawing.scores(data.pixels))
    alone = claim.Arm(1).fit(data.pixels, 3, adversary=False, encoder=True)
    before = claim.Arm(1)
    for arm, learned in ((first, True), (alone, False)):
        pairs = zip(arm.discriminator.parameters(), before.discriminator.parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs) is learned
