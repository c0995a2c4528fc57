"""Initial weights of the networks of GANs, one rule for all their layers."""

from __future__ import annotations

from typing import Literal

from torch import nn

Rule = Literal["orthogonal", "normal", "xavier"]

FILL = {
    "orthogonal": nn.init.orthogonal_,
    "normal": lambda weight: nn.init.normal_(weight, 0, 0.02),
    "xavier": nn.init.xavier_uniform_,
}


def initialise(network: nn.Module, rule: Rule = "orthogonal") -> None:
    """Fill the weights of all convolutions, linear layers and embeddings; their biases become 0.

    Call it before `spectral_norm.spectrally_normalise`. Saxe et al., ICLR 2014 for orthogonal weights; DCGAN for
    normal ones of standard deviation 0.02.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
            FILL[rule](module.weight)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
