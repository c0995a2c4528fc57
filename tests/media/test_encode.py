"""Encoding: the settings asked for are the settings in the file."""

import numpy as np
import pytest

from fauxto.errors import InputError
from fauxto.media.decode import decode, probe
from fauxto.media.encode import encode
from tests.media.pictures import file_of, noise

PIXELS = np.asarray(noise(50, 40))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [30, 75, 95])
def test_jpeg_settings_are_kept(quality, subsampling):
    data = encode(PIXELS, "jpeg", quality=quality, subsampling=subsampling, progressive=quality == 75)
    header = probe(data).jpeg
    assert (header.quality, header.subsampling, header.progressive) == (quality, subsampling, quality == 75)
    assert data == file_of(noise(50, 40), "JPEG", quality=quality, subsampling=subsampling, progressive=quality == 75)


def test_lossless_formats_come_back_unchanged():
    np.testing.assert_array_equal(decode(encode(PIXELS, "png")), PIXELS)
    np.testing.assert_array_equal(decode(encode(PIXELS, "webp", lossless=True)), PIXELS)
    np.testing.assert_array_equal(decode(encode(PIXELS[..., 0], "png")), np.repeat(PIXELS[..., :1], 3, axis=2))


def test_lossy_formats_are_those_of_pillow_at_the_stated_settings():
    image = noise(50, 40)
    assert encode(PIXELS, "webp", quality=60) == file_of(image, "WEBP", quality=60, method=4)
    avif = encode(PIXELS, "avif", quality=60, subsampling="4:4:4")
    expected = file_of(image, "AVIF", quality=60, subsampling="4:4:4", max_threads=1)
    np.testing.assert_array_equal(decode(avif), decode(expected))
    assert probe(avif).format == "avif"


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (PIXELS.astype(np.float32), {}),
        (PIXELS[..., :2], {}),
        (PIXELS, {"quality": 0}),
        (PIXELS, {"quality": 101}),
        (PIXELS, {"format": "tiff"}),
    ],
)
def test_what_cannot_be_encoded_is_refused(pixels, options):
    with pytest.raises(InputError) as caught:
        encode(pixels, **options)
    assert caught.value.code == "unsupported"
