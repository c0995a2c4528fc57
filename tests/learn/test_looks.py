"""Random looks at whole pictures: the same law for every size, and nothing of the size is left."""

import numpy as np
import pytest

from fauxto.learn.augment import laundered_look


@pytest.mark.parametrize("shape", [(1, 900), (30, 40), (224, 224), (375, 500), (1200, 700)])
def test_a_look_has_its_size_whatever_the_picture_has(shape: tuple[int, int]):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for seed in range(6):
        look = laundered_look(pixels, 256, 224, np.random.default_rng(seed))
        assert (look.shape, look.dtype) == ((224, 224, 3), np.uint8)


def test_the_same_draw_is_the_same_look():
    pixels = np.random.default_rng(0).integers(0, 256, (500, 700, 3)).astype(np.uint8)
    first, again = (laundered_look(pixels, 256, 224, np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first, again)


def test_looks_of_a_picture_differ_but_show_it():
    ramp = np.broadcast_to(np.linspace(0, 255, 800)[None, :, None], (800, 800, 3)).astype(np.uint8)
    looks = [laundered_look(ramp, 256, 224, np.random.default_rng(seed)).astype(float) for seed in range(20)]
    slopes = [np.polyfit(np.arange(224), look.mean((0, 2)), 1)[0] for look in looks]
    assert {slope > 0 for slope in slopes} == {True, False}  # mirrored half of the time
    assert min(map(abs, slopes)) > 0.4 * 255 / 256
    assert max(map(abs, slopes)) < 1.3 * 255 / 256
    assert len({look.tobytes() for look in looks}) == 20
