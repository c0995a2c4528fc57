"""The fixed residuals against numpy and PyWavelets."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch
from scipy.ndimage import correlate

from fauxto.nn.residual import DiagonalHaar, HighPass, NeighbourResidual, even


@pytest.mark.parametrize("shape", [(8, 8), (64, 48), (2, 30)])
def test_diagonal_band_equals_pywavelets(shape):
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    ours = DiagonalHaar()(torch.from_numpy(x)[None, None])[0, 0].numpy()
    assert np.abs(ours - pywt.dwt2(x, "bior1.3", mode="symmetric")[1][2]).max() < 1e-6


def test_neighbour_residual_keeps_differences_to_the_top_left():
    cell = torch.tensor([[[[1.0, 4.0], [9.0, 16.0]]]])
    assert NeighbourResidual()(cell).tolist() == [[[[0.0, 3.0], [8.0, 15.0]]]]


def test_diagonal_band_is_a_combination_of_neighbour_residuals():
    x = torch.rand(1, 3, 16, 16)
    residual = NeighbourResidual()(x)
    b, c, d = residual[..., ::2, 1::2], residual[..., 1::2, ::2], residual[..., 1::2, 1::2]
    assert torch.allclose(DiagonalHaar()(x)[..., 1:-1, 1:-1], (d - b - c) / 2, atol=1e-6)


def test_high_pass_equals_scipy_and_is_bounded():
    x = np.random.default_rng(1).random((3, 20, 24)).astype(np.float32)
    ours = HighPass(bound=0.5)(torch.from_numpy(x)[None])[0].numpy()
    kernel = np.array([[0, 0, 0], [1, -2, 1], [0, 0, 0]]) / 2
    expected = np.clip(correlate(x[1].astype(np.float64), kernel, mode="mirror") / 0.5, -1, 1)
    assert np.abs(ours[3] - expected).max() < 1e-5
    assert np.abs(ours).max() <= 1
    assert HighPass()(torch.full((1, 3, 8, 8), 0.7)).abs().max() < 1e-5


def test_even_drops_the_last_row_and_column():
    assert even(torch.zeros(1, 3, 7, 10)).shape == (1, 3, 6, 10)
