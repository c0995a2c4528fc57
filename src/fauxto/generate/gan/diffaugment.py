"""DiffAugment: the same differentiable changes to real and generated pictures (Zhao et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

from fauxto.generate.gan.consistency import shifted


def diffaugment(pictures: Tensor, cutout: float = 0.5) -> Tensor:
    """Colour, then translation by up to an eighth, then a hole of `cutout` of the sides; `(n, c, h, w)` in [-1, 1].

    Each picture gets its own draw. What is shifted in and what is cut out is 0.
    """
    return with_hole(shifted(recoloured(pictures), 1 / 8, mode="constant"), cutout)


def recoloured(pictures: Tensor) -> Tensor:
    """Brightness + U(-0.5, 0.5), saturation x U(0, 2) about the pixel's mean, contrast x U(0.5, 1.5) about the
    picture's.
    """
    brightness, saturation, contrast = torch.rand(3, len(pictures), 1, 1, 1, device=pictures.device).to(pictures.dtype)
    pictures = pictures + (brightness - 0.5)
    grey = pictures.mean(1, keepdim=True)
    pictures = grey + (pictures - grey) * (2 * saturation)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return mean + (pictures - mean) * (contrast + 0.5)


def with_hole(pictures: Tensor, share: float) -> Tensor:
    """A rectangle of `share` of the sides put to 0; its centre is uniform over the picture, so it may be cut off."""
    count, _, height, width = pictures.shape
    inside = []
    for side in (height, width):
        size = int(side * share + 0.5)
        start = torch.randint(0, side + 1 - size % 2, (count, 1), device=pictures.device) - size // 2
        line = torch.arange(side, device=pictures.device)
        inside.append((line >= start) & (line < start + size))
    hole = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return pictures.masked_fill(hole, 0)
