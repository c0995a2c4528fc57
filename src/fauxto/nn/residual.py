"""Fixed 2x2 residuals: what is left of a picture when each cell's content is taken away."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def even(x: Tensor) -> Tensor:
    """Drop the last row or column of `(n, c, h, w)` where the side is odd, so that 2x2 cells tile the picture."""
    height, width = x.shape[-2:]
    return x[..., : height - height % 2, : width - width % 2]


class NeighbourResidual(nn.Module):
    """NPR(x) = x - U(D(x)): each pixel of an even-aligned 2x2 cell minus the cell's top-left pixel.

    D takes every second pixel from index 0, U repeats it; `(n, c, h, w)` to `(n, c, h, w)`, h and w even. Exactly 0 on
    a picture that was doubled by nearest-neighbour up-sampling, and blind to a constant. Tan et al., CVPR 2024, eq. 3.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The residual, in the units of `x`."""
        first = x[..., ::2, ::2]
        # torch's exporter overwrites a shared constant -1 where this dim is negative
        return x - first.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


class DiagonalHaar(nn.Module):
    """The diagonal band HH of one `bior1.3` wavelet level with symmetric extension, per channel.

    In the interior HH = (a - b - c + d) / 2 of the even-aligned cell [[a, b], [c, d]]: the analysis high-pass of
    bior1.3 is the Haar pair. The extension adds one sample on each side, the negative of its neighbour in each axis:
    `(n, c, h, w)` to `(n, c, h/2 + 2, w/2 + 2)`, h and w even. Oracle: `pywt.dwt2(x, "bior1.3", mode="symmetric")`.
    """

    def forward(self, x: Tensor) -> Tensor:
        """The diagonal band, in the units of `x`."""
        a, b = x[..., ::2, ::2], x[..., ::2, 1::2]
        c, d = x[..., 1::2, ::2], x[..., 1::2, 1::2]
        band = (a - b - c + d) / 2
        band = torch.cat((-band[..., :1, :], band, -band[..., -1:, :]), dim=-2)
        return torch.cat((-band[..., :1], band, -band[..., -1:]), dim=-1)


class HighPass(nn.Module):
    """Three fixed high-pass filters a channel, cut off at `bound`: horizontal and vertical second differences and the
    3x3 Laplacian-like kernel of the spatial rich model (Fridrich and Kodovsky, 2012).

    `(n, 3, h, w)` to `(n, 9, h, w)`; zero at the border row and column (mirrored edges). The bound keeps strong edges
    from drowning the traces and gives an int8 network a known range.
    """

    def __init__(self, bound: float = 0.1) -> None:
        super().__init__()
        self.bound = bound
        kernels = torch.tensor(
            [
                [[0.0, 0.0, 0.0], [1.0, -2.0, 1.0], [0.0, 0.0, 0.0]],
                [[0.0, 1.0, 0.0], [0.0, -2.0, 0.0], [0.0, 1.0, 0.0]],
                [[-1.0, 2.0, -1.0], [2.0, -4.0, 2.0], [-1.0, 2.0, -1.0]],
            ]
        )
        kernels = kernels / kernels.abs().sum((1, 2), keepdim=True) * 2
        self.register_buffer("kernels", kernels.repeat(3, 1, 1)[:, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The filtered and bounded channels divided by `bound`, so in [-1, 1]."""
        kernels: Tensor = self.kernels  # type: ignore[assignment]
        filtered = functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), kernels, groups=3)
        return (filtered / self.bound).clamp(-1.0, 1.0)


class HighPassCells(HighPass):
    """`HighPass`, then each 2x2 cell of its output as channels (`PixelUnshuffle(2)`), in one strided convolution.

    `(n, 3, h, w)` to `(n, 36, h / 2, w / 2)`, h and w even. Each phase of a cell has its own copy of the filter in a
    4x4 window. Six times as fast on a CPU as the two steps, and every row of weights is whole multiples of one number,
    so that an 8-bit graph computes it from 8-bit pixels without error (see `fauxto.learn.export`).
    """

    def __init__(self, bound: float = 0.1) -> None:
        super().__init__(bound)
        filters: Tensor = self.kernels  # type: ignore[assignment]
        spread = torch.zeros(len(filters), 3, 3, 3)
        spread[range(9), [0, 0, 0, 1, 1, 1, 2, 2, 2]] = filters[:, 0]
        self.register_buffer("weight", in_cells(spread / bound), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The filtered and bounded cells, in [-1, 1]; channels in the order of `PixelUnshuffle`."""
        weight: Tensor = self.weight  # type: ignore[assignment]
        framed = functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return functional.conv2d(framed, weight, stride=2).clamp(-1.0, 1.0)


class ColourCells(HighPassCells):
    """`HighPassCells`, and first differences of the colour differences R - G and B - G, as 16 more channels.

    `(n, 3, h, w)` to `(n, 52, h / 2, w / 2)`. A camera interpolates two of three colours at every pixel, and JPEG keeps
    colour at half resolution; a decoder makes all three at once. The steps of colour are small, so they have a bound of
    their own, 5 grey levels. (A linear classifier on co-occurrences of colour differences tells unseen generators from
    unseen sources better than one on those of brightness: mean AUC 0.66 to 0.57, `benchmarks/house_detector.md`.)
    """

    def __init__(self, bound: float = 0.1, colour_bound: float = 5 / 255) -> None:
        super().__init__(bound)
        steps = torch.zeros(4, 3, 3, 3)
        for colour, channel in enumerate((0, 2)):
            for place, ahead in enumerate(((1, 2), (2, 1))):
                own = steps[2 * colour + place]
                own[channel, 1, 1], own[channel, ahead[0], ahead[1]] = -1, 1
                own[1] = -own[channel]
        brightness: Tensor = self.weight  # type: ignore[assignment]
        self.register_buffer("weight", torch.cat((brightness, in_cells(steps / colour_bound))), persistent=False)


def in_cells(filters: Tensor) -> Tensor:
    """3x3 filters `(f, c, 3, 3)` as 4x4 weights `(4 f, c, 4, 4)` of a convolution of stride 2, one a pixel of the cell.

    Row 4 i + k is filter i at pixel k: top left, top right, bottom left, bottom right.
    """
    phases = [functional.pad(filters, (x, 1 - x, y, 1 - y)) for y in (0, 1) for x in (0, 1)]
    return torch.stack(phases, 1).flatten(0, 1)
