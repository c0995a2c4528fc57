"""What the fine residuals of each 8 x 8 block look like, as fixed numbers: the input of a small localizer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.nn.residual import HighPass, HighPassCells

BLOCK = 8
"""Pixels a side of a block: that of a JPEG."""

QUIET = 0.08
"""Bounded residuals below this count as quiet, in proportion; one grey level of the bound's 0.1 is 0.04."""

LAGS = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))
"""Rows and columns between the two residuals that are multiplied."""

FLOOR = 1e-3
"""Added before each logarithm: an eighth of a grey level in the units of the residuals."""


class ResidualStatistics(nn.Module):
    """`(n, 3, h, w)` in [0, 1], sides multiples of 16, to `(n, 86, h / 8, w / 8)`; nothing in it is trained.

    In order: the log mean magnitude of 9 bounded second differences in each of the 4 phases of a 2x2 cell (36: noise,
    and what demosaicking and up-sampling leave in it); the same at half and at a quarter of the size, without phases
    (18: texture, beside which noise has to be judged); the share of quiet residuals (9: what inpainting and quantising
    leave); correlations of the residual with its neighbours (5); the first difference by column and by row of the
    block, beside its mean (16: the grid of a JPEG); mean and spread of the brightness (2).
    """

    channels = 86

    def __init__(self) -> None:
        super().__init__()
        self.cells, self.high = HighPassCells(), HighPass(bound=1.0)
        phases = torch.zeros(BLOCK, 1, BLOCK, BLOCK)
        for phase in range(BLOCK):
            phases[phase, 0, :, phase] = 1 / BLOCK
        self.columns: Tensor
        self.rows: Tensor
        self.register_buffer("columns", phases, persistent=False)
        self.register_buffer("rows", phases.transpose(2, 3).contiguous(), persistent=False)

    def forward(self, pixels: Tensor, cells: Tensor | None = None) -> Tensor:
        """See the class; `cells` are what `HighPassCells` makes of the pixels, where somebody has them already."""
        cells = self.cells(pixels) if cells is None else cells
        size = cells.abs()
        quiet = functional.avg_pool2d((1 - size / QUIET).clamp(min=0), BLOCK // 2)
        half = functional.avg_pool2d(pixels, 2)
        quarter = functional.avg_pool2d(half, 2)
        grey = pixels.mean(1, keepdim=True)
        brightness = functional.avg_pool2d(grey, BLOCK)
        spread = functional.avg_pool2d(grey.square(), BLOCK) - brightness.square()
        parts = [
            _logarithm(functional.avg_pool2d(size, BLOCK // 2)),
            _logarithm(functional.avg_pool2d(self.high(half).abs(), BLOCK // 2)),
            _logarithm(functional.avg_pool2d(self.high(quarter).abs(), BLOCK // 4)),
            sum((quiet[:, phase::4] for phase in range(1, 4)), start=quiet[:, ::4]) / 4,
            self._correlations(grey),
            self._grid(grey),
            brightness,
            (spread.clamp(min=0) + FLOOR**2).sqrt().log(),
        ]
        return torch.cat(parts, dim=1)

    def _correlations(self, grey: Tensor) -> Tensor:
        """Mean product of the residual with itself some pixels away over its mean square, `(n, 5, h / 8, w / 8)`."""
        residual = self.high(grey.expand(-1, 3, -1, -1))[:, 2:3]
        power = functional.avg_pool2d(residual.square(), BLOCK) + FLOOR**2
        height, width = residual.shape[2:]
        framed = functional.pad(residual, (0, 2, 0, 2), mode="replicate")
        products = [residual * framed[..., y : y + height, x : x + width] for y, x in LAGS]
        return functional.avg_pool2d(torch.cat(products, 1), BLOCK) / power

    def _grid(self, grey: Tensor) -> Tensor:
        """Log mean magnitude of the first difference in each column, then row, of a block, less that of the block."""
        framed = functional.pad(grey, (1, 0, 1, 0), mode="replicate")
        across = (framed[..., 1:, 1:] - framed[..., 1:, :-1]).abs()
        down = (framed[..., 1:, 1:] - framed[..., :-1, 1:]).abs()
        found = []
        for values, kernel in ((across, self.columns), (down, self.rows)):
            by_phase = functional.conv2d(values, kernel, stride=BLOCK)
            found.append(_logarithm(by_phase) - _logarithm(by_phase.mean(1, keepdim=True)))
        return torch.cat(found, 1)


def _logarithm(values: Tensor) -> Tensor:
    return (values + FLOOR).log()
