"""The mixture against closed forms and scipy."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal

from fauxto.errors import InputError
from fauxto.nn.gaussian_mixture import GaussianMixture


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", ["scalar", "diagonal", "full"])
def test_the_density_is_scipys(shape):
    mixture = GaussianMixture(4, 3, bound=1.0, sigma=0.6, shape=shape, seed=2)
    with torch.no_grad():
        mixture.factors += 0.2 * torch.rand(mixture.factors.shape, generator=random())
    latents, _ = mixture.draw(40, random(1))
    matrices = mixture.matrices().detach().double().numpy()
    parts = np.stack(
        [
            multivariate_normal(mean, matrix @ matrix.T).logpdf(latents.double().numpy()) - math.log(4)
            for mean, matrix in zip(mixture.means.double().numpy(), matrices, strict=True)
        ],
        1,
    )
    np.testing.assert_allclose(mixture.log_joint(latents).detach(), parts, atol=2e-4)
    np.testing.assert_allclose(mixture.log_density(latents).detach(), np.log(np.exp(parts).sum(1)), atol=2e-4)
    assert mixture.assign(latents).tolist() == parts.argmax(1).tolist()


def test_what_is_drawn_has_the_moments_of_each_gaussian_and_of_the_whole():
    mixture = GaussianMixture(3, 2, bound=1.0, sigma=0.5, shape="full")
    with torch.no_grad():
        mixture.factors[1] = torch.tensor([[0.3, 0.0], [0.4, 0.1]])
    latents, components = mixture.draw(40_000, random(), spread=2.0)
    for k, matrix in enumerate(mixture.matrices().numpy()):
        own = latents[components == k].numpy()
        np.testing.assert_allclose(own.mean(0), mixture.means[k], atol=0.03)
        np.testing.assert_allclose(np.cov(own.T), 2 * matrix @ matrix.T, atol=0.03)
    np.testing.assert_allclose(np.bincount(components) / 40_000, np.full(3, 1 / 3), atol=0.015)
    latents = mixture.draw(40_000, random(1))[0].numpy()
    merged = mixture.merged().draw(40_000, random(2))[0].numpy()
    mean, covariance = (value.numpy() for value in mixture.moments())
    for drawn in (latents, merged):
        np.testing.assert_allclose(drawn.mean(0), mean, atol=0.03)
        np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.03)


def test_both_readings_of_sigma_and_the_separation():
    factor, covariance = (GaussianMixture(5, 7, sigma=0.15, reading=name) for name in ("factor", "covariance"))
    assert torch.equal(factor.means, covariance.means)
    assert factor.separation()[1] == pytest.approx(7 * 2 * math.log(0.15), rel=1e-5)
    assert covariance.separation()[1] == pytest.approx(7 * math.log(0.15), rel=1e-5)
    means = factor.means.numpy()
    least = min(np.linalg.norm(means[i] - means[j]) for i in range(5) for j in range(i))
    assert factor.separation()[0] == pytest.approx(least, rel=1e-5)
    assert math.isinf(GaussianMixture(1, 2).separation()[0])


def test_no_spread_leaves_the_means_and_the_noise_scales_by_its_root():
    mixture = GaussianMixture(3, 4)
    noise, components = torch.randn(6, 4, generator=random()), torch.arange(6) % 3
    assert torch.equal(mixture(noise, components, spread=0.0), mixture.means[components])
    moved = [mixture(noise, components, spread) - mixture.means[components] for spread in (1.0, 0.25)]
    torch.testing.assert_close(moved[1], moved[0] / 2)


@pytest.mark.parametrize("arguments", [(0, 4, 0.1), (3, 0, 0.1), (3, 4, 0.0)])
def test_what_is_no_mixture_is_refused(arguments):
    with pytest.raises(InputError, match="positive sigma"):
        GaussianMixture(arguments[0], arguments[1], sigma=arguments[2])


def test_a_spread_is_not_negative():
    with pytest.raises(InputError, match="spread"):
        GaussianMixture(2, 2).draw(3, spread=-1.0)
