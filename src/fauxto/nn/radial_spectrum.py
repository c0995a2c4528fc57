"""The azimuthally averaged spectrum: how much of a picture lies at each spatial frequency, whatever its direction."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.errors import ContractError


def half_spectrum(x: Tensor) -> Tensor:
    """Squared magnitude of the orthonormal DFT of square pictures `(..., s, s)`: `(..., s, s // 2 + 1)`.

    Rows are all vertical frequencies from 0, columns the horizontal ones from 0 to Nyquist; the others follow from
    |F(-u, -v)| = |F(u, v)|. Two products with cosines and sines instead of a fast transform: any runtime has them, and
    at 256 pixels they cost 50 MMAC. Oracle: `numpy.fft.rfft2(x, norm="ortho")`.
    """
    cosine, sine = (torch.from_numpy(wave).to(x) for wave in _waves(int(x.shape[-1])))
    columns = cosine.shape[0] // 2 + 1
    real, imaginary = x @ cosine[:, :columns], -x @ sine[:, :columns]
    return (cosine @ real + sine @ imaginary).square() + (cosine @ imaginary - sine @ real).square()


class RadialSpectrum(nn.Module):
    """Mean over rings of equal width of the DFT's magnitude: `(..., s, s)` to `(..., bins)`.

    Radii count from the zero frequency and are divided by that of the corner, sqrt(2) times Nyquist; rings tile the
    radii beyond `start`, from the smallest to the largest that occurs. A ring without a sample takes the mean of its
    neighbours. `power=True` averages the squared magnitude instead. `origin` moves the centre by so many samples, up
    and left: 1 repeats the released detector's indexing, whose radius is measured next to the zero frequency. The
    transform is orthonormal: white noise of deviation d has power d^2 in every ring, whatever the side.
    Dzanic, Shah and Witherden, NeurIPS 2020, section 3.
    """

    def __init__(self, bins: int, start: float = 0.0, *, power: bool = False, origin: int = 0) -> None:
        super().__init__()
        self.bins, self.start, self.power, self.origin = bins, start, power, origin

    def radii(self, side: int) -> np.ndarray:
        """The middles of the rings, relative to the corner; float64 `(bins,)`."""
        return _rings(side, self.bins, self.start, self.origin)[2]

    def forward(self, x: Tensor) -> Tensor:
        """The averages, in the units of `x` (squared with `power`). Errors: ContractError for a picture not square."""
        if x.shape[-1] != x.shape[-2]:
            raise ContractError(f"The spectrum is of square pictures; got {tuple(x.shape)}.", fix="Crop a square.")
        members, shares, _ = _rings(int(x.shape[-1]), self.bins, self.start, self.origin)
        spectrum = half_spectrum(x).flatten(-2)
        if not self.power:
            spectrum = (spectrum + 1e-12).sqrt()
        rings = spectrum[..., torch.from_numpy(members.ravel()).to(x.device)].unflatten(-1, members.shape)
        return (rings * torch.from_numpy(shares).to(x)).sum(-1)


@lru_cache(maxsize=8)
def _waves(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of 2 pi u x / side over sqrt(side), float32 `(side, side)`; phases are reduced first."""
    phase = 2 * np.pi * (np.outer(np.arange(side), np.arange(side)) % side) / side
    scale = np.sqrt(side)
    return (np.cos(phase) / scale).astype(np.float32), (np.sin(phase) / scale).astype(np.float32)


@lru_cache(maxsize=16)
def _rings(side: int, bins: int, start: float, origin: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which samples of the flat half spectrum make each ring, their shares, and the rings' middles.

    int64 and float32 `(bins, longest)`, filled with sample 0 at share 0, and float64 `(bins,)`.
    """
    frequency = np.arange(side) - side // 2
    row, column = (axis.ravel() for axis in np.meshgrid(frequency, frequency, indexing="ij"))
    radius = np.hypot(row + origin, column + origin) / np.hypot(side / 2, side / 2)
    row, column = np.where(column < 0, -row, row), np.abs(column)
    flat = (row % side) * (side // 2 + 1) + column
    kept = radius > start if start else radius >= 0
    edges = np.linspace(radius[kept].min(), radius[kept].max(), bins + 1)
    ring = np.clip(np.searchsorted(edges, radius[kept], side="left") - 1, 0, bins - 1)
    groups = [flat[kept][ring == index] for index in range(bins)]
    weighted = [np.full(len(group), 1 / max(1, len(group))) for group in groups]
    filled = [index for index, group in enumerate(groups) if len(group)]  # the outermost rings always are
    for index in set(range(bins)) - set(filled):
        beside = [max(f for f in filled if f < index), min(f for f in filled if f > index)]
        groups[index] = np.concatenate([groups[b] for b in beside])
        weighted[index] = np.concatenate([np.full(len(groups[b]), 0.5 / len(groups[b])) for b in beside])
    longest = max(map(len, groups))
    members = np.zeros((bins, longest), np.int64)
    shares = np.zeros((bins, longest), np.float32)
    for index, (group, share) in enumerate(zip(groups, weighted, strict=True)):
        members[index, : len(group)], shares[index, : len(group)] = group, share
    return members, shares, (edges[:-1] + edges[1:]) / 2
