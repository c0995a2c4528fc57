"""Spectral normalisation (Miyato et al., ICLR 2018) of a whole network, through torch's parametrization."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _SpectralNorm, spectral_norm

EPSILON = 1e-6


def spectrally_normalise(network: nn.Module, skip: Collection[nn.Module] = ()) -> None:
    """Divide the weights of all convolutions, linear layers and embeddings by their largest singular value.

    One step of the power iteration a forward pass in training mode, none in evaluation, so that a network that is only
    used gives the same numbers twice (released code goes on iterating). Modules in `skip` are left as they are.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding) and module not in skip:
            spectral_norm(module, "weight", n_power_iterations=1, eps=EPSILON)


def parametrizations(network: nn.Module) -> Iterator[tuple[_SpectralNorm, torch.Tensor]]:
    """The spectral norms of a network, each with the weight that it divides."""
    for module in network.modules():
        if isinstance(module, parametrize.ParametrizationList):
            for parametrization in module:
                if isinstance(parametrization, _SpectralNorm):
                    yield parametrization, module.original


@torch.no_grad()
def settle(network: nn.Module, steps: int = 1) -> None:
    """Run the power iterations without a forward pass: after weights were loaded, averaged or set from outside."""
    for parametrization, weight in parametrizations(network):
        if weight.ndim > 1:
            parametrization._power_method(parametrization._reshape_weight_to_matrix(weight), steps)
