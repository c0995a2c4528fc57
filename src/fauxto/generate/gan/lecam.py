"""LeCam regularization: logits may not run away from where the other side's have been (Tseng et al. 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu


class LeCam(nn.Module):
    """Moving averages of the mean logit on real and on generated pictures; they travel with a checkpoint."""

    def __init__(self, decay: float = 0.99) -> None:
        super().__init__()
        self.decay = decay
        self.real: Tensor
        self.fake: Tensor
        self.seen: Tensor
        for name in ("real", "fake"):
            self.register_buffer(name, torch.zeros(()))
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))

    @torch.no_grad()
    def follow(self, real: Tensor, fake: Tensor) -> None:
        """Move the averages towards the means of `(n,)` logits; the first batch sets them."""
        weight = 1 - self.decay if self.seen else 1.0
        self.real.lerp_(real.detach().float().mean(), weight)
        self.fake.lerp_(fake.detach().float().mean(), weight)
        self.seen += 1

    def forward(self, real: Tensor, fake: Tensor) -> Tensor:
        """The penalty: how far real logits lie above the fakes' average, and fake ones below the reals', squared."""
        return relu(real - self.fake).square().mean() + relu(self.real - fake).square().mean()
