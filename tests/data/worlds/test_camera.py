"""The camera world: the same seed gives the same photograph, and each stage obeys its law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.data.worlds import camera as world
from fauxto.data.worlds.camera import (
    SITES,
    Camera,
    blur,
    demosaic,
    develop,
    fractal,
    mosaic,
    photograph,
    scene,
)
from fauxto.errors import InputError


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**40), st.sampled_from([8, 32, 50, 64]))
def test_a_seed_is_a_photograph(seed, size):
    pixels = photograph(seed, size)
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable
    np.testing.assert_array_equal(pixels, photograph(seed, size))


def test_other_seeds_are_other_photographs():
    assert len({photograph(seed, 32).tobytes() for seed in range(30)}) == 30


def test_photographs_are_neither_flat_nor_clipped():
    stack = np.stack([photograph(seed, 64) for seed in range(20)])
    assert stack.std((1, 2)).mean() > 15
    assert np.mean((stack == 0) | (stack == 255)) < 0.05


@pytest.mark.parametrize("pattern", SITES)
def test_demosaicking_keeps_what_was_measured_and_any_constant(pattern):
    rng = np.random.default_rng(0)
    raw = rng.random((12, 10))
    np.testing.assert_array_equal(mosaic(demosaic(raw, pattern), pattern), raw)
    constant = np.broadcast_to(np.array([0.2, 0.5, 0.8]), (12, 10, 3))
    np.testing.assert_allclose(demosaic(mosaic(constant, pattern), pattern), constant)


@pytest.mark.parametrize("pattern", SITES)
def test_bilinear_demosaicking_is_exact_on_a_plane(pattern):
    y, x = np.mgrid[:16, :14] / 20
    plane = np.stack([x + y, 0.5 * x - y, 0.3 * y - x], axis=-1)
    found = demosaic(mosaic(plane, pattern), pattern)
    np.testing.assert_allclose(found[1:-1, 1:-1], plane[1:-1, 1:-1], atol=1e-12)


def test_the_mosaic_reads_red_top_left_in_rggb():
    light = np.arange(4 * 4 * 3, dtype=float).reshape(4, 4, 3)
    raw = mosaic(light, "RGGB")
    assert (raw[0, 0], raw[0, 1], raw[1, 0], raw[1, 1]) == (
        light[0, 0, 0],
        light[0, 1, 1],
        light[1, 0, 1],
        light[1, 1, 2],
    )


def test_noise_has_the_variance_of_shot_plus_read(monkeypatch):
    monkeypatch.setattr(world, "demosaic", lambda raw, pattern: np.repeat(raw[..., None], 3, 2))
    camera = Camera(full_well=400, read_noise=0.03, gamma=1.0)
    light = np.full((256, 256, 3), 0.4, np.float32)
    pixels = develop(light, camera, np.random.default_rng(0), 256) / 255
    assert pixels.mean() == pytest.approx(0.4, abs=2e-3)
    assert pixels[..., 0].var() == pytest.approx(0.4 / 400 + 0.03**2, rel=0.03)


def test_the_lens_keeps_a_constant_and_spreads_a_point():
    np.testing.assert_allclose(blur(np.full((6, 6, 3), 0.3)), 0.3)
    point = np.zeros((5, 5, 3))
    point[2, 2] = 1
    np.testing.assert_allclose(blur(point)[1:4, 1:4, 0], np.outer([1, 2, 1], [1, 2, 1]) / 16)


def test_the_fractal_falls_off_as_stated():
    power = np.mean(
        [np.abs(np.fft.rfft2(fractal(128, np.random.default_rng(seed)))) ** 2 for seed in range(40)], axis=0
    )
    frequencies = np.arange(2, 40)
    slope = np.polyfit(np.log(frequencies), np.log(power[0, 2:40]), 1)[0]
    assert slope == pytest.approx(-2.4, abs=0.15)


def test_scenes_stay_in_range():
    light = scene(64, np.random.default_rng(0))
    assert light.dtype == np.float32
    assert 0 <= light.min() < light.max() <= 1


@pytest.mark.parametrize("size", [8, 64, 150])
def test_a_scene_is_what_a_painter_makes_leaf_by_leaf(size):
    rng = np.random.default_rng(size)
    texture, ground = world.fractal(size, rng), world._paint(world._tint(rng))
    light = ground * (1 + 0.25 * texture[..., None])
    yy, xx = np.mgrid[:size, :size].astype(np.float32)
    leaves = world._leaves(size, rng)
    assert len(leaves) > 10
    for x, y, radius, bar, angle, _, _, _, shade, tilt, *tint in leaves:
        across, down = xx - np.float64(x), yy - np.float64(y)
        inside = (across**2 + down**2 < radius**2) & (np.abs(across * np.cos(angle) + down * np.sin(angle)) < bar)
        shading = 1 + shade * texture + tilt * across / radius
        light[inside] = (shading[..., None] * world._paint(tint))[inside]
    np.testing.assert_array_equal(world.scene(size, np.random.default_rng(size)), np.clip(light, 0, 1))


def test_a_jpeg_camera_leaves_the_grid_of_its_blocks():
    sharp = Camera(shrink=1.0, jpeg=30)
    steps = np.zeros(8)
    for seed in range(10):
        edges = np.abs(np.diff(photograph(seed, 64, sharp).astype(float), axis=1)).mean((0, 2))
        steps += [edges[phase::8].mean() for phase in range(8)]
    assert steps.argmax() == 7
    assert steps[7] > 1.1 * np.median(steps)


def test_a_camera_that_cannot_be_is_refused():
    for arguments in ({"pattern": "XYZW"}, {"shrink": 0}, {"shrink": 1.5}, {"full_well": 0}):
        with pytest.raises(InputError):
            Camera(**arguments)
    for size in (7, 6, 0):
        with pytest.raises(InputError):
            photograph(0, size)
