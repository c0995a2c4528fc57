"""The claims of CNNDetection, ARIA and ImagiNet can fail, and their laptop runs are wired as they say."""

from __future__ import annotations

import numpy as np
import pytest

from fauxto.claims import aria, cnndetection, imaginet
from fauxto.claims.spectral_bands import BANDS, band_powers
from fauxto.errors import InputError


def test_band_powers_find_a_wave_in_its_ring_and_nothing_in_a_flat_picture():
    wave = 128 + 100 * np.cos(2 * np.pi * 0.25 * np.arange(64))
    image = np.repeat(np.repeat(wave[None, :, None], 64, 0), 3, 2).astype(np.uint8)
    flat, waved = band_powers([np.full((64, 64, 3), 90, np.uint8), image])
    assert np.allclose(flat, np.log(1e-3))
    assert waved.argmax() == int(0.25 / 0.5 * BANDS)


def test_without_augmentation_in_either_arm_cnndetection_gains_nothing(monkeypatch):
    original = cnndetection.make_resampled
    monkeypatch.setattr(cnndetection, "make_resampled", lambda *a, **k: original(*a, **{**k, "train": 12, "test": 8}))
    monkeypatch.setattr(cnndetection, "PROBABILITIES", dict.fromkeys(cnndetection.PROBABILITIES, 0.0))
    result = cnndetection.smoke()
    assert result.margin == 0
    assert not result.holds


def test_a_detector_that_does_not_look_at_the_family_shows_no_gap_in_aria():
    pairs = aria.Pairs(
        [np.zeros((4, 4, 3), np.uint8)] * 2, dict.fromkeys(aria.FAMILIES, [np.full((4, 4, 3), 9, np.uint8)] * 2)
    )
    table = aria.transfer(pairs, pairs, lambda reals, fakes: lambda images: np.array([i.mean() - 4 for i in images]))
    assert aria.inside(table) == aria.outside(table) == 1
    assert len(table) == len(aria.FAMILIES) ** 2


def test_the_fakes_of_aria_made_from_a_picture_keep_its_content_and_the_others_do_not():
    pairs = aria.make_pairs(0, 6)

    def likeness(fakes):
        return np.mean([np.corrcoef(r.ravel(), f.ravel())[0, 1] for r, f in zip(pairs.real, fakes, strict=True)])

    assert likeness(pairs.fake["lanczos", "picture"]) > 0.8
    assert abs(likeness(pairs.fake["lanczos", "text"])) < 0.6


def test_the_laptop_runs_are_wired():
    """Far too small to learn anything: only that they run, count their seeds and judge by their own rule."""
    found = (
        cnndetection.laptop(seeds=(0, 1), train=10, test=4, epochs=1),
        aria.laptop(seeds=(0, 1), train=10, test=4, epochs=1),
        imaginet.laptop(seeds=(0, 1), train=10, test=6, epochs=2),
    )
    for result in found:
        assert result.scale == "laptop" and result.seeds == (0, 1)
        assert result.interval is not None
        assert result.margin == pytest.approx(result.measured - result.control, abs=2e-4)
    assert not found[0].holds  # the control has learned nothing, so nothing follows


@pytest.mark.parametrize("claim", [cnndetection, aria, imaginet])
def test_the_full_claims_need_data(claim):
    with pytest.raises(InputError, match="full claim needs"):
        claim.run("full")
