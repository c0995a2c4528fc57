"""Modulated convolution against one convolution a sample, with the weights of the paper's equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from fauxto.nn.equalized import EqualConv, EqualLinear, binomial
from fauxto.nn.modulated import modulated_conv
from fauxto.nn.upfirdn import downsample, upfirdn, upsample

torch.manual_seed(0)
X, STYLES = torch.randn(3, 4, 6, 5, dtype=torch.float64), 1 + torch.randn(3, 4, dtype=torch.float64)
WEIGHT = torch.randn(7, 4, 3, 3, dtype=torch.float64)


def own_weight(styles: torch.Tensor, demodulate: bool) -> torch.Tensor:
    weight = WEIGHT * styles[None, :, None, None]  # eq. 1
    return weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt() if demodulate else weight  # eq. 3


@pytest.mark.parametrize("demodulate", [True, False])
def test_each_sample_has_its_own_weights(demodulate):
    found = modulated_conv(X, WEIGHT, STYLES, demodulate=demodulate, padding=1)
    for x, style, y in zip(X, STYLES, found, strict=True):
        torch.testing.assert_close(functional.conv2d(x[None], own_weight(style, demodulate), padding=1)[0], y)


def test_up_sampling_inserts_zeros_convolves_and_filters():
    taps = binomial().double()
    found = modulated_conv(X, WEIGHT, STYLES, padding=1, up=taps)
    assert found.shape == (3, 7, 12, 10)
    for x, style, y in zip(X, STYLES, found, strict=True):
        wide = torch.zeros(1, 4, 12, 10, dtype=torch.float64)
        wide[..., ::2, ::2] = x
        mapped = functional.conv2d(wide, own_weight(style, True).flip(2, 3), padding=2)
        torch.testing.assert_close(upfirdn(mapped, taps, padding=(1, 0, 1, 0), gain=4)[0], y)


def test_a_delta_as_kernel_up_samples():
    """So that neither the kernel nor the filter is off by a pixel."""
    delta = torch.zeros(4, 4, 3, 3, dtype=torch.float64)
    delta[range(4), range(4), 1, 1] = 1
    found = modulated_conv(X, delta, torch.ones_like(STYLES), padding=1, up=binomial().double())
    torch.testing.assert_close(found, upsample(X, binomial().double()))


def test_equalised_layers_scale_at_run_time():
    linear = EqualLinear(6, 3, activate=True, rate=0.01, bias_start=0.5)
    x = torch.randn(2, 6)
    assert linear.weight.std() > 20  # of 1 / rate
    y = x.numpy() @ (linear.weight.detach().numpy().T * 0.01 / np.sqrt(6)) + 0.5
    np.testing.assert_allclose(linear(x).detach(), np.sqrt(2) * np.where(y > 0, y, 0.2 * y), rtol=1e-5, atol=1e-6)
    for size in (1, 3):
        halving = EqualConv(2, 3, size, halve=True, activate=False, gain=0.5)
        x = torch.randn(1, 2, 8, 8)
        weight = halving.weight / np.sqrt(2 * size**2)
        if size == 1:
            expected = functional.conv2d(downsample(x, binomial()), weight)
        else:
            expected = functional.conv2d(upfirdn(x, binomial(), padding=(2, 2, 2, 2)), weight)[..., ::2, ::2]
        torch.testing.assert_close(halving(x), 0.5 * expected)
