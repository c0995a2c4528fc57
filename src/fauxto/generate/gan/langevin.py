"""Langevin sampling of what generator and discriminator believe together (DDLS; Che et al., NeurIPS 2020)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from fauxto.generate.gan.interface import Discriminator, Generator


def langevin(
    generator: Generator,
    discriminator: Discriminator,
    latents: Tensor,
    labels: Tensor | None = None,
    *,
    steps: int = 50,
    rate: float = 0.01,
    noise: float = 1.0,
    decay: float = 1.0,
    decay_every: int = 0,
    random: torch.Generator | Sequence[torch.Generator] | None = None,
) -> Tensor:
    """Latents after `steps` of z <- z - rate/2 dE/dz + sqrt(rate) noise N(0, 1), E(z) = |z|^2 / 2 - D(G(z)).

    Starts at `latents` `(n, latent_size + codes.width)` from the normal prior; codes stay as they are. The standard
    deviation of the noise is `noise` (StudioGAN's setting of that name is a variance). Every `decay_every` steps rate
    and noise are multiplied by `decay`. Networks should be in evaluation mode. `random` lives on the CPU; one for each
    latent makes each way its own, whatever else is in the batch.
    """
    size = generator.latent_size
    moving, codes = latents[:, :size].detach(), latents[:, size:].detach()
    for step in range(1, steps + 1):
        moving = moving.requires_grad_(True)
        judged = discriminator(generator(torch.cat([moving, codes], 1), labels), labels).adversarial
        energy = moving.square().sum() / 2 - judged.sum()
        (slope,) = torch.autograd.grad(energy, moving)
        if isinstance(random, Sequence):
            kick = torch.stack([torch.randn(size, generator=one) for one in random]).to(moving)
        else:
            kick = torch.randn(moving.shape, generator=random).to(moving)
        moving = (moving - rate / 2 * slope + rate**0.5 * noise * kick).detach()
        if decay_every and step % decay_every == 0:
            rate, noise = rate * decay, noise * decay
    return torch.cat([moving, codes], 1)
