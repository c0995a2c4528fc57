"""The recovered coefficients against those that the encoder must have stored."""

import numpy as np
import pytest
from scipy.fft import dctn

from fauxto.errors import InputError
from fauxto.media.coefficients import block_dct, middle, read_luma
from tests.media.pictures import file_of, noise


def stored(image, table):
    """What an encoder stores for a gray picture: the transform of its pixels over the table, rounded."""
    pixels = np.asarray(image, np.float64) - 128
    rows, columns = (side // 8 for side in pixels.shape)
    blocks = pixels[: 8 * rows, : 8 * columns].reshape(rows, 8, columns, 8).swapaxes(1, 2)
    return dctn(blocks, axes=(2, 3), norm="ortho") / table


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("quality", [50, 75, 90])
def test_levels_are_those_that_were_stored(quality, progressive):
    image = noise(203, 150, "L", coarse=6)
    found = read_luma(file_of(image, "JPEG", quality=quality, progressive=progressive))
    expected = stored(image, found.table)
    assert found.levels.shape == (18, 25, 8, 8) == expected.shape
    # Encoders compute in integers: a value half-way between two levels may go either way.
    clear = np.abs(expected - np.floor(expected) - 0.5) > 0.05
    wrong = (found.levels != np.rint(expected)) & clear & found.valid[..., None, None] & (found.table >= 3)
    assert found.valid.mean() > 0.5 and wrong.mean() < 1e-4


def test_luma_of_a_colour_picture_is_that_of_its_gray_twin():
    image = noise(96, 80)
    gray = image.convert("L")
    ours, twin = (read_luma(file_of(one, "JPEG", quality=80)) for one in (image, gray))
    both = ours.valid & twin.valid
    assert np.mean(ours.levels[both] == twin.levels[both]) > 0.99


def test_transform_agrees_with_scipy():
    plane = np.asarray(noise(64, 48, "L"))
    blocks = plane.reshape(6, 8, 8, 8).swapaxes(1, 2).astype(float) - 128
    assert np.allclose(block_dct(plane), dctn(blocks, axes=(2, 3), norm="ortho"), atol=1e-3)


def test_of_a_large_picture_the_middle_is_read():
    data = file_of(noise(200, 160, "L"), "JPEG", quality=80)
    whole, part = read_luma(data), read_luma(data, most=64 * 60)
    top, left, rows, columns = middle(20, 25, 60)
    assert part.levels.shape[:2] == (rows, columns) and rows * columns <= 60
    assert np.array_equal(part.levels, whole.levels[top : top + rows, left : left + columns])


@pytest.mark.parametrize(
    "data",
    [file_of(noise(40, 40), "PNG"), file_of(noise(40, 40, "CMYK"), "JPEG"), file_of(noise(5, 40), "JPEG")],
)
def test_what_has_no_luma_is_refused(data):
    with pytest.raises(InputError) as caught:
        read_luma(data)
    assert caught.value.code == "unsupported"
