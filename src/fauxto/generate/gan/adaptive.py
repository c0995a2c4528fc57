"""How strongly to augment: the controller that ADA and APA share, and APA's one change."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(slots=True)
class Controller:
    """A probability that rises while the discriminator is too sure of real pictures, and falls when it is not.

    Every `interval` steps p moves by (pictures seen since) / (1000 `kilo_images`), up when the mean sign of the real
    logits is above `target`. Karras et al. 2020 (ADA), Jiang et al. 2021 (APA). Its fields are all its state.
    """

    target: float = 0.6
    kilo_images: float = 500.0
    interval: int = 4
    p: float = 0.0
    signs: float = 0.0
    seen: int = 0

    def see(self, signs: float, count: int) -> None:
        """Take note of `count` real logits of which the signs sum to `signs`."""
        self.signs += signs
        self.seen += count

    def adjust(self, step: int) -> None:
        """Move p where `step`, counted from 1, ends an interval."""
        if step % self.interval or not self.seen:
            return
        mean = self.signs / self.seen
        move = (mean > self.target) - (mean < self.target)
        self.p = min(1.0, max(0.0, self.p + move * self.seen / (self.kilo_images * 1000)))
        self.signs, self.seen = 0.0, 0


def deceived(real: Tensor, fake: Tensor, p: float) -> Tensor:
    """Each real picture replaced by a generated one with probability p: APA's way to slow the discriminator down."""
    if p <= 0:
        return real
    return torch.where(torch.rand(len(real), 1, 1, 1, device=real.device) < p, fake.detach(), real)
