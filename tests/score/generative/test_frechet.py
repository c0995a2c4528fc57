"""Moments and the Fréchet distance against numpy, scipy's matrix root and closed forms."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from fauxto.errors import InputError
from fauxto.score.generative import moments as room
from fauxto.score.generative.frechet import frechet, frechet_infinity, frechet_of, gaussian_of, rank_note
from fauxto.score.generative.moments import Gaussian, Moments, load_gaussian


def table(n, d, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + shift


def with_scipy(a, b):
    root = sqrtm(a.covariance @ b.covariance).real
    return np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance - 2 * root)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=6), st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_batches_in_any_cut_and_merge_give_numpys_covariance(sizes, seed):
    whole = table(sum(sizes), 4, seed)
    parts = np.split(whole, np.cumsum(sizes)[:-1])
    streamed, other = Moments(4), Moments(4)
    with mock.patch.object(room, "ROWS", 20):
        for index, part in enumerate(parts):
            (streamed if index % 2 else other).add(part)
    streamed.merge(other)
    streamed.merge(Moments(4))
    found = streamed.gaussian()
    assert found.count == len(whole)
    np.testing.assert_allclose(found.mean, whole.mean(0), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(found.covariance, np.cov(whole.T), rtol=1e-9, atol=1e-11)


def test_a_mean_far_from_zero_costs_no_digits(monkeypatch):
    """Plain sums of squares of the same numbers lose them all."""
    rows = 1e8 + np.random.default_rng(0).integers(0, 2, (4000, 3)).astype(np.float64)
    monkeypatch.setattr(room, "ROWS", 64)
    found = Moments.of(rows).gaussian()
    np.testing.assert_allclose(found.covariance, np.cov(rows.T - 1e8), atol=1e-9)
    naive = (rows.T @ rows - len(rows) * np.outer(rows.mean(0), rows.mean(0))) / (len(rows) - 1)
    assert np.abs(naive - found.covariance).max() > 0.1


def test_the_distance_equals_scipys_root():
    a, b = gaussian_of(table(300, 24, 0)), gaussian_of(table(200, 24, 1, 0.5))
    assert frechet(a, b) == pytest.approx(with_scipy(a, b), rel=1e-10)
    assert frechet(a, b) == pytest.approx(frechet(b, a), rel=1e-12)


def test_commuting_covariances_have_a_closed_form():
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    u, v = rng.random(6), rng.random(6)
    a = Gaussian(np.zeros(6), basis * u @ basis.T, 100)
    b = Gaussian(np.full(6, 0.5), basis * v @ basis.T, 100)
    assert frechet(a, b) == pytest.approx(6 * 0.25 + ((u**0.5 - v**0.5) ** 2).sum(), rel=1e-12)


def test_fewer_pictures_than_dimensions_agree_by_both_routes():
    x, y = table(12, 40, 0), table(30, 40, 1, 1.0)
    assert frechet_of(x, y) == pytest.approx(frechet(gaussian_of(x), gaussian_of(y)), rel=1e-12)


def test_identical_sets_are_at_zero_even_without_full_rank():
    for n in (10, 200):
        x = table(n, 30, 0)
        trace = np.trace(gaussian_of(x).covariance)
        assert abs(frechet(gaussian_of(x), gaussian_of(x))) < 1e-12 * trace
        assert abs(frechet_of(x, x[::-1])) < 1e-12 * trace


def test_a_constant_set_is_as_far_as_its_trace():
    x = table(50, 8, 0)
    still = np.tile(x.mean(0), (50, 1))
    assert frechet_of(x, still) == pytest.approx(np.trace(np.cov(x.T)))


def test_the_bias_falls_like_one_over_n_and_the_intercept_is_without_it():
    rng = np.random.default_rng(0)
    real = rng.normal(size=(40_000, 6))
    at = {n: np.mean([frechet_of(real, rng.normal(size=(n, 6))) for _ in range(20)]) for n in (100, 200, 400)}
    assert at[100] / at[200] == pytest.approx(2, rel=0.25)
    assert at[200] / at[400] == pytest.approx(2, rel=0.25)
    line = frechet_infinity(real, rng.normal(size=(4000, 6)), least=100, seed=1)
    assert abs(line.value) < at[400] / 4
    assert line.slope > 0


def test_stored_moments_come_back_and_other_packages_files_are_read(tmp_path):
    mine = gaussian_of(table(50, 5, 0))
    mine.save(tmp_path / "own.npz")
    again = load_gaussian(tmp_path / "own.npz")
    assert again.count == 50
    assert frechet(mine, again) == pytest.approx(0, abs=1e-12)
    np.savez(tmp_path / "theirs.npz", mu=mine.mean, sigma=mine.covariance)
    assert load_gaussian(tmp_path / "theirs.npz").count is None


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"mu": np.zeros(3)}, "no statistics"),
        ({"mu": np.zeros(3), "sigma": np.zeros((2, 2))}, "shape"),
        ({"mu": np.full(2, np.nan), "sigma": np.zeros((2, 2))}, "NaN"),
        ({"mu": np.array([{}], object), "sigma": np.zeros((1, 1))}, "no statistics"),
    ],
)
def test_a_file_that_holds_no_moments_is_refused(arrays, words, tmp_path):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(InputError, match=words):
        load_gaussian(tmp_path / "bad.npz")


def test_what_cannot_be_computed_is_said():
    moments = Moments(3)
    moments.add(np.zeros((1, 3)))
    with pytest.raises(InputError, match="at least two"):
        moments.gaussian()
    with pytest.raises(InputError, match="expected 3"):
        moments.add(np.zeros((1, 4)))
    with pytest.raises(InputError, match="1 of 2 rows") as caught:
        moments.add(np.array([[0, 0, np.nan], [0, 0, 0]]))
    assert caught.value.code == "not_finite"
    with pytest.raises(InputError, match="3 numbers each, the fake ones 2"):
        frechet_of(np.zeros((5, 3)), np.zeros((5, 2)))


def test_too_few_for_the_rank_is_noted():
    assert "no full rank" in rank_note(2048, 2048)
    assert "fewer than the 10,000" in rank_note(2049, 2048)
    assert rank_note(10_000, 2048) == ""
    assert "not known" in rank_note(None, 2048)
