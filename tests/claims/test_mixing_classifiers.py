"""The classifiers of AdaptiveMix' claim: what they see, and that each arm learns by what its name says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from fauxto.claims import mixing_classifiers as claim


@pytest.fixture
def small(monkeypatch):
    for name, value in (("TRAIN", 64), ("TEST", 120), ("STRANGE", 30)):
        monkeypatch.setattr(claim, name, value)
    monkeypatch.setattr(claim, "LESSONS", replace(claim.LESSONS, steps=2))
    claim.world.cache_clear()
    yield claim.world()
    claim.world.cache_clear()


def test_the_pictures_are_grey_and_normalised(small):
    for pixels, count in ((small.pixels, 64), (small.unseen, 120), (small.strange, 30)):
        assert pixels.shape == (count, 16, 16, 3) and pixels.dtype == np.uint8
        assert (pixels == pixels[..., :1]).all()
    assert small.unseen_labels.tolist() == [*range(10)] * 12
    assert (small.pixels / 255).mean() == pytest.approx(claim.NORMALISED_BY[0][0], abs=0.02)
    assert (small.pixels / 255).std() == pytest.approx(claim.NORMALISED_BY[1][0], abs=0.02)


@pytest.mark.parametrize("arm", claim.ARMS)
def test_an_arm_repeats_and_gives_both_figures(small, arm):
    first = claim.told_apart(arm, 0)
    assert set(first) == {"accuracy", "AUROC"} and (arm != claim.MIXING or claim.told_apart(arm, 0) == first)
    assert 0 < first["accuracy"] < 1 and 0 < first["AUROC"] < 1


def test_an_arm_learns_by_what_its_name_says():
    images, labels = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)), torch.tensor([1, 2, 3, 4])
    with torch.no_grad():
        networks = {arm: claim.network_of(arm, 0).eval() for arm in claim.ARMS}
        logits = {arm: network(images) for arm, network in networks.items()}

        def loss(arm):
            torch.manual_seed(1)
            return float(claim.loss_of(arm, networks[arm], images, labels))

        assert torch.equal(logits[claim.LEARNED], logits[claim.MIXUP])
        assert torch.equal(logits[claim.UNMIXED], logits[claim.MIXING])
        assert loss(claim.LEARNED) == pytest.approx(float(cross_entropy(logits[claim.LEARNED], labels)))
        assert loss(claim.UNMIXED) == pytest.approx(float(cross_entropy(2 * logits[claim.UNMIXED], labels)))
        assert loss(claim.MIXUP) != pytest.approx(loss(claim.LEARNED), rel=1e-4)
        torch.manual_seed(1)
        expected = float(networks[claim.MIXING].loss(images, labels))
        assert loss(claim.MIXING) == pytest.approx(expected)
