"""The grid covers, work is bounded, windows are the picture's own pixels, the drawing follows the score."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fauxto.errors import InputError
from fauxto.finding import Region
from fauxto.verdict.heatmap import grid, heatmap, overlay, tinted


def picture(height: int = 100, width: int = 150) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 900),
    st.integers(1, 900),
    st.sampled_from([32, 64]),
    st.integers(2, 64),
    st.integers(1, 400),
)
def test_the_grid_is_bounded_even_and_covers(width: int, height: int, size: int, stride: int, most: int) -> None:
    boxes = grid(width, height, size, stride, most)
    assert 1 <= len(boxes) <= most
    columns, rows = sorted({box.x for box in boxes}), sorted({box.y for box in boxes})
    assert [(box.x, box.y) for box in boxes] == [(x, y) for y in rows for x in columns]
    uncapped = math.prod(math.ceil(max(0, side - size) // 2 * 2 / stride) + 1 for side in (width, height)) <= most
    for starts, side in ((columns, width), (rows, height)):
        length = min(size, side)
        assert all(start % 2 == 0 and start + length <= side for start in starts)
        if uncapped:
            assert starts[0] == 0 and starts[-1] + length >= side - 1
            assert all(b - a <= stride + 2 for a, b in itertools.pairwise(starts))


def test_a_single_window_is_central() -> None:
    assert [(box.x, box.y) for box in grid(100, 60, 32, 8, max_windows=1)] == [(34, 14)]


def test_a_huge_picture_costs_no_more_than_the_cap() -> None:
    assert len(grid(40_000, 30_000, 256, 128)) <= 96
    assert len(grid(1_000_000, 10, 256, 128)) <= 96


def test_windows_are_scored_as_they_lie_in_the_picture() -> None:
    x = picture()
    regions = heatmap(x, lambda crops: crops.mean(axis=(1, 2, 3)).tolist(), 32)
    assert len(regions) > 16  # more than one batch
    for region in regions:
        window = x[region.y : region.y + region.height, region.x : region.x + region.width]
        assert region.logit == pytest.approx(window.mean())


def test_at_most_sixteen_windows_travel_together() -> None:
    batches: list[tuple[int, ...]] = []

    def score(crops: np.ndarray) -> list[float]:
        batches.append(crops.shape)
        return [0.0] * len(crops)

    regions = heatmap(picture(), score, 32, stride=8)
    assert max(shape[0] for shape in batches) == 16
    assert sum(shape[0] for shape in batches) == len(regions)
    assert {shape[1:] for shape in batches} == {(32, 32, 3)}


def test_a_picture_smaller_than_the_window_is_mirrored_as_in_training() -> None:
    x = picture(20, 30)
    seen: list[np.ndarray] = []
    regions = heatmap(x, lambda crops: seen.append(crops) or [0.0], 64)
    assert regions == [Region(0, 0, 30, 20, 0.0)]
    assert np.array_equal(seen[0][0], np.pad(x, ((0, 44), (0, 34), (0, 0)), mode="symmetric"))


def test_a_score_that_loses_windows_is_noticed() -> None:
    with pytest.raises(ValueError, match="zip"):
        heatmap(picture(), lambda crops: [0.0], 32)


def test_a_stride_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="stride"):
        heatmap(picture(), lambda crops: [0.0] * len(crops), 32, stride=0)


def test_the_drawing_is_grey_where_low_and_warm_where_high() -> None:
    x = np.full((100, 200, 3), 128, np.uint8)
    drawn = overlay(x, [Region(0, 0, 100, 100, -3.0), Region(100, 0, 100, 100, 5.0)], 0.0, 2.0)
    cold, hot = drawn[50, 50].astype(int), drawn[50, 150].astype(int)
    assert np.ptp(cold) <= 1
    assert hot[0] > hot[1] and hot[0] > hot[2]
    assert drawn.shape[1] == 200 and drawn.shape[0] > 100  # the legend


def test_a_capped_grid_leaves_no_holes_and_a_slope_is_drawn_as_a_slope() -> None:
    x = np.full((600, 600, 3), 128, np.uint8)
    boxes = grid(600, 600, 32, 16, max_windows=36)
    assert boxes[1].x - boxes[0].x > 2 * 32
    regions = [Region(b.x, b.y, b.width, b.height, 1.0 + b.x / 200) for b in boxes]
    drawn = tinted(x, regions, 0.0, 2.0).astype(int)
    assert np.ptp(drawn, axis=2).min() > 10  # colour everywhere
    greens = drawn[300, 20:580:40, 1]  # the ramp loses green as it grows hotter
    assert (np.diff(greens) <= 1).all() and greens[0] - greens[-1] > 60


def test_where_no_window_is_there_is_no_colour() -> None:
    drawn = tinted(np.full((300, 300, 3), 128, np.uint8), [Region(0, 0, 64, 64, 9.0)], 0.0, 1.0).astype(int)
    assert np.ptp(drawn[32, 32]) > 60 and np.ptp(drawn[150:, 150:], axis=2).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (3000, 2000)])
def test_any_shape_can_be_drawn(shape: tuple[int, int]) -> None:
    drawn = overlay(np.zeros((*shape, 3), np.uint8), [Region(0, 0, shape[1], shape[0], 1.0)], 0.0, 2.0)
    assert drawn.dtype == np.uint8 and drawn.shape[2] == 3 and max(drawn.shape[1], drawn.shape[0] - 46) <= 1024


def test_no_regions_is_no_colour() -> None:
    drawn = overlay(picture(), [], 0.0, 1.0)
    assert np.ptp(drawn[:100].astype(int), axis=2).max() <= 1
