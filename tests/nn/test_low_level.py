"""Residuals against numpy and scipy."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import save
from fauxto.nn.logits import log_sum_exp, mixture_logit
from fauxto.nn.low_level import DnCNN, MedianResidual, SquareResidual, UnitPower, read_dncnn

PIXELS = np.random.default_rng(0).random((2, 3, 12, 10))


def test_the_median_is_scipys():
    ours = MedianResidual()(torch.tensor(PIXELS)).numpy()
    expected = PIXELS - ndimage.median_filter(PIXELS, size=(1, 1, 3, 3), mode="nearest")
    np.testing.assert_array_equal(ours, expected)


def test_the_square_filter_is_scipys_and_blind_to_planes():
    kernel = np.array(
        [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]
    )
    part = SquareResidual().double()
    ours = part(torch.tensor(PIXELS)).numpy()
    expected = np.stack([[ndimage.correlate(c, kernel / 12, mode="mirror") for c in p] for p in PIXELS])
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    plane = torch.tensor(np.add.outer(np.arange(12.0), 2 * np.arange(10.0))).expand(1, 3, 12, 10)
    assert float(part(plane)[..., 2:-2, 2:-2].abs().max()) < 1e-5


def test_a_denoiser_has_the_published_names_and_size():
    names = list(DnCNN().state_dict())
    assert names[:4] == ["model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias"]
    assert names[-1] == "model.32.bias"
    assert sum(p.numel() for p in DnCNN().parameters()) == 2 * 27 * 64 + 64 + 3 + 15 * (64 * 64 * 9 + 64)


def test_the_mixture_is_the_logit_of_the_mean_probability_and_stays_finite():
    rng = np.random.default_rng(0)
    logits, weights = rng.normal(0, 3, (5, 4)), rng.dirichlet(np.ones(4), 5)
    p = (weights / (1 + np.exp(-logits))).sum(1)
    ours = mixture_logit(torch.tensor(logits), torch.tensor(np.log(weights)))
    assert ours.numpy() == pytest.approx(np.log(p / (1 - p)), abs=1e-9)
    extreme = mixture_logit(torch.full((1, 2), 200.0), torch.full((1, 2), np.log(0.5)))
    assert extreme.item() == pytest.approx(200, rel=1e-5)
    assert log_sum_exp(torch.tensor([[-1e4, -1e4]])).item() == pytest.approx(-1e4 + np.log(2))


def test_the_power_is_that_of_training_and_stays_in_evaluation():
    part = UnitPower(momentum=0.5).train()
    first, second = torch.full((2, 3, 4, 4), 2.0), torch.full((2, 3, 4, 4), 4.0)
    assert part(first).numpy() == pytest.approx(np.ones((2, 3, 4, 4)))
    part(second)
    assert part.power.item() == pytest.approx((4 + 16) / 2)
    part.eval()(first)
    assert part.power.item() == pytest.approx(10)
    assert set(part.state_dict()) == {"power", "batches"}


def test_a_published_denoiser_loads_strictly(tmp_path):
    file = tmp_path / "dncnn.safetensors"
    network = DnCNN(5, 8)
    save(file, network.state_dict())
    loaded = read_dncnn(file)
    x = torch.rand(1, 3, 16, 16)
    assert torch.equal(loaded(x), network(x))
    save(file, {**network.state_dict(), "model.99.bias": torch.zeros(3)})
    with pytest.raises(WeightError, match=r"model\.99\.bias"):
        read_dncnn(file)
    save(file, {"weight": torch.zeros(1)})
    with pytest.raises(WeightError, match="no DnCNN"):
        read_dncnn(file)
