"""Latent optimisation: move each latent a step towards what the discriminator likes (Wu et al. 2019, LOGAN)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def improved(
    latents: Tensor,
    score: Callable[[Tensor], Tensor],
    *,
    rate: float = 0.8,
    alpha: float = 0.9,
    beta: float = 0.1,
) -> tuple[Tensor, Tensor]:
    """The latents `(n, z)` after one natural-gradient step up `score`, clamped to [-1, 1], and the mean squared step.

    The step is alpha g / (beta + |g|^2), g the gradient of `score(latents)` `(n,)`; each latent takes it with
    probability `rate`. Gradients flow through g. One step is all that the published code ever takes, whatever it is
    asked for.
    """
    with torch.enable_grad():
        latents = latents.detach().requires_grad_(True)
        (slope,) = torch.autograd.grad(score(latents).sum(), latents, create_graph=True)
    step = alpha * slope / (beta + slope.square().sum(1, keepdim=True))
    taken = torch.rand(len(latents), 1, device=latents.device) < rate
    return (latents + taken * step).clamp(-1, 1), step.square().sum(1).mean()
