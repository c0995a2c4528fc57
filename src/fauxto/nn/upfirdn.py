"""Resampling by a FIR filter in plain torch: insert zeros, pad or crop, filter, take every n-th pixel."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

Padding = tuple[int, int, int, int]
"""Left, right, top, bottom, counted in pixels of the up-sampled picture; negative numbers crop."""


def upfirdn(
    x: Tensor, taps: Tensor, *, up: int = 1, down: int = 1, padding: Padding = (0, 0, 0, 0), gain: float = 1.0
) -> Tensor:
    """`(n, c, h, w)` convolved with `taps`, `(k,)` for a separable filter or `(k, k)`, and resampled.

    Each pixel is followed by `up` - 1 zeros, the last one too; the filter's footprint stays inside the padded picture;
    every `down`-th pixel is kept from the first one on. So a side of s becomes ceil((s up + before + after - k + 1) /
    down). `gain` multiplies the result. Differentiable as often as wished; the computation of `scipy.signal.upfirdn`.
    """
    left, right, top, bottom = padding
    if taps.ndim == 2:
        return _filter(x, taps * gain, (up, up), (down, down), padding)
    taps = taps * gain**0.5
    x = _filter(x, taps[None, :], (1, up), (1, down), (left, right, 0, 0))
    return _filter(x, taps[:, None], (up, 1), (down, 1), (0, 0, top, bottom))


def upsample(x: Tensor, taps: Tensor, factor: int = 2) -> Tensor:
    """`factor` times the sides, means kept; the filter is centred as in StyleGAN2."""
    size = taps.shape[-1]
    before, after = (size + factor - 1) // 2, (size - factor) // 2
    return upfirdn(x, taps, up=factor, padding=(before, after, before, after), gain=factor**2)


def downsample(x: Tensor, taps: Tensor, factor: int = 2) -> Tensor:
    """A `factor`-th of the sides, means kept; the filter is centred as in StyleGAN2."""
    size = taps.shape[-1]
    before, after = (size - factor + 1) // 2, (size - factor) // 2
    return upfirdn(x, taps, down=factor, padding=(before, after, before, after))


def _filter(x: Tensor, kernel: Tensor, up: tuple[int, int], down: tuple[int, int], padding: Padding) -> Tensor:
    """One depthwise convolution; up-sampling is a transposed one, which never computes with the inserted zeros."""
    channels, (height, width) = x.shape[1], kernel.shape
    left, right, top, bottom = padding
    weight = kernel.to(x.dtype).expand(channels, 1, height, width)
    if up == (1, 1):
        if any(padding):
            x = functional.pad(x, padding)
        return functional.conv2d(x, weight.flip(2, 3), stride=down, groups=channels)
    full = functional.conv_transpose2d(x, weight, stride=up, groups=channels)
    x = functional.pad(
        full, (left - width + 1, right + up[1] - width, top - height + 1, bottom + up[0] - height)
    )  # the transposed convolution also has the pixels that the footprint only touches
    return x[:, :, :: down[0], :: down[1]]
