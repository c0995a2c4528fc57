"""InfoGAN's second half: the codes of the latent, read off the picture (Chen et al., NeurIPS 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from fauxto.generate.gan.heads.layers import PLAIN, HeadLayers
from fauxto.generate.gan.interface import CodeGuess, Codes


class CodeHead(nn.Module):
    """Class logits of each discrete variable; mean and variance of the continuous ones.

    Its parameters are trained with the generator. `positions` turns summed features into their mean.
    """

    def __init__(self, features: int, codes: Codes, positions: int = 1, layers: HeadLayers = PLAIN) -> None:
        super().__init__()
        self.codes, self.positions = codes, positions
        self.discrete = self.mean = self.log_variance = None
        if codes.discrete:
            self.discrete = layers.linear(features, codes.discrete * codes.values, False)
        if codes.continuous:
            self.mean = layers.linear(features, codes.continuous, False)
            self.log_variance = layers.linear(features, codes.continuous, False)

    def forward(self, features: Tensor) -> CodeGuess:
        """`(n, features)` to what the codes probably were."""
        features = features / self.positions
        logits = None
        if self.discrete is not None:
            logits = self.discrete(features).unflatten(1, (self.codes.discrete, self.codes.values))
        if self.mean is None or self.log_variance is None:
            return CodeGuess(logits, None, None)
        return CodeGuess(logits, self.mean(features), self.log_variance(features).exp())
