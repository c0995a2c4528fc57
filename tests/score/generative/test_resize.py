"""Each resizing against the program that it is named after, or a definition written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.score.generative.conventions import CONVENTIONS, convention
from fauxto.score.generative.resize import (
    RESIZINGS,
    clean,
    legacy_tensorflow,
    legacy_torch,
    overshooting,
    quantise,
)

PICTURE = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)


@pytest.mark.parametrize("side", [16, 37, 299])
def test_torchs_bilinear(side):
    planes = torch.from_numpy(PICTURE).permute(2, 0, 1)[None].float()
    theirs = functional.interpolate(planes, size=(side, side), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(legacy_torch(PICTURE, side), theirs[0].permute(1, 2, 0), atol=1e-4)


def test_tensorflows_bilinear_reads_without_the_half_pixel():
    """5 x 5 to 7 x 7 by the definition: source = index * 5 / 7, two neighbours, the last row repeated."""
    small = PICTURE[:5, :5].astype(np.float64)
    expected = np.zeros((7, 7, 3))
    for i in range(7):
        for j in range(7):
            y, x = i * 5 / 7, j * 5 / 7
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, 4), min(x0 + 1, 4)
            top = small[y0, x0] * (1 - x + x0) + small[y0, x1] * (x - x0)
            bottom = small[y1, x0] * (1 - x + x0) + small[y1, x1] * (x - x0)
            expected[i, j] = top * (1 - y + y0) + bottom * (y - y0)
    np.testing.assert_allclose(legacy_tensorflow(PICTURE[:5, :5], 7), expected, atol=1e-4)


def test_clean_is_bicubic_with_antialiasing_on_floats_and_stays_in_range():
    edge = np.zeros((20, 20, 3), np.uint8)
    edge[:, 10:] = 255
    assert overshooting(edge, 50).max() > 260
    assert (clean(edge, 50).min(), clean(edge, 50).max()) == (0, 255)
    channel = Image.fromarray(PICTURE[..., 1].astype(np.float32)).resize((16, 16), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(clean(PICTURE, 16)[..., 1], np.clip(np.asarray(channel), 0, 255))
    fine = np.tile(np.array([0, 255], np.uint8)[:, None], (32, 64, 1)).reshape(64, 64, 1).repeat(3, 2)
    assert np.abs(clean(fine, 16)[2:-2, 2:-2] - 127.5).max() < 1, "stripes finer than the new pixels average out"
    assert np.abs(legacy_tensorflow(fine, 16) - 127.5).min() > 100, "and alias without antialiasing"


def test_friendly_is_pillow_on_eight_bits():
    theirs = np.asarray(Image.fromarray(PICTURE).resize((30, 30), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(RESIZINGS["friendly-lanczos"](PICTURE, 30), theirs)


def test_every_resizing_gives_one_shape_and_another_picture():
    found = {name: resize(PICTURE, 24) for name, resize in RESIZINGS.items()}
    assert all(picture.shape == (24, 24, 3) and picture.dtype == np.float32 for picture in found.values())
    names = sorted(found)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if {first, second} != {"clean", "overshooting"}:
                assert np.abs(found[first] - found[second]).max() > 0.4, (first, second)


def test_quantising_rounds_halves_up():
    levels = np.arange(256) / 255 * 2 - 1
    np.testing.assert_array_equal(quantise(levels), np.arange(256))
    np.testing.assert_array_equal(quantise(levels[:-1] + 0.9999 / 255), np.arange(255))
    np.testing.assert_array_equal(quantise(levels[:-1] + 1.0001 / 255), np.arange(1, 256))


def test_conventions_are_told_by_name():
    assert len({(c.resizing, c.scale, c.k, c.closed, c.splits) for c in CONVENTIONS.values()}) >= 4
    with pytest.raises(InputError, match="no convention 'x'") as caught:
        convention("x")
    assert "torch-fidelity" in caught.value.fix
