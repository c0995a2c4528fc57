"""Convolutions whose weights a style scales, with the variance of the result undone (Karras et al., CVPR 2020)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from fauxto.nn.upfirdn import upfirdn

EPSILON = 1e-8


def modulated_conv(
    x: Tensor, weight: Tensor, styles: Tensor, *, demodulate: bool = True, padding: int = 0, up: Tensor | None = None
) -> Tensor:
    """`(n, in, h, w)` with `weight` `(out, in, k, k)` and `styles` `(n, in)` to `(n, out, h', w')`.

    Sample i is convolved with w' = weight * styles_i (eq. 1), each filter then divided by its norm (eq. 3). Computed by
    scaling the maps in front of and behind one convolution of the whole batch, which is the same. `up` has the taps of
    the low pass behind a transposed convolution of stride 2, which doubles the sides.
    """
    scaled = x * styles[:, :, None, None]
    if up is None:
        y = functional.conv2d(scaled, weight, padding=padding)
    else:
        y = functional.conv_transpose2d(scaled, weight.transpose(0, 1), stride=2)
        size, kernel = up.shape[-1], weight.shape[-1]
        before, after = (size + 1) // 2 + padding - kernel + 1, (size - 2) // 2 + padding - kernel + 2
        y = upfirdn(y, up, padding=(before, after, before, after), gain=4)
    if not demodulate:
        return y
    return y * demodulation(weight, styles)[:, :, None, None].to(y.dtype)


def demodulation(weight: Tensor, styles: Tensor) -> Tensor:
    """`(n, out)`: one over the norm of each modulated filter; in float32 always, for squares overflow a half."""
    with torch.autocast(styles.device.type, enabled=False):
        squares = styles.float().square() if styles.dtype != torch.float64 else styles.square()
        return (squares @ weight.to(squares.dtype).square().sum((2, 3)).T + EPSILON).rsqrt()
