"""When the pixels are not asked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fauxto.verdict import assess

LIMITS = {"min_side": 64, "min_std": 2.0, "min_jpeg_quality": 20}


def noise(k: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (k, 32, 32, 3), dtype=np.uint8)


def test_a_good_picture_is_asked() -> None:
    assert not assess(noise(), 640, 480, 90, LIMITS).abstains
    assert not assess(noise(), 64, 64, None, LIMITS).abstains


@pytest.mark.parametrize(
    ("crops", "width", "height", "quality", "said"),
    [
        (noise(), 640, 63, 90, "640 x 63"),
        (np.full((3, 32, 32, 3), 77, np.uint8), 640, 480, 90, "flat"),
        (noise(), 640, 480, 19.6, "JPEG quality 20"),
    ],
)
def test_each_reason(crops: np.ndarray, width: int, height: int, quality: float, said: str) -> None:
    report = assess(crops, width, height, quality, LIMITS)
    assert len(report.reasons) == 1 and said in report.reasons[0]


def test_a_palette_or_a_tint_is_not_asked_and_grey_and_one_colourful_window_are() -> None:
    limits = {"min_colours": 1024}
    grey = np.broadcast_to(noise()[..., :1], (3, 32, 32, 3))
    tinted = (grey * [1.0, 0.8, 0.6]).astype(np.uint8)
    assert not assess(grey, 640, 480, None, limits).abstains
    (reason,) = assess(tinted, 640, 480, None, limits).reasons
    most = max(len(np.unique(window.reshape(-1, 3), axis=0)) for window in tinted)
    assert f"{most} colours, where 1024 are needed" in reason
    large = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    few = np.repeat(np.repeat(tinted[:1], 2, axis=1), 2, axis=2)
    assert not assess(np.concatenate([few, large]), 640, 480, None, limits).abstains
    assert not assess(tinted, 640, 480, None, LIMITS).abstains


def test_one_colour_is_flat_however_bright_and_one_lively_window_is_enough() -> None:
    colour = np.zeros((3, 32, 32, 3), np.uint8)
    colour[...] = (255, 0, 40)
    assert assess(colour, 640, 480, None, LIMITS).abstains
    colour[2] = noise(1)[0]
    assert not assess(colour, 640, 480, None, LIMITS).abstains


def test_reasons_add_up_and_limits_not_named_do_not_apply() -> None:
    flat = np.zeros((1, 8, 8, 3), np.uint8)
    assert len(assess(flat, 8, 8, 1, LIMITS).reasons) == 3
    assert not assess(flat, 8, 8, 1, {}).abstains


@given(st.integers(0, 255), st.integers(1, 60), st.integers(0, 10))
def test_flat_is_measured_as_numpy_measures_it(level: int, spread: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    crops = np.clip(rng.normal(level, spread, (2, 24, 24, 3)), 0, 255).astype(np.uint8)
    deviation = float(crops.std(axis=(1, 2)).max())
    assert assess(crops, 99, 99, None, {"min_std": deviation + 1e-3}).abstains
    assert not assess(crops, 99, 99, None, {"min_std": deviation - 1e-3}).abstains
