"""One level of the orthonormal Haar transform on feature maps, and back; bands ordered and signed as PyWavelets'."""

from __future__ import annotations

import torch
from torch import Tensor


def haar_split(maps: Tensor) -> Tensor:
    """`(n, c, h, w)`, even sides, to `(n, c, 4, h / 2, w / 2)`: low, then horizontal, vertical and diagonal detail."""
    a, b = maps[..., ::2, ::2], maps[..., ::2, 1::2]
    c, d = maps[..., 1::2, ::2], maps[..., 1::2, 1::2]
    return torch.stack((a + b + c + d, a + b - c - d, a - b + c - d, a - b - c + d), dim=2) / 2


def haar_merge(bands: Tensor) -> Tensor:
    """The inverse: `(n, c, 4, h, w)` to `(n, c, 2 h, 2 w)`.

    >>> maps = torch.arange(32.0).view(1, 2, 4, 4)
    >>> bool((haar_merge(haar_split(maps)) == maps).all())
    True
    """
    low, horizontal, vertical, diagonal = bands.unbind(2)
    top = torch.stack((low + horizontal + vertical + diagonal, low + horizontal - vertical - diagonal), dim=-1)
    bottom = torch.stack((low - horizontal + vertical - diagonal, low - horizontal - vertical + diagonal), dim=-1)
    return torch.stack((top.flatten(-2), bottom.flatten(-2)), dim=-2).flatten(-3, -2) / 2
