"""Affine maps of the plane and of colour space as homogeneous matrices, one for each picture of a batch."""

from __future__ import annotations

import torch
from torch import Tensor


def scale(factors: Tensor) -> Tensor:
    """Factors `(n, d)` to `(n, d + 1, d + 1)`: each coordinate times its factor."""
    return torch.cat((factors, torch.ones_like(factors[:, :1])), 1).diag_embed()


def translate(offsets: Tensor) -> Tensor:
    """Offsets `(n, d)` to `(n, d + 1, d + 1)`: each coordinate plus its offset."""
    count, size = offsets.shape
    matrix = torch.eye(size + 1, device=offsets.device, dtype=offsets.dtype).repeat(count, 1, 1)
    matrix[:, :size, size] = offsets
    return matrix


def rotate(angles: Tensor) -> Tensor:
    """Angles `(n,)` in radians to `(n, 3, 3)`: (x, y) to (x cos - y sin, x sin + y cos)."""
    cosine, sine = angles.cos(), angles.sin()
    matrix = torch.eye(3, device=angles.device, dtype=angles.dtype).repeat(len(angles), 1, 1)
    matrix[:, 0, 0], matrix[:, 0, 1] = cosine, -sine
    matrix[:, 1, 0], matrix[:, 1, 1] = sine, cosine
    return matrix


def about_grey(angles: Tensor) -> Tensor:
    """Angles `(n,)` to `(n, 4, 4)`: colours turned about the grey axis (1, 1, 1), by Rodrigues' formula."""
    axis = torch.full((3,), 3**-0.5, device=angles.device, dtype=angles.dtype)
    cross = torch.linalg.cross(axis.expand(3, 3), torch.eye(3, device=angles.device, dtype=angles.dtype)).T
    cosine, sine = angles.cos()[:, None, None], angles.sin()[:, None, None]
    turn = cosine * torch.eye(3, device=angles.device) + sine * cross + (1 - cosine) * torch.outer(axis, axis)
    matrix = torch.eye(4, device=angles.device, dtype=angles.dtype).repeat(len(angles), 1, 1)
    matrix[:, :3, :3] = turn
    return matrix


def grey_and_colour(grey: Tensor, colour: Tensor) -> Tensor:
    """`(n,)` and `(n,)` to `(n, 4, 4)`: the part of a colour along the grey axis, and the rest, times a factor each."""
    along = torch.full((3, 3), 1 / 3, device=grey.device, dtype=grey.dtype)
    across = torch.eye(3, device=grey.device, dtype=grey.dtype) - along
    matrix = torch.eye(4, device=grey.device, dtype=grey.dtype).repeat(len(grey), 1, 1)
    matrix[:, :3, :3] = grey[:, None, None] * along + colour[:, None, None] * across
    return matrix
