"""Attention from one set of tokens to another, narrow inside, that starts as nothing."""

from __future__ import annotations

from torch import Tensor, nn


class CrossAttention(nn.Module):
    """What `queries` `(b, t, d)` read from `context` `(b, s, c)`, to be added to the queries: `(b, t, d)`.

    Layer norm on both sides, `heads` heads of `inner / heads` numbers, an output projection that starts at 0, so that a
    new module adds nothing. Vaswani et al., 2017, sect. 3.2.2; keys have no bias, which softmax could not see.
    """

    def __init__(self, width: int, context_width: int, inner: int, heads: int = 4) -> None:
        super().__init__()
        self.heads, self.inner, self.scale = heads, inner, (inner // heads) ** -0.5
        self.norm_queries, self.norm_context = nn.LayerNorm(width), nn.LayerNorm(context_width)
        self.query = nn.Linear(width, inner, bias=False)
        self.key = nn.Linear(context_width, inner, bias=False)
        self.value = nn.Linear(context_width, inner)
        self.out = nn.Linear(inner, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        """See the class."""
        context = self.norm_context(context)
        query = self._split(self.query(self.norm_queries(queries)))
        key, value = self._split(self.key(context)), self._split(self.value(context))
        attended = (query @ key.transpose(-1, -2) * self.scale).softmax(-1) @ value
        return self.out(attended.transpose(1, 2).reshape(queries.shape[0], queries.shape[1], self.inner))

    def _split(self, x: Tensor) -> Tensor:
        """`(b, t, inner)` to `(b, heads, t, inner / heads)`."""
        return x.reshape(x.shape[0], x.shape[1], self.heads, self.inner // self.heads).transpose(1, 2)
