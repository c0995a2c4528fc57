"""Self-attention over the positions of a map, with pooled keys (Zhang et al., SAGAN, ICML 2019; BigGAN's form)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """`x + strength * attention(x)`: maps `(n, channels, h, w)` to the same shape, even sides.

    Queries and keys have an eighth of the channels, values a half, at least one; keys and values are max-pooled 2x2.
    `strength` is learned and starts at 0, so that a new layer changes nothing.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow, half = max(channels // 8, 1), max(channels // 2, 1)
        self.query = nn.Conv2d(channels, narrow, 1, bias=False)
        self.key = nn.Conv2d(channels, narrow, 1, bias=False)
        self.value = nn.Conv2d(channels, half, 1, bias=False)
        self.out = nn.Conv2d(half, channels, 1, bias=False)
        self.strength = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        queries = self.query(x).flatten(2)
        keys = functional.max_pool2d(self.key(x), 2).flatten(2)
        values = functional.max_pool2d(self.value(x), 2).flatten(2)
        attention = (queries.transpose(1, 2) @ keys).softmax(dim=2)
        seen = (values @ attention.transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.strength * self.out(seen)
