"""Constraints on weights: clipping (WGAN, Arjovsky et al. 2017) and orthogonality (Brock et al. 2019)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.no_grad()
def clip_weights(network: nn.Module, bound: float = 0.01) -> None:
    """Clamp every parameter to [-bound, bound]."""
    parameters: list[torch.Tensor] = list(network.parameters())
    torch._foreach_clamp_min_(parameters, -bound)
    torch._foreach_clamp_max_(parameters, bound)


def orthogonality(network: nn.Module) -> Tensor:
    """Sum over weight matrices of |W W^T with its diagonal put to 0|^2: rows apart, lengths free (BigGAN, eq. 3)."""
    total = torch.zeros(())
    for parameter in network.parameters():
        if parameter.ndim >= 2:
            rows = parameter.flatten(1)
            products = rows @ rows.T
            total = total.to(products) + products.square().sum() - products.diagonal().square().sum()
    return total
