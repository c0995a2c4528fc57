"""A glance at a picture: the same as shrinking all of it and cutting, at the cost of the square alone."""

import numpy as np
import pytest
from PIL import Image

from fauxto.errors import InputError
from fauxto.media.squash import glance


@pytest.mark.parametrize("shape", [(600, 900), (900, 600), (150, 150), (75, 225)])
@pytest.mark.parametrize("place", [(0.5, 0.5), (0.0, 1.0), (1.0, 0.0)])
def test_it_is_what_shrinking_first_and_cutting_then_gives(shape: tuple[int, int], place: tuple[float, float]):
    coarse = np.random.default_rng(0).integers(0, 256, (shape[0] // 30, shape[1] // 30, 3)).astype(np.uint8)
    pixels = np.asarray(Image.fromarray(coarse).resize(shape[::-1], Image.Resampling.BICUBIC))
    factor = 32 / min(shape)
    small = np.asarray(
        Image.fromarray(pixels).resize((round(shape[1] * factor), round(shape[0] * factor)), Image.Resampling.BICUBIC)
    )
    left, top = (round(share * (side - 20)) for share, side in zip(place, small.shape[1::-1], strict=True))
    found = glance(pixels, 32, 20, across=place[0], down=place[1])
    expected = small[top : top + 20, left : left + 20].astype(int)
    np.testing.assert_allclose(found.astype(int), expected, atol=8 if min(shape) >= 600 else 1)


def test_a_large_picture_is_averaged_before_it_is_shrunk():
    pixels = np.random.default_rng(0).integers(0, 256, (640, 640, 3)).astype(np.uint8)
    tenths = pixels.reshape(64, 10, 64, 10, 3).mean((1, 3))
    small = np.asarray(Image.fromarray(np.uint8(tenths + 0.5)).resize((32, 32), Image.Resampling.BICUBIC))
    np.testing.assert_allclose(glance(pixels, 32, 32).astype(int), small, atol=1)


def test_a_picture_of_one_row_is_no_burden():
    assert glance(np.zeros((1, 60_000, 3), np.uint8), 256, 224).shape == (224, 224, 3)  # all of it: 12 GB


def test_what_is_no_picture_is_refused():
    for wrong in (np.zeros((8, 8)), np.zeros((0, 8, 3), np.uint8), np.zeros((8, 8, 3))):
        with pytest.raises(InputError, match="Expected uint8"):
            glance(wrong, 30, 20)
    with pytest.raises(InputError, match="does not fit"):
        glance(np.zeros((8, 8, 3), np.uint8), 20, 30)
