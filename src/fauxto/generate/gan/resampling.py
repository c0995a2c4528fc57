"""Pictures under an affine map without aliasing, and filtered by bands: the moving parts of ADA's pipeline.

Wavelet filters are those of `sym6` and `sym2` (Daubechies' least asymmetric), normalised to the sum that is needed.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, conv_transpose2d, grid_sample, pad

from fauxto.generate.gan.affine import scale, translate

SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
    0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
    0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
SYM2 = (-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025)
MARGIN = len(SYM6) // 4
"""Pixels around the result that its last filter needs."""


def warped(pictures: Tensor, inverse: Tensor) -> Tensor:
    """Pictures `(n, c, h, w)` under a map; `inverse` `(n, 3, 3)` takes a place of the result to one of the picture.

    Coordinates are pixels from the centre, x first. The picture goes on as its reflection beyond the edge; it is
    doubled, sampled bilinearly and halved, each with an orthogonal low-pass filter, so that a map of 1 changes nothing.
    """
    height, width = pictures.shape[2:]
    left, top, right, bottom = _needed(inverse, height, width)
    pictures = pad(pictures, (left, right, top, bottom), mode="reflect")
    moved = inverse.new_tensor([[(left - right) / 2, (top - bottom) / 2]])
    half = inverse.new_tensor([[0.5, 0.5]])
    two = inverse.new_tensor([[2.0, 2.0]])
    # doubling puts a pixel's first half where its centre was: shift by half a small pixel
    inverse = translate(-half) @ scale(two) @ translate(moved) @ inverse @ scale(1 / two) @ translate(half)
    pictures = _doubled(pictures)
    shape = (*pictures.shape[:2], 2 * (height + 2 * MARGIN), 2 * (width + 2 * MARGIN))
    to_unit = scale(inverse.new_tensor([[2 / pictures.shape[3], 2 / pictures.shape[2]]]))
    from_unit = scale(inverse.new_tensor([[shape[3] / 2, shape[2] / 2]]))
    grid = affine_grid((to_unit @ inverse @ from_unit)[:, :2], list(shape), align_corners=False).to(pictures.dtype)
    return _halved(grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False))


def band_filtered(pictures: Tensor, gains: Tensor) -> Tensor:
    """Pictures `(n, c, h, w)` with the gains `(n, 4)` on four octave bands, the lowest first, along both axes."""
    count, channels, height, width = pictures.shape
    filters = gains @ torch.as_tensor(band_filters(), dtype=gains.dtype, device=gains.device)
    reach = filters.shape[1] // 2
    filters = filters.to(pictures.dtype).repeat_interleave(channels, 0)[:, None]
    mode = "reflect" if reach < min(height, width) else "replicate"
    padded = pad(pictures, (reach, reach, reach, reach), mode=mode)
    rows = padded.reshape(1, count * channels, *padded.shape[2:])
    rows = conv2d(rows, filters[:, :, None, :], groups=count * channels)
    return conv2d(rows, filters[:, :, :, None], groups=count * channels).reshape(pictures.shape)


def band_filters() -> np.ndarray:
    """Four symmetric filters `(4, taps)` that sum to a single 1 in the middle; each keeps one octave."""
    low = np.asarray(SYM2)
    high = low * (-1.0) ** np.arange(len(low))
    low, high = np.convolve(low, low[::-1]) / 2, np.convolve(high, high[::-1]) / 2
    bank = np.eye(4, 1)
    for band in range(1, 4):
        spread = np.zeros((4, 2 * bank.shape[1] - 1))
        spread[:, ::2] = bank
        bank = np.stack([np.convolve(row, low) for row in spread])
        start = (bank.shape[1] - len(high)) // 2
        bank[band, start : start + len(high)] += high
    return bank


def _needed(inverse: Tensor, height: int, width: int) -> list[int]:
    """How far beyond left, top, right and bottom the pictures of the batch are read; at most one reflection."""
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = inverse.new_tensor([[-x, -y, 1], [x, -y, 1], [x, y, 1], [-x, y, 1]]).T
    reached = (inverse @ corners)[:, :2].transpose(0, 1).flatten(1)
    beyond = torch.cat((-reached, reached)).amax(1) + 2 * MARGIN - inverse.new_tensor([x, y, x, y])
    most = inverse.new_tensor([width - 1, height - 1] * 2)
    return [int(side) for side in beyond.clamp_min(0).minimum(most).ceil().tolist()]


def _doubled(pictures: Tensor) -> Tensor:
    channels = pictures.shape[1]
    taps = _low_pass(pictures) * 2
    ends = len(SYM6) // 2 - 1
    for weight, stride, padding in _per_axis(taps, channels, ends):
        pictures = conv_transpose2d(pictures, weight, stride=stride, padding=padding, groups=channels)
    return pictures


def _halved(pictures: Tensor) -> Tensor:
    channels = pictures.shape[1]
    pictures = pictures[..., 1:-1, 1:-1]
    for weight, stride, _ in _per_axis(_low_pass(pictures), channels, 0):
        pictures = conv2d(pictures, weight, stride=stride, groups=channels)
    return pictures


def _low_pass(like: Tensor) -> Tensor:
    taps = like.new_tensor(SYM6)
    return taps / taps.sum()


def _per_axis(taps: Tensor, channels: int, ends: int) -> list[tuple[Tensor, tuple[int, int], tuple[int, int]]]:
    """A filter with stride 2 along the width, then along the height: weight, stride and padding of each."""
    across = taps.expand(channels, 1, 1, -1)
    return [(across, (1, 2), (0, ends)), (across.transpose(2, 3), (2, 1), (ends, 0))]
