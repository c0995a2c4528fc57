"""GM-GAN's losses, its training and its clusters on data of known parts."""

import pytest
import torch
from torch.nn import functional

from fauxto.errors import FauxtoError, InputError
from fauxto.generate.gan.dcgan import DCGANGenerator
from fauxto.generate.gan.interface import Generator
from fauxto.generate.gm_gan import GMGAN, Schedule
from fauxto.nn.gaussian_mixture import GaussianMixture
from fauxto.nn.perceptron import perceptron


def random(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_bad_input_is_refused_and_divergence_is_said():
    gan = GMGAN.perceptrons(GaussianMixture(2, 2), 2, (4,))
    with pytest.raises(InputError, match="fewer than a batch"):
        gan.fit(torch.zeros(3, 2))
    with pytest.raises(FauxtoError, match="diverged by step 1"):
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
    assert told._judged(real, labels, fake).detach().item() == pytest.approx(float(expected), rel=1e-5)
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
