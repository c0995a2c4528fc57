"""Sizes, kernels, windows and value maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fauxto import launder
from fauxto.errors import ResourceError


def coordinates(height: int, width: int) -> np.ndarray:
    """Every pixel names its own place: row, column, 0."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("kernel", ["nearest", "box", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("factor", [0.3, 0.5, 1.7])
def test_resize_is_pillows(kernel: str, factor: float) -> None:
    x = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    resampling = Image.Resampling[kernel.upper()]
    expected = Image.fromarray(x).resize((round(70 * factor), round(50 * factor)), resampling)
    assert np.array_equal(launder.apply(x, f"resize:{factor},{kernel}"), np.asarray(expected))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 120))
def test_fit_shrinks_to_the_long_edge_and_never_enlarges(height: int, width: int, long_edge: int) -> None:
    shape = launder.apply(np.zeros((height, width, 3), np.uint8), f"fit:{long_edge}").shape
    assert max(shape[:2]) == min(long_edge, max(height, width))
    if max(height, width) <= long_edge:
        assert shape[:2] == (height, width)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.floats(0.01, 1.0), st.integers(0, 2**32))
def test_crop_is_a_window_of_the_picture(height: int, width: int, area: float, seed: int) -> None:
    out = launder.apply(coordinates(height, width), f"crop:{area}", seed)
    y, x = int(out[0, 0, 0]), int(out[0, 0, 1])
    assert np.array_equal(out, coordinates(height, width)[y : y + out.shape[0], x : x + out.shape[1]])
    assert out.shape[0] == max(1, round(height * area**0.5))
    assert out.shape[1] == max(1, round(width * area**0.5))


def test_a_centre_crop_is_centred_and_a_random_one_moves_with_the_seed() -> None:
    x = coordinates(100, 100)
    assert launder.apply(x, "crop:0.25,centre")[0, 0].tolist() == [25, 25, 0]
    corners = {tuple(launder.apply(x, "crop:0.25", seed)[0, 0]) for seed in range(40)}
    assert len(corners) > 30


def test_a_screenshot_loses_the_grid_of_an_earlier_jpeg() -> None:
    x = coordinates(64, 64)
    slips = {tuple(launder.apply(x, "screenshot:1", seed)[0, 0][:2]) for seed in range(200)}
    assert {y for y, _ in slips} == {x for _, x in slips} == set(range(8))


def test_a_screenshot_of_one_pixel_is_one_pixel() -> None:
    assert launder.apply(np.full((1, 1, 3), 9, np.uint8), "screenshot:0.5").shape == (1, 1, 3)


def test_growth_beyond_the_limit_is_refused_before_it_happens() -> None:
    with pytest.raises(ResourceError, match="178 million"):
        launder.apply(np.zeros((3000, 3000, 3), np.uint8), "resize:8")


@pytest.mark.parametrize(
    ("chain", "expected"),
    [
        ("gamma:1", lambda v: v),
        ("gamma:2", lambda v: 255 * (v / 255) ** 2),
        ("gamma:0.5", lambda v: 255 * (v / 255) ** 0.5),
        ("contrast:1", lambda v: v),
        ("contrast:0", lambda v: 0 * v + 128),
        ("contrast:2", lambda v: 127.5 + 2 * (v - 127.5)),
        ("brightness:1.5", lambda v: 1.5 * v),
    ],
)
def test_tone_is_its_formula_rounded_once(chain: str, expected) -> None:  # type: ignore[no-untyped-def]
    values = np.arange(256, dtype=np.float64)
    x = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    wanted = np.clip(np.rint(expected(values)), 0, 255)
    assert np.array_equal(launder.apply(x, chain)[0, :, 0], wanted)
