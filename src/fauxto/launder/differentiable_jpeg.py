"""JPEG as libjpeg does it, down and up again, with a gradient: every rounding is passed straight through.

The values are those of libjpeg's own arithmetic (its integer cosine transform, its biases of rounding, its triangle
filter for chroma); the gradient is that of the exact cosine transform, of means and of matrices.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from fauxto.launder.rounding import eight_bit
from fauxto.media.quantization import STANDARD_CHROMA, STANDARD_LUMA, scaled

_FACTORS = {"444": (1, 1), "422": (1, 2), "420": (2, 2)}
_BITS = 2**16
_TO_YCC = ((19595, 38470, 7471), (-11058, -21710, 32768), (32768, -27439, -5329))
_TO_RGB = ((65536, 0, 91881), (65536, -22554, -46802), (65536, 116130, 0))
"""libjpeg's matrices of ITU-R 601, in 16-bit fixed point; chroma is about 0 here."""

_HALVES = (  # the left half of each row of libjpeg's 13-bit cosine transform; the right one mirrors it
    (8192, 8192, 8192, 8192),
    (11363, 9633, 6437, 2260),
    (10703, 4433, -4433, -10703),
    (9633, -2259, -11362, -6436),
    (8192, -8192, -8192, 8192),
    (6437, -11362, 2261, 9633),
    (4433, -10704, 10704, -4433),
    (2260, -6436, 9633, -11363),
)
_INTEGERS = torch.tensor(
    [[*half, *(value * (-1) ** row for value in half[::-1])] for row, half in enumerate(_HALVES)], dtype=torch.float64
)


def jpeg(images: Tensor, quality: int = 75, subsampling: str = "420") -> Tensor:
    """The pictures `(N, 3, H, W)` in [0, 1] after a JPEG file of an IJG quality; 8-bit values, differentiable."""
    return jpeg_with([scaled(STANDARD_LUMA, quality), scaled(STANDARD_CHROMA, quality)], images, subsampling)


def jpeg_with(tables: Sequence[Sequence[int]], images: Tensor, subsampling: str = "420") -> Tensor:
    """The same with one to three quantization tables in natural order; a plane without its own takes the last."""
    planes_tables = [tables[min(plane, len(tables) - 1)] for plane in range(3)]
    height, width = images.shape[-2:]
    down, right = _FACTORS[subsampling]
    pixels = 255 * eight_bit(images)
    pixels = _repeated(pixels, -height % (8 * down), -width % (8 * right))
    planes = _colours(pixels, _TO_YCC, (0.5, 0.5 - 1 / _BITS, 0.5 - 1 / _BITS))
    luma, chroma = planes[:, :1] - 128, planes[:, 1:]
    if right == 2:
        # libjpeg adds 1 and 2 (of 4), or 0 and 1 (of 2), in turn along a row before it cuts
        chroma = _cut(functional.avg_pool2d(chroma, (down, right)), *((0.25, 0.5) if down == 2 else (0.0, 0.5)))
    luma = _through(luma, planes_tables[:1])[..., :height, :width] + 128
    chroma = _through(chroma, planes_tables[1:])
    chroma = chroma[..., : math.ceil(height / down), : math.ceil(width / right)]
    if right == 2:
        chroma = _wider(chroma, down)
    chroma = chroma[..., :height, :width]
    return eight_bit(_colours(torch.cat([luma, chroma], dim=1), _TO_RGB, (0.5, 0.5, 0.5)) / 255)


def _colours(planes: Tensor, matrix: tuple[tuple[int, ...], ...], bias: tuple[float, ...]) -> Tensor:
    """Whole numbers through a fixed-point matrix, cut to whole numbers after a bias; straight-through."""
    weights = torch.tensor(matrix, dtype=torch.float64, device=planes.device) / _BITS
    soft = torch.einsum("oc,nchw->nohw", weights.to(planes), planes)
    with torch.no_grad():
        exact = torch.einsum("oc,nchw->nohw", weights, planes.round().double())
        hard = torch.floor(exact + exact.new_tensor(bias).view(1, 3, 1, 1)).to(planes)
    return soft + (hard - soft).detach()


def _through(planes: Tensor, tables: Sequence[Sequence[int]]) -> Tensor:
    """Cosine transform of 8 x 8 blocks, quantization by a table a plane, and back; about 0, clipped to 8 bits."""
    count, channels, height, width = planes.shape
    basis = _basis().to(planes)
    steps = planes.new_tensor(tables).view(channels, 1, 1, 8, 8)
    blocks = planes.reshape(count, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    waves = basis @ blocks @ basis.T
    waves = waves + (_quantized(blocks, steps) - waves).detach()
    soft = basis.T @ waves @ basis
    blocks = (soft + (_inverse(waves) - soft).detach()).clamp(-128, 127)
    return blocks.transpose(3, 4).reshape(planes.shape)


@torch.no_grad()
def _quantized(blocks: Tensor, steps: Tensor) -> Tensor:
    """The dequantized coefficients of libjpeg: its integer transform gives eighths, halves go away from zero."""
    whole = _INTEGERS.to(blocks.device)
    rows = torch.floor((blocks.double() @ whole.T + 2**10) / 2**11)
    eighths = torch.floor((whole @ rows + 2**14) / 2**15)
    found = eighths.sign() * torch.floor((eighths.abs() + 4 * steps.double()) / (8 * steps.double()))
    return found.to(blocks) * steps


@torch.no_grad()
def _inverse(waves: Tensor) -> Tensor:
    """libjpeg's integer inverse transform, columns first."""
    whole = _INTEGERS.to(waves.device)
    columns = torch.floor((whole.T @ waves.round().double() + 2**10) / 2**11)
    return torch.floor((columns @ whole + 2**17) / 2**18).to(waves)


def _wider(chroma: Tensor, down: int) -> Tensor:
    """libjpeg's "fancy" up-sampling: a new value is three quarters of the nearest and one of the next, on each axis."""
    if down == 2:
        chroma = _doubled(chroma.transpose(-1, -2)).transpose(-1, -2)
        return _cut(_doubled(chroma), 0.5, 0.4375)
    return _cut(_doubled(chroma), 0.25, 0.5)


def _cut(values: Tensor, even: float, odd: float) -> Tensor:
    """Values plus a bias of their column, cut to whole numbers; the gradient passes straight through."""
    bias = values.new_tensor([even, odd]).repeat(values.shape[-1] // 2 + 1)[: values.shape[-1]]
    return values + (torch.floor(values + bias + 1e-3) - values).detach()


def _doubled(values: Tensor) -> Tensor:
    left = torch.cat([values[..., :1], values[..., :-1]], dim=-1)
    right = torch.cat([values[..., 1:], values[..., -1:]], dim=-1)
    return torch.stack([0.75 * values + 0.25 * left, 0.75 * values + 0.25 * right], dim=-1).flatten(-2)


def _repeated(images: Tensor, below: int, right: int) -> Tensor:
    return functional.pad(images, (0, right, 0, below), mode="replicate") if below or right else images


@lru_cache(maxsize=1)
def _basis() -> Tensor:
    """The orthonormal cosine transform of length 8, float64 `(frequency, place)`."""
    places = (torch.arange(8, dtype=torch.float64) + 0.5) * math.pi / 8
    waves = torch.cos(torch.arange(8, dtype=torch.float64)[:, None] * places) / 2
    waves[0] /= math.sqrt(2)
    return waves
