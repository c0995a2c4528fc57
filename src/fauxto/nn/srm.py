"""The 30 linear high-pass filters of the spatial rich model (Fridrich and Kodovsky, IEEE TIFS 2012, section II)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

AROUND = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))
"""Row and column of the eight neighbours, line by line: the order of the first-order filters."""

LINES = ((-1, -1), (-1, 0), (-1, 1), (0, -1))
"""One end of each line through the centre: the order of the second-order filters."""

CLOCKWISE = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
"""The same neighbours clockwise from the top left: the order of the third-order filters."""

SQUARE_3 = ((-1, 2, -1), (2, -4, 2), (-1, 2, -1))
SQUARE_5 = ((-1, 2, -2, 2, -1), (2, -6, 8, -6, 2), (-2, 8, -12, 8, -2), (2, -6, 8, -6, 2), (-1, 2, -2, 2, -1))


def srm_bank() -> Tensor:
    """The filters as float32 `(30, 5, 5)`, 3x3 ones framed by zeros, each divided by its centre tap's magnitude.

    In order: 8 first differences, 4 second, 8 third, 4 edges of the 3x3 square (top, right, bottom, left), 4 of the
    5x5 one, the two squares. Every filter sums to 0. The order is that of the released PatchCraft weights; other
    libraries sort and flip theirs otherwise, so compare banks as sets.
    """
    first = [_taps({(0, 0): -1, end: 1}) for end in AROUND]
    second = [_taps({(0, 0): -2, (y, x): 1, (-y, -x): 1}) for y, x in LINES]
    third = [_taps({(0, 0): -3, (y, x): 3, (2 * y, 2 * x): -1, (-y, -x): 1}) for y, x in CLOCKWISE]
    square_3 = functional.pad(torch.tensor(SQUARE_3, dtype=torch.float32), (1, 1, 1, 1))
    square_5 = torch.tensor(SQUARE_5, dtype=torch.float32)
    bank = torch.stack([*first, *second, *third, *_edges(square_3), *_edges(square_5), square_3, square_5])
    return bank / bank[:, 2:3, 2:3].abs()


def same_filters(bank: Tensor, other: Tensor, tolerance: float = 1e-6) -> bool:
    """Whether two banks `(k, 5, 5)` hold the same filters, each once, in whatever order."""
    if bank.shape != other.shape:
        return False
    apart = (bank[:, None] - other[None]).abs().amax((-1, -2)) <= tolerance
    return bool((apart.sum(0) == 1).all() and (apart.sum(1) == 1).all())


class SRMFilters(nn.Module):
    """Each colour channel alone through all filters: `(n, c, h, w)` to `(n, 30 c, h, w)`, zeros beyond the border.

    Output channel `30 c + k` is filter k on channel c. The bank is the buffer `weight`, `(30, 1, 5, 5)`, in the state
    dict and never trained.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight: Tensor
        self.register_buffer("weight", srm_bank()[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """The residuals, in the units of `x`."""
        channels = x.shape[1]
        return functional.conv2d(x, self.weight.repeat(channels, 1, 1, 1), padding=2, groups=channels)


def _taps(values: dict[tuple[int, int], int]) -> Tensor:
    """A 5x5 kernel from its taps, by row and column relative to the centre."""
    kernel = torch.zeros(5, 5)
    for (row, column), value in values.items():
        kernel[2 + row, 2 + column] = value
    return kernel


def _edges(square: Tensor) -> list[Tensor]:
    """The square with one side beyond the centre line set to 0, four ways: what is left is top, right, bottom, left."""
    top, left = square.clone(), square.clone()
    top[3:], left[:, 3:] = 0, 0
    return [top, left.flip(1), top.flip(0), left]
