"""GM-GAN's mixture against closed forms; its losses, its training and its clusters on data of known parts."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal
from torch.nn import functional

from fauxto.errors import FauxtoError, InputError
from fauxto.generate.gan.dcgan import DCGANGenerator
from fauxto.generate.gan.interface import Generator
from fauxto.generate.gm_gan import GMGAN, GaussianMixture, Schedule
from fauxto.nn.perceptron import perceptron


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


def test_bad_input_is_refused_and_divergence_is_said():
    mixture = GaussianMixture(2, 2)
    with pytest.raises(InputError, match="spread"):
        mixture.draw(3, spread=-1.0)
    gan = GMGAN.perceptrons(mixture, 2, (4,))
    with pytest.raises(InputError, match="fewer than a batch"):
        gan.fit(torch.zeros(3, 2))
    with pytest.raises(FauxtoError, match="diverged at step 0"):
        gan.fit(torch.full((8, 2), torch.nan), Schedule(steps=2, batch=4))


def test_only_a_dynamic_mixture_moves_and_a_seed_repeats():
    samples = torch.randn(32, 3, generator=random())
    for dynamic in (False, True):
        gans = []
        for _ in range(2):
            mixture = GaussianMixture(3, 4, dynamic=dynamic, shape="full")
            gans.append(GMGAN.perceptrons(mixture, 3, (8,)).fit(samples, Schedule(steps=3, batch=8)))
        start = GaussianMixture(3, 4, shape="full")
        assert torch.equal(start.means, gans[0].mixture.means) is not dynamic
        assert torch.equal(start.factors, gans[0].mixture.factors) is not dynamic
        assert torch.equal(gans[0].sample(5)[0], gans[1].sample(5)[0])


def test_the_losses_with_and_without_labels():
    real, fake = torch.randn(4, 3, generator=random(1)), torch.randn(4, 3, generator=random(2))
    plain = GMGAN.perceptrons(GaussianMixture(4, 2), 3, (5,))
    logits = plain.discriminator(torch.cat((real, fake)))[:, 0].detach().double().sigmoid()
    expected = -logits[:4].log().mean() - (1 - logits[4:]).log().mean()
    assert plain._judged(real, None, fake).item() == pytest.approx(float(expected), rel=1e-5)
    told = GMGAN.perceptrons(GaussianMixture(4, 2), 3, (5,), classes=2)
    labels, components = torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 2, 3])
    said = told.discriminator(torch.cat((real, fake))).log_softmax(1)
    expected = -said[range(4), labels].mean() - said[4:, 2].mean()
    assert told._judged(real, labels, fake).item() == pytest.approx(float(expected), rel=1e-5)
    expected = functional.cross_entropy(told.discriminator(fake), torch.tensor([0, 1, 0, 1]))
    assert told._pleased(fake, components).item() == pytest.approx(float(expected), rel=1e-5)


def test_real_samples_are_clustered_by_the_gaussian_that_makes_their_like():
    mixture = GaussianMixture(2, 2, bound=1.0, sigma=0.05)
    with torch.no_grad():
        mixture.means.copy_(torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
    gan = GMGAN(mixture, torch.nn.Identity(), perceptron(2, 4, 1))
    real = torch.tensor([[-0.9, 0.1], [1.1, 0.0], [-1.1, -0.1], [0.9, 0.05]])
    assert gan.cluster(real).tolist() == [0, 1, 0, 1]


def test_the_mixture_feeds_a_generator_of_the_toolkit():
    inner = DCGANGenerator(latent_size=8, width=2)
    assert isinstance(inner, Generator)
    samples, components = GMGAN(GaussianMixture(3, inner.latent_size), inner, torch.nn.Identity()).sample(4)
    assert samples.shape == (4, 3, 32, 32) and components.shape == (4,)
