"""Precision, Recall, Density, Coverage and authenticity: naive loops, closed forms, and what each must not see."""

from __future__ import annotations

import numpy as np
import pytest

from fauxto.errors import InputError
from fauxto.score.generative.manifold import expected_coverage, manifold
from fauxto.score.generative.memorisation import authenticity
from fauxto.score.generative.neighbours import squared_radii

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(60, 4)), RNG.normal(0.4, 1, size=(45, 4))


def naive(real, fake, k, closed):
    def distance(a, b):
        return np.linalg.norm(a - b)

    def radius(rows, i):
        return sorted(distance(rows[i], other) for j, other in enumerate(rows) if j != i)[k - 1]

    def holds(d, r):
        return d <= r if closed else d < r

    of_real, of_fake = ([radius(rows, i) for i in range(len(rows))] for rows in (real, fake))
    balls = np.array([[holds(distance(x, y), r) for y in fake] for x, r in zip(real, of_real, strict=True)])
    back = [any(holds(distance(x, y), r) for y, r in zip(fake, of_fake, strict=True)) for x in real]
    return balls.any(0).mean(), np.mean(back), balls.sum() / (k * len(fake)), balls.any(1).mean()


@pytest.mark.parametrize(("k", "closed"), [(5, False), (3, True), (1, False)])
def test_all_four_equal_a_loop_whatever_the_blocks(k, closed):
    expected = naive(REAL, FAKE, k, closed)
    for rows in (7, 1024):
        found = manifold(REAL, FAKE, k=k, closed=closed, rows=rows)
        assert (found.precision, found.recall, found.density, found.coverage) == pytest.approx(expected)


def test_identical_sets_and_collapsed_fakes():
    same = manifold(REAL, REAL)
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert same.density >= 1
    collapsed = manifold(REAL, np.tile(REAL[:1], (60, 1)))
    assert (collapsed.precision, collapsed.recall) == (1, 0)


def test_two_samples_of_one_distribution_come_to_the_expected_values():
    rng = np.random.default_rng(1)
    found = [manifold(rng.normal(size=(800, 5)), rng.normal(size=(800, 5))) for _ in range(3)]
    assert np.mean([one.density for one in found]) == pytest.approx(1, abs=0.03)
    assert np.mean([one.coverage for one in found]) == pytest.approx(expected_coverage(800, 800, 5), abs=0.015)


def test_lost_modes_lower_recall_and_coverage_but_not_precision():
    rng = np.random.default_rng(2)
    centres = 8 * rng.normal(size=(10, 6))

    def sample(n, modes):
        return centres[rng.integers(0, modes, n)] + rng.normal(size=(n, 6))

    real, whole, half = sample(600, 10), sample(600, 10), sample(600, 5)
    all_modes, some = manifold(real, whole), manifold(real, half)
    assert abs(all_modes.precision - some.precision) < 0.03
    assert some.recall < all_modes.recall - 0.3
    assert some.coverage < all_modes.coverage - 0.3
    noisy = manifold(real, whole + 2 * rng.normal(size=whole.shape))
    assert noisy.precision < all_modes.precision - 0.3


def test_copies_of_the_training_set_are_no_authentic_pictures():
    rng = np.random.default_rng(3)
    train, new = rng.normal(size=(300, 4)), rng.normal(size=(300, 4))
    assert authenticity(train, train + 1e-6 * rng.normal(size=train.shape)) == 0
    assert authenticity(train, new) == pytest.approx(0.5, abs=0.12)


def test_too_few_for_k_are_refused_and_far_from_zero_is_no_matter():
    with pytest.raises(InputError, match="more than 5 pictures; got 5"):
        manifold(REAL[:5], FAKE)
    np.testing.assert_allclose(squared_radii(REAL + 1e6, 3), squared_radii(REAL, 3), rtol=1e-6)
