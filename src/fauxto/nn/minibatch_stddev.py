"""How much the pictures of a batch differ, as one more channel (Karras et al., ICLR 2018): it gives collapse away."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MinibatchStddev(nn.Module):
    """`(n, c, h, w)` to `(n, c + 1, h, w)`: the standard deviation within a group, averaged over channels and pixels.

    A group has `group` pictures; fewer when the batch is smaller or `group` does not divide it, the most that do.
    Picture i belongs to group i modulo the number of groups.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        count = x.shape[0]
        size = next(size for size in range(min(self.group, count), 0, -1) if count % size == 0)
        groups = x.unflatten(0, (size, count // size))
        deviation = (groups.var(0, correction=0) + 1e-8).sqrt().mean((1, 2, 3))
        plane = deviation.repeat(size)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        return torch.cat([x, plane], 1)
