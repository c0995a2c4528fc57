"""The weights that the two networks of a GAN begin with."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

from fauxto.nn.initial import Rule, initialise
from fauxto.nn.spectral_norm import spectrally_normalise


def set_weights(network: nn.Module, rule: Rule, *, spectral: bool, skip: Collection[nn.Module] = ()) -> None:
    """Fill all weights and, with `spectral`, put spectral norm over them, but not over the modules in `skip`."""
    initialise(network, rule)
    if spectral:
        spectrally_normalise(network, skip)
