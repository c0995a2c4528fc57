"""Several views of one picture through one network: the batch that two-view and self-supervised losses are made of."""

from __future__ import annotations

from torch import Tensor, nn


def through_views(network: nn.Module, pixels: Tensor) -> Tensor:
    """`(n, v, 3, h, w)` to `(n, v, ...)`, all views in one pass; `(n, 3, h, w)` to the network's own `(n, ...)`.

    >>> import torch
    >>> through_views(nn.Flatten(), torch.zeros(4, 2, 3, 5, 5)).shape
    torch.Size([4, 2, 75])
    """
    if pixels.ndim == 4:
        return network(pixels)
    return network(pixels.flatten(0, 1)).unflatten(0, tuple(pixels.shape[:2]))
