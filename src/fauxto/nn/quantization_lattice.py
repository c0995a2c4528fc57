"""Does each 8 x 8 block keep to the steps that the rest of the picture's DCT coefficients keep to?"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 8
STEPS = (*range(2, 25), 28, 32)
"""Quantization steps that are looked for; a step of 1 is lost in the rounding of the pixels."""

FREQUENCIES = (
    ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)),
    ((1, 2), (2, 1), (0, 3), (3, 0), (2, 2)),
    ((1, 3), (3, 1), (0, 4), (4, 0), (2, 3)),
    ((3, 2), (1, 4), (4, 1), (3, 3), (0, 5)),
)
"""Rows and columns of the coefficients that are read, in four groups from low to high."""

FEW = 4.0
"""Added to a count of coefficients, so that a handful of them shows no step."""

SURE, UNSURE, FLOOR = 0.25, (0.15, 0.9), 0.05


class QuantizationLattice(nn.Module):
    """`(n, 3, h, w)` in [0, 1], sides multiples of 8, to `(n, 20, h / 8, w / 8)`; nothing in it is trained.

    A JPEG that was opened and saved without loss still has the DCT coefficients of its brightness on multiples of its
    quantization steps, and one saved again keeps a blurred trace of the first steps; a part that comes from elsewhere
    keeps to other steps, or to another grid. For a coefficient c and a step q, 1 - 12 (c / q - round(c / q))^2 is 1 on
    a multiple and 0 in the mean over random values. Its mean over the picture's coefficients beyond q / 2 tells how far
    the picture keeps to q. Each block is then read by the steps that the picture keeps to. In order, each for the four
    groups of frequencies: how far the block leaves the sure steps, how far it leaves the half-sure ones (of an earlier
    save), how much of the block speaks (log magnitude), how many steps are sure, and half-sure (the same for all
    blocks). The block artifacts of Ye et al. (ICME 2007), with the picture's steps found by their lattice.

    The grid is that of the first pixel: of a picture that was cropped since, off the grid, it reads nothing.
    """

    channels = 5 * len(FREQUENCIES)

    def __init__(self) -> None:
        super().__init__()
        places = [place for group in FREQUENCIES for place in group]
        self.kernels: Tensor
        self.steps: Tensor
        self.register_buffer("kernels", torch.stack([_cosine(*p) for p in places])[:, None], persistent=False)
        self.register_buffer("steps", torch.tensor(STEPS, dtype=torch.float32).view(1, 1, -1, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        red, green, blue = pixels[:, :1], pixels[:, 1:2], pixels[:, 2:]
        grey = 255 * (0.299 * red + 0.587 * green + 0.114 * blue)
        coefficients = functional.conv2d(grey, self.kernels, stride=SIDE)
        found: list[list[Tensor]] = []
        for group in coefficients.split([len(g) for g in FREQUENCIES], dim=1):
            found.append(self._read(group))
        return torch.cat([part for kind in zip(*found, strict=True) for part in kind], 1)

    def _read(self, group: Tensor) -> list[Tensor]:
        """The five numbers of each block for one group of frequencies `(n, f, y, x)`, each `(n, 1, y, x)`."""
        ratio = group[:, :, None] / self.steps
        keeps = 1 - 12 * (ratio - torch.floor(ratio + 0.5)).square()
        beyond = (ratio.abs() > 0.5).to(keeps.dtype)
        kept = (keeps * beyond).sum((3, 4), keepdim=True) / (beyond.sum((3, 4), keepdim=True) + FEW)
        sure = functional.relu(kept - SURE).square()
        low, high = UNSURE
        half = functional.relu(kept - low) * functional.relu(high - kept)
        apart = 1 - keeps
        leaves = [
            (weight * apart).sum((1, 2)) / (weight.sum((1, 2)) + FLOOR) for weight in (sure, half)
        ]  # means over frequencies and steps
        loud = (group.abs() + 1).log().mean(1)
        ones = torch.ones_like(loud)
        strength = [weight.sum((1, 2)) * ones for weight in (sure, half)]
        return [part[:, None] for part in (*leaves, loud, *strength)]


def _cosine(row: int, column: int) -> Tensor:
    """The orthonormal 8 x 8 DCT's basis at a place: the coefficients then have JPEG's units."""
    phase = (torch.arange(SIDE, dtype=torch.float64) + 0.5) * math.pi / SIDE
    scale = [math.sqrt((1 if k == 0 else 2) / SIDE) for k in (row, column)]
    across = scale[1] * (column * phase).cos()
    return ((scale[0] * (row * phase).cos())[:, None] * across[None]).float()
