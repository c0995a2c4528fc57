"""A moving average of a generator's weights, which makes better pictures than the generator itself."""

from __future__ import annotations

import copy

import torch
from torch import nn

from fauxto.nn.spectral_norm import parametrizations, settle


class WeightAverage:
    """`network` is a copy of `source` whose weights follow it: average <- decay average + (1 - decay) weight.

    Before step `start` it equals the source. Buffers of floating type (batch norm's statistics) are averaged too unless
    `average_buffers` is false, as in the StyleGANs, where they are copied. Spectral norms run power iterations of their
    own on the averaged weights: averaged singular vectors would be none.
    """

    def __init__(
        self, source: nn.Module, decay: float = 0.9999, start: int = 0, *, average_buffers: bool = True
    ) -> None:
        self.decay, self.start, self.average_buffers = decay, start, average_buffers
        self.network = copy.deepcopy(source).requires_grad_(False).eval()

    @torch.no_grad()
    def update(self, source: nn.Module, step: int, decay: float | None = None) -> None:
        """After the generator's step number `step`; `decay` overrides the fixed one (see `ramped_decay`)."""
        decay = (self.decay if decay is None else decay) if step >= self.start else 0.0
        for parameter, new in zip(self.network.parameters(), source.parameters(), strict=True):
            parameter.copy_(new.lerp(parameter, decay))
        vectors = {id(buffer) for norm, _ in parametrizations(self.network) for buffer in norm.buffers()}
        for buffer, latest in zip(self.network.buffers(), source.buffers(), strict=True):
            if id(buffer) not in vectors:
                average = self.average_buffers and buffer.is_floating_point()
                buffer.copy_(latest.lerp(buffer, decay) if average else latest)
        settle(self.network)


def ramped_decay(batch: int, step: int, half_life: float = 10_000.0, rampup: float | None = 0.05) -> float:
    """StyleGAN's decay: after `half_life` pictures an old weight counts half; early the half-life is shorter.

    `rampup` is the half-life as a share of the `batch * step` pictures seen so far; None for none.
    """
    pictures = half_life if rampup is None else min(half_life, batch * step * rampup)
    return 0.5 ** (batch / max(pictures, 1e-8))
