"""Ways between two latents."""

from __future__ import annotations

import torch
from torch import Tensor

NEARLY_PARALLEL = 1e-6


def lerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Straight: `(..., size)` and `(..., size)` to `(steps, ..., size)`, both ends included."""
    share = torch.linspace(0, 1, steps).to(start).view(-1, *[1] * start.ndim)
    return start + share * (end - start)


def slerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Along the great circle (Shoemake 1985), with lengths going straight from one to the other; shapes as `lerp`.

    Normal latents of many dimensions have nearly the same length, which the straight way leaves. Parallel and opposite
    latents have no great circle: there the way is straight.
    """
    lengths = start.norm(dim=-1, keepdim=True), end.norm(dim=-1, keepdim=True)
    first, last = (vector / length.clamp_min(1e-12) for vector, length in zip((start, end), lengths, strict=True))
    angle = torch.atan2((first - last).norm(dim=-1, keepdim=True), (first + last).norm(dim=-1, keepdim=True)) * 2
    share = torch.linspace(0, 1, steps).to(start).view(-1, *[1] * start.ndim)
    sine = torch.sin(angle)
    on_circle = (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * last) / sine
    return torch.where(sine > NEARLY_PARALLEL, on_circle * torch.lerp(*lengths, share), lerp(start, end, steps))
