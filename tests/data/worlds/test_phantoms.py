"""The phantoms world: the same for a seed, labels that are exact, patients that resemble themselves, known noise."""

import numpy as np
import pytest

from fauxto.data.worlds.phantoms import BODIES, BRIGHTNESS, ORGANS, TISSUES, _cut, _tissues, _varied, slices
from fauxto.errors import InputError


@pytest.mark.parametrize("organ", ORGANS)
def test_a_seed_gives_the_same_patients_however_many_there_are(organ):
    many, few = slices(organ, 12, seed=3, side=32), slices(organ, 7, seed=3, side=32)
    for name in ("pixels", "clean", "labels", "volumes", "heights"):
        np.testing.assert_array_equal(getattr(many, name)[:7], getattr(few, name))
    assert many.pixels.dtype == np.float32 and many.labels.dtype == np.uint8 and len(many) == 12
    assert many.pixels.min() >= 0 and many.pixels.max() <= 1
    other = slices(organ, 12, seed=4, side=32)
    assert (many.pixels != other.pixels).any((1, 2)).all()
    assert {TISSUES.index(row[0]) for row in BODIES[organ]} <= set(np.unique(slices(organ, 15, side=48).labels))


def test_labels_are_the_ellipsoids():
    rng = np.random.default_rng(0)
    body, height, side = _varied(BODIES["heart"], rng), 0.3, 24
    expected = np.zeros((side, side), int)
    for row in range(side):
        for column in range(side):
            point = np.array([(column + 0.5) / side * 2 - 1, (row + 0.5) / side * 2 - 1])
            for tissue, x, y, z, width, depth, reach, angle in body:
                turn = np.radians(angle)
                u = (point - (x, y)) @ (np.cos(turn), np.sin(turn)) / width
                v = (point - (x, y)) @ (-np.sin(turn), np.cos(turn)) / depth
                if u**2 + v**2 + ((height - z) / reach) ** 2 < 1:
                    expected[row, column] = tissue
    np.testing.assert_array_equal(_tissues(body, height, side), expected)
    labels, picture = _cut(body, height, side, BRIGHTNESS)
    np.testing.assert_array_equal(labels, expected)
    inside = np.logical_and.reduce([np.roll(labels, s, a) == labels for a in (0, 1) for s in (-1, 1)])
    np.testing.assert_allclose(picture[inside & (labels == 0)], 0)
    assert np.median(np.abs(picture - BRIGHTNESS[labels])[inside]) == 0


def test_slices_of_one_patient_are_alike():
    some = slices("brain", 25, side=32)
    apart = np.abs(some.clean[:, None] - some.clean[None]).mean((2, 3))
    same = some.volumes[:, None] == some.volumes[None]
    np.fill_diagonal(same, False)
    different = some.volumes[:, None] != some.volumes[None]
    assert apart[same].mean() < 0.7 * apart[different].mean()
    assert np.abs(some.heights).max() <= 0.45


def test_the_noise_is_rician():
    some = slices("knee", 20, side=48, noise=0.05)
    air = some.pixels[some.clean == 0].astype(float)
    assert air.mean() == pytest.approx(0.05 * np.sqrt(np.pi / 2), rel=0.02)  # Rayleigh where there is no signal
    assert np.square(air).mean() == pytest.approx(2 * 0.05**2, rel=0.02)
    bright = (some.clean > 0.4) & (some.clean < 0.7)
    assert (some.pixels - some.clean)[bright].std() == pytest.approx(0.05, rel=0.03)
    still = slices("knee", 5, side=32, noise=0)
    np.testing.assert_array_equal(still.pixels, still.clean)


@pytest.mark.parametrize("arguments", [("liver", 3), ("knee", 0), ("knee", 3, 0, 4)])
def test_what_is_no_world_is_refused(arguments):
    with pytest.raises(InputError, match="No such phantoms"):
        slices(*arguments)
