"""The filters of the spatial rich model against residuals written out as predictions of a pixel by its neighbours."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest
import torch

from fauxto.nn.srm import SRMFilters, same_filters, srm_bank


def line(coefficients: dict[int, float], dy: int, dx: int) -> np.ndarray:
    kernel = np.zeros((5, 5))
    for step, value in coefficients.items():
        kernel[2 + step * dy, 2 + step * dx] += value
    return kernel


def from_the_definitions() -> np.ndarray:
    """Finite differences by binomial coefficients, squares as sums of second differences: no list of taps is shared."""
    compass = [(y, x) for y, x in itertools.product((-1, 0, 1), repeat=2) if (y, x) != (0, 0)]
    bank = []
    for y, x in compass:
        bank.append(line({0: -1, 1: 1}, y, x))
        bank.append(line({k - 1: (-1) ** k * comb(3, k) for k in range(4)}, y, x))
    bank += [line({-1: 1, 0: -2, 1: 1}, y, x) for y, x in compass if (y, x) > (0, 0)]
    # The 3x3 square predicts a pixel without error from every plane and every saddle: two crossed second differences.
    second = np.array([0, 1, -2, 1, 0.0])
    square_3 = -np.outer(second, second)
    square_5 = np.array([[-1, 2, -2], [2, -6, 8], [-2, 8, -12]], float)
    square_5 = np.block([[square_5, square_5[:, 1::-1]], [square_5[1::-1], square_5[1::-1, 1::-1]]])
    for square in (square_3, square_5):
        half = square.copy()
        half[3:] = 0
        bank += [square, *(np.rot90(half, turn) for turn in range(4))]
    return np.stack([kernel / abs(kernel[2, 2]) for kernel in bank])


def test_the_bank_is_the_thirty_published_filters():
    expected = torch.from_numpy(from_the_definitions()).float()
    assert len(expected) == 30
    assert same_filters(srm_bank(), expected)


def test_sets_are_compared_as_sets():
    bank = srm_bank()
    assert same_filters(bank, bank.flip(0))
    assert not same_filters(bank, -bank)
    assert not same_filters(bank, bank[:29])
    twice = bank.clone()
    twice[1] = twice[0]
    assert not same_filters(bank, twice)


def test_every_filter_sums_to_zero_and_the_groups_are_in_order():
    bank = srm_bank()
    assert bank.sum((1, 2)).abs().max() < 1e-6
    assert (bank[:, 2, 2] == -1).all()
    taps = (bank != 0).sum((1, 2)).tolist()
    assert taps == [2] * 8 + [3] * 4 + [4] * 8 + [6] * 4 + [15] * 4 + [9, 25]


@pytest.mark.parametrize("degree, group", [(0, slice(0, 8)), (1, slice(8, 12)), (2, slice(12, 20))])
def test_differences_of_an_order_vanish_on_polynomials_below_it_and_not_on_it(degree, group):
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij")
    below, at = (0.5 * y + 0.3 * x - 1) ** degree, (0.5 * y + 0.3 * x - 1) ** (degree + 1)
    filtered = [SRMFilters()(p[None, None])[0, group, 2:-2, 2:-2].abs() for p in (below, at)]
    assert filtered[0].max() < 1e-4
    assert filtered[1].amax((1, 2)).min() > 0.01


def test_the_module_is_a_loop_over_pixels():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 6, 5))
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    bank = srm_bank().numpy()
    expected = np.zeros((60, 6, 5))
    for channel, kernel, row, column in itertools.product(range(2), range(30), range(6), range(5)):
        window = padded[channel, row : row + 5, column : column + 5]
        expected[30 * channel + kernel, row, column] = (window * bank[kernel]).sum()
    np.testing.assert_allclose(SRMFilters()(torch.from_numpy(x[None]).float())[0], expected, atol=1e-5)
    assert not list(SRMFilters().parameters())
