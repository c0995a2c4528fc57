"""GM-GAN (Ben-Yosef and Weinshall, 2018): a GAN whose latents come from a mixture of Gaussians.

One connected cloud of latents that is mapped to separate classes has to cross the gaps between them; a mixture has not.
Which Gaussian a sample came from then tells its class, unasked, and scaling the Gaussians after training buys quality
with diversity.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.errors import FauxtoError, InputError
from fauxto.generate.gan.adversarial import OBJECTIVES
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

Shape = Literal["scalar", "diagonal", "full"]


class GaussianMixture(nn.Module):
    """K Gaussians of equal weight over latents of `size` numbers: z = A_k noise + mu_k, Sigma_k = A_k A_k^T.

    Means are uniform in [-bound, bound]; all factors begin as a multiple of the identity and are one number, `size`
    numbers or a matrix a Gaussian. A `dynamic` mixture is learned, a static one never moves. Errors: InputError for no
    component, an empty latent or a sigma that is not positive.
    """

    def __init__(
        self,
        components: int = 10,
        size: int = 100,
        *,
        bound: float = 0.1,
        sigma: float = 0.15,
        reading: Literal["factor", "covariance"] = "factor",
        shape: Shape = "scalar",
        dynamic: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        if min(components, size) < 1 or not sigma > 0:
            raise InputError(
                f"A mixture has components, a size and a positive sigma; got {components}, {size}, {sigma}.",
                fix="Give, say, GaussianMixture(10, 100, sigma=0.15).",
            )
        self.components, self.size = components, size
        deviation = sigma if reading == "factor" else math.sqrt(sigma)
        means = (2 * torch.rand(components, size, generator=torch.Generator().manual_seed(seed)) - 1) * bound
        factors = {
            "scalar": torch.full((components, 1), deviation),
            "diagonal": torch.full((components, size), deviation),
            "full": deviation * torch.eye(size).repeat(components, 1, 1),
        }[shape]
        self.means = nn.Parameter(means, requires_grad=dynamic)
        self.factors = nn.Parameter(factors, requires_grad=dynamic)

    def forward(self, noise: Tensor, components: Tensor, spread: float = 1.0) -> Tensor:
        """Latents `(n, size)` of standard normal noise `(n, size)` and components `(n,)`; covariances times `spread`.

        Errors: InputError for a negative spread.
        """
        if spread < 0:
            raise InputError(f"A spread is not negative; got {spread}.", fix="Give 1 for the mixture as trained.")
        factors = self.factors[components]
        moved = factors * noise if factors.ndim == 2 else torch.einsum("nij,nj->ni", factors, noise)
        return math.sqrt(spread) * moved + self.means[components]

    def draw(self, count: int, random: torch.Generator | None = None, spread: float = 1.0) -> tuple[Tensor, Tensor]:
        """`count` latents and the component of each, int64 `(count,)`; `random` lives on the CPU."""
        components = torch.randint(self.components, (count,), generator=random).to(self.means.device)
        noise = torch.randn(count, self.size, generator=random).to(self.means)
        return self(noise, components, spread), components

    def matrices(self) -> Tensor:
        """A_k, `(components, size, size)`, whatever the shape of the factors."""
        if self.factors.ndim == 3:
            return self.factors
        return torch.diag_embed(self.factors.expand(-1, self.size))

    def log_joint(self, latents: Tensor) -> Tensor:
        """log p(z, k), `(n, components)`. Errors: RuntimeError of torch where a learned covariance is singular."""
        matrices = self.matrices()
        lower = torch.linalg.cholesky(matrices @ matrices.mT)
        gaussians = torch.distributions.MultivariateNormal(self.means, scale_tril=lower)
        return gaussians.log_prob(latents[:, None]) - math.log(self.components)

    def log_density(self, latents: Tensor) -> Tensor:
        """log p(z), `(n,)`."""
        return self.log_joint(latents).logsumexp(1)

    def assign(self, latents: Tensor) -> Tensor:
        """The most probable component of each latent, `(n,)`."""
        return self.log_joint(latents).argmax(1)

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean `(size,)` and covariance `(size, size)` of the whole: within Gaussians, and between their means."""
        matrices, mean = self.matrices(), self.means.mean(0)
        between = self.means - mean
        return mean, (matrices @ matrices.mT).mean(0) + between.T @ between / self.components

    def merged(self) -> GaussianMixture:
        """One static Gaussian with the moments of the whole: what the mixture has to be compared with."""
        with torch.no_grad():
            mean, covariance = self.moments()
            single = GaussianMixture(1, self.size, shape="full")
            single.means.copy_(mean[None])
            single.factors.copy_(torch.linalg.cholesky(covariance)[None])
        return single

    @torch.no_grad()
    def separation(self) -> tuple[float, float]:
        """The least distance of two means (infinite for one), and the least log-determinant of a covariance."""
        apart = torch.pdist(self.means)
        least = float(apart.min()) if len(apart) else math.inf
        return least, float(2 * torch.linalg.slogdet(self.matrices()).logabsdet.min())


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
        moving = [p for p in (*self.generator.parameters(), *self.mixture.parameters()) if p.requires_grad]
        settings: dict[str, Any] = {"lr": how.rate, "betas": (how.beta1, how.beta2), "fused": True}
        players = torch.optim.Adam(moving, **settings), torch.optim.Adam(self.discriminator.parameters(), **settings)
        random = torch.Generator().manual_seed(seed)
        for step in range(how.steps):
            chosen = torch.randint(len(samples), (how.batch,), generator=random)
            told = None if labels is None else labels[chosen]
            latents, components = self.mixture.draw(how.batch, random)
            fake = self.generator(latents)
            losses = []
            for player, optimizer in ((1, players[1]), (0, players[0])):
                optimizer.zero_grad()
                loss = self._judged(samples[chosen], told, fake.detach()) if player else self._pleased(fake, components)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            if not bool(torch.stack(losses).isfinite().all()):
                raise FauxtoError(
                    f"Training diverged at step {step}.", fix="Lower the rate or use another seed.", code="diverged"
                )
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
