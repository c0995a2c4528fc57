"""The fixed residuals against numpy and PyWavelets."""

from __future__ import annotations

import numpy as np
import pytest
import pywt
import torch
from scipy.ndimage import correlate

from fauxto.nn.residual import ColourCells, DiagonalHaar, HighPass, HighPassCells, NeighbourResidual, even


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


def test_cells_are_the_filters_of_every_pixel():
    x = torch.rand(1, 3, 12, 16)
    expected = torch.nn.functional.pixel_unshuffle(HighPass()(x), 2)
    torch.testing.assert_close(HighPassCells()(x), expected, atol=1e-5, rtol=0)


def test_colour_cells_add_bounded_steps_of_colour_differences():
    x = np.random.default_rng(2).integers(100, 110, (3, 12, 16)).astype(np.float32) / 255
    ours = ColourCells(colour_bound=5 / 255)(torch.from_numpy(x)[None])
    torch.testing.assert_close(ours[:, :36], HighPassCells()(torch.from_numpy(x)[None]))
    planes = torch.nn.functional.pixel_shuffle(ours[:, 36:], 2)[0].numpy()
    for colour, channel in enumerate((0, 2)):
        difference = x[channel].astype(np.float64) - x[1]
        across = np.clip(np.diff(difference, axis=1) * 51, -1, 1)
        down = np.clip(np.diff(difference, axis=0) * 51, -1, 1)
        assert np.abs(planes[2 * colour][:, :-1] - across).max() < 1e-4
        assert np.abs(planes[2 * colour + 1][:-1] - down).max() < 1e-4
    gray = torch.rand(1, 1, 12, 16).repeat(1, 3, 1, 1)
    assert ColourCells()(gray)[:, 36:].abs().max() < 1e-5


def test_even_drops_the_last_row_and_column():
    assert even(torch.zeros(1, 3, 7, 10)).shape == (1, 3, 6, 10)
