"""Spectral normalisation (Miyato et al., ICLR 2018) of a whole network, through torch's parametrization."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

EPSILON = 1e-6


def spectrally_normalise(network: nn.Module, skip: Collection[nn.Module] = ()) -> None:
    """Divide the weights of all convolutions, linear layers and embeddings by their largest singular value.

    One step of the power iteration a forward pass in training mode, none in evaluation, so that a network that is only
    used gives the same numbers twice (released code goes on iterating). Modules in `skip` are left as they are.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding) and module not in skip:
            spectral_norm(module, "weight", n_power_iterations=1, eps=EPSILON)
