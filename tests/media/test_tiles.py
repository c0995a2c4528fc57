"""Tiles cover a picture, keep the phase of 8, and give the whole back."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.media.tiles import assemble, chances, cut_tile, fill_tile, tile_boxes, top_share


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([0, 8, 16]))
def test_tiles_cover_every_pixel_and_a_map_of_a_position_is_put_back(width, height, overlap):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = np.arange(width) % 251, (np.arange(height) % 241)[:, None]
    boxes = tile_boxes(width, height, 64, overlap)
    assert all(box.x % 8 == 0 and box.y % 8 == 0 for box in boxes)
    maps = [cut_tile(pixels, box, 64)[..., 0].astype(np.float32) for box in boxes]
    assert all(values.shape == (64, 64) for values in maps)
    np.testing.assert_allclose(assemble(maps, boxes, width, height, 64), pixels[..., 0], atol=1e-3)


def test_neighbours_overlap_at_least_as_asked():
    starts = sorted({box.x for box in tile_boxes(1000, 10, 256, 32)})
    assert all(b - a <= 256 - 32 for a, b in pairwise(starts)) and starts[-1] + 256 >= 1000


def test_a_large_picture_is_read_with_gaps_that_are_no_numbers():
    boxes = tile_boxes(2000, 1000, 64, 0, most=6)
    assert 1 <= len(boxes) <= 6
    found = assemble([np.ones((64, 64), np.float32)] * len(boxes), boxes, 2000, 1000, 64)
    assert np.nanmin(found) == np.nanmax(found) == 1
    assert np.isnan(found).mean() == pytest.approx(1 - len(boxes) * 64 * 64 / 2e6)
    assert top_share(found, 0.5) == 1


def test_beyond_the_edge_the_picture_is_mirrored():
    pixels = np.arange(30, dtype=np.uint8).reshape(1, 10, 3)
    tile = cut_tile(pixels, tile_boxes(10, 1, 16, 0)[0], 16)
    assert np.array_equal(tile[0, 10:], pixels[0, 9:3:-1]) and np.array_equal(tile[15], tile[0])


def test_a_network_of_any_size_gets_no_mirrored_pixels_but_in_the_tiniest_picture():
    pixels = np.arange(40 * 53 * 3, dtype=np.uint16).astype(np.uint8).reshape(40, 53, 3)
    (box,) = tile_boxes(53, 40, 64, 0)
    tile = cut_tile(pixels, box, 64, step=16)
    assert np.array_equal(tile, pixels[:32, :48])
    filled = fill_tile(tile[..., 0].astype(np.float32), 64)
    found = assemble([filled], [box], 53, 40, 64)
    assert found.shape == (40, 53) and np.array_equal(found[:32, :48], pixels[:32, :48, 0])
    assert (found[32:, :48] == pixels[31, :48, 0]).all() and (found[:32, 48:] == pixels[:32, 47:48, 0]).all()
    tiny = cut_tile(pixels[:5], tile_boxes(53, 5, 64, 0)[0], 64, step=16)
    assert tiny.shape == (16, 48, 3) and np.array_equal(tiny[5:10], pixels[4::-1, :48])


def test_chances_and_the_top_share():
    logits = np.array([-800.0, -1.0, 0.0, 800.0])
    np.testing.assert_allclose(chances(logits), [0, 1 / (1 + np.e), 0.5, 1], atol=1e-7)
    assert top_share(np.arange(100.0), 0.02) == 98.5
    assert top_share(np.array([1.0, np.nan]), 1.0) == 1
    for wrong, share in ((np.array([np.nan]), 0.5), (np.ones(3), 0.0)):
        with pytest.raises(InputError):
            top_share(wrong, share)


def test_what_is_no_picture_or_no_tile_is_refused():
    with pytest.raises(InputError, match="uint8"):
        cut_tile(np.zeros((4, 4, 3)), tile_boxes(4, 4, 16, 0)[0], 16)
    for size, overlap in ((60, 8), (64, 56), (64, -8)):
        with pytest.raises(InputError, match="Tiles"):
            tile_boxes(100, 100, size, overlap)
