"""Which windows are read: even starts, inside the picture, side by side; mirrored in phase where it is too small."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.media.crops import Box, CropSpec, band, cut, take, windows

SIDES = st.integers(1, 3000)
HEIGHTS = st.sets(st.floats(0, 1), min_size=1, max_size=4).map(lambda found: tuple(sorted(found)))
SPECS = st.builds(CropSpec, st.integers(1, 150).map(lambda half: 2 * half), st.integers(1, 5), HEIGHTS)


@given(SIDES, SIDES, SPECS)
def test_windows_start_on_even_pixels(width: int, height: int, spec: CropSpec):
    boxes = windows(width, height, spec)
    rows = sorted({box.y for box in boxes})
    assert len(boxes) % len(rows) == 0 and len(rows) <= len(spec.at)
    assert 1 <= len(boxes) // len(rows) <= min(spec.count, -(-width // spec.size))
    assert all(below - above >= spec.size // 4 for above, below in itertools.pairwise(rows))
    for box in boxes:
        assert box.x % 2 == box.y % 2 == 0
        assert 0 <= box.x <= width - box.width and 0 <= box.y <= height - box.height
        assert (box.width, box.height) == (min(spec.size, width), min(spec.size, height))
    assert boxes == sorted(boxes, key=lambda box: (box.y, box.x))


@given(SIDES, SIDES, SPECS)
def test_the_band_is_the_smallest_rectangle_over_all_windows(width: int, height: int, spec: CropSpec):
    boxes, region = windows(width, height, spec), band(width, height, spec)
    assert region.x == min(box.x for box in boxes)
    assert region.x + region.width == max(box.x + box.width for box in boxes)
    assert region.y == min(box.y for box in boxes)
    assert region.y + region.height == max(box.y + box.height for box in boxes)


def test_windows_part_the_free_width_and_lie_at_their_heights():
    """Of 1000 by 1000 pixels 744 are free: a third of them is 248, two thirds 496, a quarter 186."""
    boxes = windows(1000, 1000, CropSpec(256, 2, (0.25, 1.0)))
    assert [(box.x, box.y) for box in boxes] == [(248, 186), (496, 186), (248, 744), (496, 744)]
    assert len(windows(1000, 300, CropSpec(256, 2, (0.0, 0.5, 1.0)))) == 2


@pytest.mark.parametrize(("width", "height", "count"), [(256, 256, 1), (257, 259, 1), (4000, 3000, 3), (320, 300, 2)])
def test_windows_are_cut_where_they_lie(width: int, height: int, count: int):
    spec = CropSpec(256, count, (0.3, 0.6))
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    crops = take(width, height, spec, lambda box: cut(pixels, box))
    expected = [pixels[box.y : box.y + 256, box.x : box.x + 256] for box in windows(width, height, spec)]
    assert np.array_equal(crops, np.stack(expected))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 5), (8, 6), (31, 64), (64, 10)])
def test_a_small_picture_is_mirrored_in_phase(width: int, height: int):
    """Mirrored with its edge pixel repeated: index i shows the pixel of the period 2n that it falls on."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    [crop] = take(width, height, CropSpec(64, 1), lambda box: cut(pixels, box))

    def mirrored(index: int, side: int) -> int:
        place = index % (2 * side)
        return place if place < side else 2 * side - 1 - place

    for y in range(64):
        for x in range(64):
            assert np.array_equal(crop[y, x], pixels[mirrored(y, height), mirrored(x, width)])


def test_what_no_crop_can_be_is_refused():
    for size, count in [(255, 1), (0, 1), (256, 0)]:
        with pytest.raises(InputError, match="even size"):
            CropSpec(size, count)
    for heights in [(), (0.6, 0.3), (0.5, 0.5), (-0.1,), (1.1,)]:
        with pytest.raises(InputError, match="heights"):
            CropSpec(256, 1, heights)
    with pytest.raises(InputError, match="Expected uint8 pixels"):
        take(300, 300, CropSpec(256, 1), lambda box: np.zeros((box.height, box.width), np.uint8))
    with pytest.raises(InputError, match="Expected uint8 pixels"):
        take(300, 300, CropSpec(256, 1), lambda box: np.zeros((box.height, box.width, 3)))
    assert windows(500, 375, CropSpec(256, 1)) == [Box(122, 58, 256, 256)]
