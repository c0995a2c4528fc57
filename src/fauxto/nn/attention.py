"""Multi-head attention with torch's parameters as plain matrix products, which export with a free batch."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Attention(nn.Module):
    """What `torch.nn.MultiheadAttention(width, heads)` computes and calls its parameters; sequence first.

    torch's own forward writes the batch of the traced example into the exported graph.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Queries `(q, n, width)` look at keys, which are the values too, `(k, n, width)`; gives `(q, n, width)`."""
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        inputs = (queries, keys, keys)
        q, k, v = (
            functional.linear(x, weight, bias).unflatten(2, (self.heads, -1)).permute(1, 2, 0, 3)
            for x, weight, bias in zip(inputs, weights, biases, strict=True)
        )
        attention = (q @ k.transpose(2, 3) / q.shape[3] ** 0.5).softmax(dim=3)
        return self.out_proj((attention @ v).permute(2, 0, 1, 3).flatten(2))
