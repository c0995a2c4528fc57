"""Perceptual path length where it has a closed form: a linear generator and squared distance."""

from __future__ import annotations

import numpy as np
import pytest

from fauxto.errors import InputError
from fauxto.score.generative.path_length import lerp, path_length, slerp, summarise

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(200, 6)), RNG.normal(size=(200, 6))
MATRIX = RNG.normal(size=(6, 9))


def squared(x, y):
    return np.square(x - y).sum(1)


def test_along_a_line_it_is_the_squared_length_of_the_rendered_difference():
    found = path_length(lambda z: z @ MATRIX, squared, A, B, space="lerp", batch=64)
    expected = summarise(squared(A @ MATRIX, B @ MATRIX))
    assert found.mean == pytest.approx(expected.mean, rel=1e-6)
    assert (found.kept, found.pairs) == (expected.kept, 200)


def test_along_the_circle_a_step_is_the_angle():
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (A, B)]
    angles = np.arccos((unit[0] * unit[1]).sum(1))
    found = path_length(lambda z: z, squared, A, B, space="slerp")
    assert found.mean == pytest.approx(summarise(angles**2).mean, rel=1e-5)
    for t, end in ((0.0, unit[0]), (1.0, unit[1])):
        np.testing.assert_allclose(slerp(A, B, np.full((200, 1), t)), end, atol=1e-12)
    np.testing.assert_allclose(lerp(A, B, np.full((200, 1), 0.25)), 0.75 * A + 0.25 * B)


def test_rounding_to_eight_bits_is_most_of_what_a_small_step_measures():
    def render(z):
        return 1 / (1 + np.exp(-z @ MATRIX))

    smooth = path_length(render, squared, A, B, space="lerp").mean
    rounded = path_length(render, squared, A, B, space="lerp", eight_bit=True).mean
    assert rounded > 5 * smooth


def test_outliers_at_both_ends_are_left_out():
    values = np.r_[np.ones(98), 0, 1e9]
    assert summarise(values, (0.02, 0.98)).mean == pytest.approx(1)
    with pytest.raises(InputError, match="NaN"):
        summarise(np.array([1, np.nan]))
    with pytest.raises(InputError, match="one shape"):
        path_length(lambda z: z, squared, A, B[:5])
