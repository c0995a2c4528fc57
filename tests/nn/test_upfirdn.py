"""Resampling against scipy, axis by axis and in two dimensions."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import torch

from fauxto.nn.equalized import binomial
from fauxto.nn.upfirdn import downsample, upfirdn, upsample

RANDOM = np.random.default_rng(0)


def by_scipy(x: np.ndarray, kernel: np.ndarray, up: int, down: int, padding) -> np.ndarray:
    """Zeros inserted, padded or cropped, convolved, sampled: one plane, written as the definition reads."""
    wide = np.zeros((x.shape[0] * up, x.shape[1] * up))
    wide[::up, ::up] = x
    left, right, top, bottom = padding
    wide = np.pad(wide, ((max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))))
    wide = wide[max(-top, 0) : wide.shape[0] - max(-bottom, 0), max(-left, 0) : wide.shape[1] - max(-right, 0)]
    return scipy.signal.convolve2d(wide, kernel, mode="valid")[::down, ::down]


@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (4, 1)])
@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (3, 2, 1, 4), (-1, 2, 5, -2)])
def test_every_factor_and_padding_is_that_of_the_definition(up, down, padding):
    x = torch.from_numpy(RANDOM.normal(size=(2, 3, 7, 9)))
    taps = torch.from_numpy(RANDOM.normal(size=5))
    plane = torch.from_numpy(RANDOM.normal(size=(4, 4)))
    separable = upfirdn(x, taps, up=up, down=down, padding=padding, gain=2.5)
    whole = upfirdn(x, plane, up=up, down=down, padding=padding)
    for n in range(2):
        for c in range(3):
            kernel = 2.5 * np.outer(taps, taps)
            np.testing.assert_allclose(separable[n, c], by_scipy(x[n, c].numpy(), kernel, up, down, padding), atol=1e-9)
            np.testing.assert_allclose(whole[n, c], by_scipy(x[n, c].numpy(), plane.numpy(), up, down, padding))


def test_one_row_is_scipys_upfirdn():
    row, taps = RANDOM.normal(size=11), RANDOM.normal(size=6)
    expected = scipy.signal.upfirdn(taps, row, up=3, down=2)
    wide = torch.from_numpy(row)[None, None, None]
    pad = len(taps) - 1
    kernel = torch.from_numpy(taps)[None, :].expand(1, -1)
    full = upfirdn(wide.transpose(2, 3), kernel.T, up=3, down=2, padding=(0, 0, pad, pad))[0, 0, :, 0]
    np.testing.assert_allclose(full[: len(expected)], expected, atol=1e-12)


def test_up_and_down_keep_a_constant_and_its_place():
    ones = torch.ones(1, 1, 8, 8)
    doubled, halved = upsample(ones, binomial()), downsample(ones, binomial())
    assert doubled.shape == (1, 1, 16, 16) and halved.shape == (1, 1, 4, 4)
    assert torch.allclose(doubled[..., 1:-1, 1:-1], torch.ones(14, 14))
    assert torch.allclose(halved[..., 1:-1, 1:-1], torch.ones(2, 2))
    assert doubled[0, 0, 0, 0].item() == pytest.approx(0.5625)  # a corner has 3/4 of the filter on each axis
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    # sample centres: the middle stays the middle
    assert upsample(ramp, binomial())[0, 0, 7, 7:9].mean().item() == pytest.approx(3.5)


def test_it_can_be_differentiated_twice():
    """Of |A x|^2, as a gradient penalty does: the second derivative along v is 2 A^T A v."""
    torch.manual_seed(0)
    x, v = torch.randn(2, 1, 2, 5, 5, dtype=torch.float64).unbind()
    x, taps = x.requires_grad_(True), binomial().double()

    def resampled(x: torch.Tensor) -> torch.Tensor:
        return upfirdn(x, taps, up=2, padding=(2, 1, 2, 1))

    (first,) = torch.autograd.grad(resampled(x).square().sum(), x, create_graph=True)
    (second,) = torch.autograd.grad((first * v).sum(), x)
    (expected,) = torch.autograd.grad((2 * resampled(x) * resampled(v)).sum(), x)
    torch.testing.assert_close(second, expected)
