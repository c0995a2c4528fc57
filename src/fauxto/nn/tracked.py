"""Modules that follow a mean while they train, as batch norm does, and can be told not to."""

from __future__ import annotations

from torch import Tensor, nn


class Tracked(nn.Module):
    """Follows moving averages in training mode while `tracking` is true."""

    tracking: bool = True

    def follow(self, average: Tensor, value: Tensor, decay: float) -> None:
        """Move the buffer `average` towards `value` in place, by 1 - decay; nothing when not tracking."""
        if self.training and self.tracking:
            average.copy_(value.detach().lerp(average, decay))
