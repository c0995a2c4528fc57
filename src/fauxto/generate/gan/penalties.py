"""Gradient penalties: how steep the discriminator may be, and where.

`logits` is a function of pictures `(n, c, h, w)` to `(n,)`: a discriminator with its labels filled in. Each penalty is
a scalar that can be differentiated by the discriminator's parameters; its weight is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Logits = Callable[[Tensor], Tensor]


def squared_slopes(logits: Logits, pictures: Tensor) -> Tensor:
    """The squared length of the gradient of each logit by its picture, `(n,)`."""
    pictures = pictures.detach().requires_grad_(True)
    (slopes,) = torch.autograd.grad(logits(pictures).sum(), pictures, create_graph=True)
    return slopes.flatten(1).square().sum(1)


def between(real: Tensor, fake: Tensor) -> Tensor:
    """A random point on the line from each real to a fake picture."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
    return share * real + (1 - share) * fake


def around(real: Tensor, reach: float = 0.5) -> Tensor:
    """Real pictures moved by noise of up to `reach` standard deviations of the batch, by a random share."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device, dtype=real.dtype)
    return real + share * reach * real.std() * torch.rand_like(real)


def unit_slope(logits: Logits, pictures: Tensor) -> Tensor:
    """Mean of (slope - 1) squared: WGAN-GP (Gulrajani et al. 2017) `between`, DRAGAN (Kodali et al. 2017) `around`."""
    return (_root(squared_slopes(logits, pictures)) - 1).square().mean()


def steepest(logits: Logits, pictures: Tensor) -> Tensor:
    """The largest squared slope of the batch: LGAN (Zhou et al. 2019), `between`."""
    return squared_slopes(logits, pictures).amax()


def flat(logits: Logits, pictures: Tensor) -> Tensor:
    """Half the mean squared slope: R1 on real pictures, R2 on generated ones (Mescheder et al. 2018)."""
    return squared_slopes(logits, pictures).mean() / 2


def _root(squares: Tensor) -> Tensor:
    """The square root, whose own derivative stays finite where a slope is exactly 0."""
    return squares.clamp_min(torch.finfo(squares.dtype).tiny).sqrt()
