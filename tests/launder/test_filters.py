"""Blur, noise and sharpening against closed forms, and against Pillow where the semantics are Pillow's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from fauxto import launder
from fauxto.launder.filters import gaussian


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 3.0, 5.0])
def test_the_sigma_that_acts_is_the_sigma_asked_for(sigma: float) -> None:
    kernel = gaussian(sigma)
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1)
    assert np.sqrt((kernel * offsets**2).sum()) == pytest.approx(sigma, abs=0.02)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 4.0])
def test_the_edge_of_a_step_is_the_error_function(sigma: float) -> None:
    """A blurred step is the cumulated kernel: the variance of its derivative is sigma squared."""
    x = np.zeros((3, 121, 3), np.uint8)
    x[:, 60:] = 255
    edge = np.diff(launder.apply(x, f"blur:{sigma}")[1, :, 0].astype(float)) / 255
    places = np.arange(len(edge)) - 59
    assert edge.sum() == pytest.approx(1)
    assert np.sqrt((edge * places**2).sum() - (edge * places).sum() ** 2) == pytest.approx(sigma, abs=0.08)


def test_blur_does_not_darken() -> None:
    x = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert launder.apply(x, "blur:2").mean() == pytest.approx(x.mean(), abs=0.6)


def test_blur_is_the_same_along_both_axes() -> None:
    x = np.random.default_rng(1).integers(0, 256, (20, 31, 3), dtype=np.uint8)
    turned = launder.apply(np.ascontiguousarray(x.transpose(1, 0, 2)), "blur:1.3").transpose(1, 0, 2)
    assert np.abs(turned.astype(int) - launder.apply(x, "blur:1.3")).max() <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 255), st.floats(0, 20), st.integers(1, 9), st.integers(1, 9))
def test_a_flat_picture_stays_flat_under_blur_and_sharpening(value: int, sigma: float, height: int, width: int) -> None:
    x = np.full((height, width, 3), value, np.uint8)
    assert np.array_equal(launder.apply(x, f"blur:{sigma}"), x)
    assert np.array_equal(launder.apply(x, "sharpen:1,200"), x)


@pytest.mark.parametrize("std", [2, 5, 15])
def test_noise_has_the_standard_deviation_asked_for(std: int) -> None:
    x = np.full((200, 200, 3), 128, np.uint8)
    grain = launder.apply(x, f"noise:{std}", seed=7).astype(float) - 128
    assert grain.std() == pytest.approx(np.hypot(std, np.sqrt(1 / 12)), rel=0.02)  # rounding adds 1/12
    assert abs(grain.mean()) < 0.1
    assert np.corrcoef(grain[..., 0].ravel(), grain[..., 1].ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_sharpen_is_pillows_unsharp_mask() -> None:
    x = np.random.default_rng(2).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    expected = Image.fromarray(x).filter(ImageFilter.UnsharpMask(1.5, 120, 3))
    assert np.array_equal(launder.apply(x, "sharpen:1.5,120,3"), np.asarray(expected))
