"""Batch norm whose gain and offset depend on a condition (de Vries et al., NeurIPS 2017)."""

from __future__ import annotations

from torch import Tensor, nn

EPSILON = 1e-4
"""Of every batch norm of StudioGAN's generators and discriminators; torch's own is 1e-5."""


class ConditionalBatchNorm(nn.Module):
    """`norm(x) * (1 + A c) + B c`: maps `(n, channels, h, w)` and conditions `(n, condition)`.

    With `condition` 0 it is a batch norm with a gain and an offset of its own, and the condition is ignored. `bias` is
    that of A and B.
    """

    def __init__(self, channels: int, condition: int = 0, *, epsilon: float = EPSILON, bias: bool = False) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, eps=epsilon, affine=condition == 0)
        self.gain = nn.Linear(condition, channels, bias=bias) if condition else None
        self.offset = nn.Linear(condition, channels, bias=bias) if condition else None

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Same shape in and out."""
        x = self.norm(x)
        if self.gain is None or self.offset is None:
            return x
        return x * (1 + self.gain(condition))[:, :, None, None] + self.offset(condition)[:, :, None, None]
