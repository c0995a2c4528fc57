"""GM-GAN (Ben-Yosef and Weinshall, 2018): a GAN whose latents come from a mixture of Gaussians.

One connected cloud of latents that is mapped to separate classes has to cross the gaps between them; a mixture has not.
Which Gaussian a sample came from then tells its class, unasked, and scaling the Gaussians after training buys quality
with diversity.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.errors import InputError
from fauxto.generate.gan.adversarial import OBJECTIVES
from fauxto.generate.gan.loop import play
from fauxto.nn.gaussian_mixture import GaussianMixture
from fauxto.nn.perceptron import perceptron

CARD = Card(
    slug="gm-gan",
    kinds=("generator",),
    title="Gaussian mixture generative adversarial networks for diverse datasets, and the unsupervised clustering of "
    "images",
    venue="arXiv",
    year=2018,
    idea="Draw the latent from a mixture of Gaussians, fixed or learned, and leave the rest of the GAN as it is: the "
    "Gaussians come to stand for the parts of the data.",
    input=Input(size=None, resize="required", crop="whole samples, flattened", range="any of unit scale"),
    output="samples, and the Gaussian of each; clusters of real samples; quality and diversity",
    claim="On a ring of eight modes a mixture puts at most half as many samples between the modes as one Gaussian of "
    "the same covariance and finds no fewer modes; on digits the Gaussians' purity is at least 20 points above that of "
    "a split of one Gaussian, clusters of real digits beat k-means, and the spread trades quality for diversity.",
    choices=(
        'sigma is a deviation, A = sigma I, as in reimplementations; reading = "covariance" is Sigma = sigma I.',
        "The dynamic mixture starts as the static one and moves with the generator's optimizer, at its rate.",
        "Supervised training gives the discriminator one more class, for fakes, under softmax cross-entropy.",
        "Quality and diversity are defined by us: the paper's formulas could not be established.",
        "Adam with betas 0.5 and 0.999; the paper's are not established.",
        "The networks are perceptrons; the mixture also feeds any generator of the GAN toolkit, in place of its prior.",
    ),
    fails_on=(
        "A Gaussian need not be a class: one class may take several, several may share one.",
        "A learned mixture has nothing that keeps its Gaussians apart: watch `separation`.",
    ),
    source="https://arxiv.org/abs/1808.10356",
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a GM-GAN is trained."""

    steps: int = 5000
    batch: int = 64
    rate: float = 2e-4
    beta1: float = 0.5
    beta2: float = 0.999


