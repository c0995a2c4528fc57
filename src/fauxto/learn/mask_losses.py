"""Losses of maps against masks."""

from __future__ import annotations

import torch
from torch import Tensor


def dice(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - Dice of sigmoid(logits) with the masks, `(n, h, w)` both, mean over the samples that have a mask; 0 if none.

    Milletari et al. (3DV 2016), with plain sums.
    """
    chances = logits.sigmoid().flatten(1)
    wanted = masks.flatten(1)
    has = wanted.amax(1) > 0
    both = 2 * (chances * wanted).sum(1) + 1
    apart = 1 - both / (chances.sum(1) + wanted.sum(1) + 1)
    return torch.where(has, apart, torch.zeros_like(apart)).sum() / has.sum().clamp(min=1)
