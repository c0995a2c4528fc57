"""TriDetect's claim: its statistics have oracles, and it can fail."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from fauxto.claims import tridetect as claim
from fauxto.data.worlds.camera import photograph
from fauxto.errors import InputError


def test_coverage_is_that_of_a_neighbour_search():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(50, 4)), rng.normal(0.5, 0.5, size=(40, 4))
    radius = NearestNeighbors(n_neighbors=6).fit(real).kneighbors(real)[0][:, 5]
    nearest = NearestNeighbors(n_neighbors=1).fit(fake).kneighbors(real)[0][:, 0]
    assert claim.coverage(real, fake, 5) == pytest.approx((nearest <= radius).mean())
    assert claim.coverage(real, real) == 1.0
    assert claim.coverage(real, real + 100) == 0.0


def test_band_energies_are_those_of_the_three_filters():
    picture = photograph(1, 32)
    values = np.pad(picture.astype(np.float64) / 255, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    across = (values[1:-1, :-2] - 2 * values[1:-1, 1:-1] + values[1:-1, 2:]) / 2
    down = (values[:-2, 1:-1] - 2 * values[1:-1, 1:-1] + values[2:, 1:-1]) / 2
    ours = claim._band_energies([picture]).exp().numpy()[0]
    assert ours[:2] == pytest.approx([(across[p::2] ** 2).mean() for p in (0, 1)], rel=1e-3)
    assert ours[2:4] == pytest.approx([(down[p::2] ** 2).mean() for p in (0, 1)], rel=1e-3)


def test_the_share_of_high_frequencies_is_one_for_a_checkerboard_and_less_for_a_photograph():
    board = (np.indices((16, 16)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    assert claim._high_share([board]) == pytest.approx(1.0)
    assert claim._high_share([photograph(1, 16)]) < 0.5


def test_the_claim_can_fail(monkeypatch):
    def free(first, second):
        return -(first.softmax(1) * second.log_softmax(1)).sum(1).mean()

    monkeypatch.setattr(claim, "swapped_prediction", free)
    monkeypatch.setattr(claim, "balanced_codes", lambda scores, *_: scores.softmax(1))
    result = claim.smoke()
    assert not result.holds
    assert result.measured < claim.AGREES
    assert [check.passed for check in result.checks[:3]] == [False, False, False]


def test_the_small_network_gives_prototypes_in_training_and_one_logit_after():
    network = claim.small_network()
    pixels = torch.rand(2, 3, 32, 32)
    assert network.train()(pixels).shape == (2, 3)
    assert network.eval()(pixels).shape == (2,)


def test_the_laptop_run_in_miniature_reports_every_part_and_does_not_hold_untrained():
    result = claim.laptop(seeds=(0, 1), train=12, test=8, epochs=1, toy_steps=2)
    assert not result.holds
    assert set(result.details["part holds"]) == {"discovery", "balance", "generalisation", "observable"}
    row = result.details["by seed"][0]
    assert {"tridetect", "binary", "without Sinkhorn", "observable"} == set(row)
    assert len(row["binary"]["AUC by member"]) == 6
    assert "Does not hold" in result.note


def test_the_full_claim_says_what_it_needs():
    with pytest.raises(InputError, match="GenImage"):
        claim.run("full")
