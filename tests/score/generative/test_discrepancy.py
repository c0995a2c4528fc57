"""KID and MMD against naive loops; that they are unbiased and fall below zero."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel

from fauxto.errors import InputError
from fauxto.score.generative import discrepancy
from fauxto.score.generative.discrepancy import GaussianKernel, Polynomial, draw, kid, mmd2

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(23, 5)), RNG.normal(0.3, 1, size=(17, 5))


def naive(x, y, kernel):
    xx = [kernel(x[i : i + 1], x[j : j + 1])[0, 0] for i in range(len(x)) for j in range(len(x)) if i != j]
    yy = [kernel(y[i : i + 1], y[j : j + 1])[0, 0] for i in range(len(y)) for j in range(len(y)) if i != j]
    xy = [kernel(x[i : i + 1], y[j : j + 1])[0, 0] for i in range(len(x)) for j in range(len(y))]
    return np.mean(xx) + np.mean(yy) - 2 * np.mean(xy)


def test_the_kernels_equal_scikit_learn():
    np.testing.assert_allclose(Polynomial()(X, Y), polynomial_kernel(X, Y, degree=3, gamma=1 / 5, coef0=1))
    np.testing.assert_allclose(GaussianKernel(2.0)(X, Y), rbf_kernel(X, Y, gamma=1 / 8))


@pytest.mark.parametrize("kernel", [Polynomial(), Polynomial(2, 0.1, 0.5), GaussianKernel(1.5)])
@pytest.mark.parametrize("rows", [4, 100])
def test_all_pairs_in_blocks_equal_a_loop(kernel, rows):
    assert mmd2(X, Y, kernel, rows=rows) == pytest.approx(naive(X, Y, kernel), rel=1e-10)


def test_subsets_equal_a_loop_looked_up_or_computed(monkeypatch):
    chosen = list(draw(len(X), len(Y), 4, 9, seed=3))
    values = [naive(X[i], Y[j], Polynomial()) for i, j in chosen]
    found = kid(X, Y, subsets=4, size=9, seed=3)
    assert (found.mean, found.std) == pytest.approx((np.mean(values), np.std(values)))
    monkeypatch.setattr(discrepancy, "LARGEST_GRAM", 0)
    assert kid(X, Y, subsets=4, size=9, seed=3).mean == pytest.approx(found.mean, rel=1e-12)
    assert all(len(set(i)) == 9 for i, _ in chosen)


def test_one_distribution_gives_zero_on_average_and_both_signs():
    rng = np.random.default_rng(5)
    values = [mmd2(rng.normal(size=(40, 6)), rng.normal(size=(40, 6))) for _ in range(200)]
    assert abs(np.mean(values)) < 2.5 * np.std(values) / 200**0.5
    assert min(values) < 0 < max(values)


def test_too_large_subsets_are_refused():
    with pytest.raises(InputError, match="Subsets of 1000") as caught:
        kid(X, Y)
    assert "at most 17" in caught.value.fix