class GMGAN:
    """A mixture, a generator of its latents, and a discriminator of one logit, or of `classes + 1` when supervised.

    `generator` maps latents `(n, d)` to samples, `discriminator` samples to logits `(n, 1)` or `(n, classes + 1)`.
    """

    card = CARD

    def __init__(self, mixture: GaussianMixture, generator: nn.Module, discriminator: nn.Module) -> None:
        self.mixture, self.generator, self.discriminator = mixture, generator, discriminator

    @classmethod
    def perceptrons(
        cls, mixture: GaussianMixture, features: int, hidden: tuple[int, ...], *, classes: int = 0, seed: int = 0
    ) -> GMGAN:
        """Both networks as perceptrons of mirrored widths, from the seed alone; samples `(n, features)` in [-1, 1]."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            generator = perceptron(mixture.size, *hidden, features, last=nn.Tanh())
            discriminator = perceptron(features, *hidden[::-1], classes + 1)
        return cls(mixture, generator, discriminator)

    def fit(
        self, samples: Tensor, schedule: Schedule | None = None, seed: int = 0, labels: Tensor | None = None
    ) -> GMGAN:
        """Train on samples `(n, ...)`; with labels `(n,)` Gaussian k is made to show class k mod classes.

        Errors: InputError for fewer samples than a batch; FauxtoError, code "diverged", for a loss that is no number.
        """
        how = schedule or Schedule()
        if len(samples) < how.batch:
            raise InputError(f"{len(samples)} samples are fewer than a batch of {how.batch}.", fix="Give more.")
        play(_Rounds(self, samples, labels, how, seed), how.steps)
        return self

    def _judged(self, real: Tensor, labels: Tensor | None, fake: Tensor) -> Tensor:
        """What the discriminator minimises."""
        said = self.discriminator(torch.cat((real, fake)))
        if labels is None:
            return OBJECTIVES["vanilla"].discriminator(said[: len(real), 0], said[len(real) :, 0])
        as_fake = torch.full_like(labels, said.shape[1] - 1)
        return functional.cross_entropy(said[: len(real)], labels) + functional.cross_entropy(
            said[len(real) :], as_fake
        )

    def _pleased(self, fake: Tensor, components: Tensor) -> Tensor:
        """What the generator, and a dynamic mixture, minimise."""
        said = self.discriminator(fake)
        if said.shape[1] == 1:
            return OBJECTIVES["vanilla"].generator(said[:, 0])
        return functional.cross_entropy(said, components % (said.shape[1] - 1))

    @torch.no_grad()
    def sample(self, count: int, seed: int = 0, spread: float = 1.0) -> tuple[Tensor, Tensor]:
        """Samples and their components; a `spread` below 1 raises quality, one above 1 diversity."""
        latents, components = self.mixture.draw(count, torch.Generator().manual_seed(seed), spread)
        return self.generator(latents), components

    def cluster(self, samples: Tensor, *, each: int = 200, seed: int = 0) -> np.ndarray:
        """A cluster in [0, K) for each real sample `(n, ...)`: the answer of a classifier that was trained to name the
        Gaussian of generated ones, `each` a Gaussian.
        """
        random = torch.Generator().manual_seed(seed)
        components = torch.arange(self.mixture.components).repeat_interleave(each)
        noise = torch.randn(len(components), self.mixture.size, generator=random)
        with torch.no_grad():
            made = self.generator(self.mixture(noise, components)).flatten(1).numpy()
        reader = MLPClassifier((64,), max_iter=25, batch_size=64, learning_rate_init=2e-3, random_state=seed)
        with warnings.catch_warnings():  # a fixed number of epochs is meant: that it could go on is no news
            warnings.simplefilter("ignore", ConvergenceWarning)
            reader.fit(made, components.numpy())
        return reader.predict(samples.flatten(1).numpy())


class _Rounds:
    """A GM-GAN in training: each step judges one draw of the mixture beside a batch, then pleases with it."""

    def __init__(self, gan: GMGAN, samples: Tensor, labels: Tensor | None, how: Schedule, seed: int) -> None:
        self.gan, self.samples, self.labels, self.how = gan, samples, labels, how
        self.number, self.losses = 0, torch.zeros(2)
        self.random = torch.Generator().manual_seed(seed)
        moving = [p for p in (*gan.generator.parameters(), *gan.mixture.parameters()) if p.requires_grad]
        settings: dict[str, Any] = {"lr": how.rate, "betas": (how.beta1, how.beta2), "fused": True}
        self.judge = torch.optim.Adam(gan.discriminator.parameters(), **settings)
        self.maker = torch.optim.Adam(moving, **settings)

    def step(self) -> None:
        """A turn of the discriminator, then one of the generator, on one draw."""
        chosen = torch.randint(len(self.samples), (self.how.batch,), generator=self.random)
        told = None if self.labels is None else self.labels[chosen]
        latents, components = self.gan.mixture.draw(self.how.batch, self.random)
        fake = self.gan.generator(latents)
        judged = _move(self.judge, lambda: self.gan._judged(self.samples[chosen], told, fake.detach()))
        pleased = _move(self.maker, lambda: self.gan._pleased(fake, components))
        self.number, self.losses = self.number + 1, torch.stack((judged, pleased))

    def unsound(self) -> list[str]:
        """The losses that are no numbers."""
        return [] if bool(self.losses.isfinite().all()) else ["losses"]


def _move(optimizer: torch.optim.Optimizer, loss: Callable[[], Tensor]) -> Tensor:
    """A step of an optimizer down a loss, which comes back without its gradient."""
    optimizer.zero_grad()
    value = loss()
    value.backward()
    optimizer.step()
    return value.detach()
