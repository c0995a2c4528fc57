"""A mixture of Gaussians, fixed or learned: latents of several parts."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from fauxto.errors import InputError

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
