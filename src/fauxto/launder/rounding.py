"""Rounding through which a gradient passes as if nothing had happened."""

from __future__ import annotations

import torch
from torch import Tensor


def straight(values: Tensor) -> Tensor:
    """The nearest whole numbers; the derivative is taken to be 1 (Bengio et al., 2013)."""
    return values + (torch.round(values) - values).detach()


def eight_bit(images: Tensor) -> Tensor:
    """Pixels in [0, 1] clipped and rounded to the 256 values of a file; no gradient where they were clipped.

    >>> (eight_bit(torch.tensor([-0.2, 0.5, 1.3])) * 255).tolist()
    [0.0, 128.0, 255.0]
    """
    return straight(images.clamp(0, 1) * 255) / 255


def half_up(images: Tensor) -> Tensor:
    """As `eight_bit`, with halves rounded up, as Pillow's resampling does it."""
    values = images.clamp(0, 1) * 255
    return (values + (torch.floor(values + 0.5 + 1e-4) - values).detach()) / 255
