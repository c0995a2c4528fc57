"""The decay features against the released procedure written as loops, with SciPy's Nelder-Mead."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from fauxto.data.worlds.camera import photograph
from fauxto.detect.spectrum import CARD, DecayFeatures, Spectrum, decay
from fauxto.errors import InputError, WeightError
from fauxto.media.crops import CropSpec
from fauxto.nn.feature_classifiers import NearestNeighbours, SupportVectors


def released(pixels: np.ndarray) -> np.ndarray:
    """Exponent, first and last magnitude as the released code finds them, but for the rounding of gray."""
    gray = pixels @ np.array([0.299, 0.587, 0.114])
    side = len(gray)
    magnitude = np.abs(np.fft.fftshift(np.fft.fft2(gray)))
    centre = side // 2  # counted from 1: the sample before the zero frequency
    rows, columns = np.mgrid[1 : side + 1, 1 : side + 1]
    radius = np.hypot(rows - centre, columns - centre)
    outer = radius > 0.5 * np.hypot(side / 2, side / 2)
    r, m = radius[outer], magnitude[outer]
    edges = np.linspace(r.min(), r.max(), 201)
    bins = np.array(
        [
            m[(r >= lo) & (r <= hi)].mean() if ((r >= lo) & (r <= hi)).any() else np.nan
            for lo, hi in itertools.pairwise(edges)
        ]
    )
    for i in np.flatnonzero(np.isnan(bins)):
        below, above = bins[:i][~np.isnan(bins[:i])][-1], bins[i + 1 :][~np.isnan(bins[i + 1 :])][0]
        bins[i] = (below + above) / 2
    smooth = np.array([bins[i - k : i + k + 1].mean() for i in range(200) for k in [min(2, i, 199 - i)]])
    x, y = ((edges[:-1] + edges[1:]) / 2)[140:], smooth[140:]
    b = minimize(lambda c: np.linalg.norm(y - y[0] * (x / x[0]) ** c[0]), [-2], method="Nelder-Mead").x[0]
    return np.array([b, y[0], y[-1]])


@pytest.mark.parametrize("seed", [0, 1])
def test_features_are_the_released_ones_with_their_origin(seed):
    image = photograph(seed, 256)
    found = Spectrum(origin=1).features([image])[0]
    expected = released(image.astype(float))
    np.testing.assert_allclose(found * [1, 256, 256], expected, rtol=3e-3)


def test_the_fit_is_nelder_meads():
    rng = np.random.default_rng(0)
    x = np.linspace(1, 1.18, 60)
    for slope in (-20.0, -2.0, 0.0, 6.0):
        y = x**slope * np.exp(0.1 * rng.standard_normal(60))
        oracle = minimize(lambda c, y=y: ((y - x ** c[0]) ** 2).sum(), [-2], method="Nelder-Mead", tol=1e-8).x[0]
        found = decay(torch.from_numpy(x), torch.from_numpy(y)[None])
        assert float(found) == pytest.approx(oracle, abs=1e-3)


def test_features_of_flat_pictures_are_finite_and_have_a_gradient():
    for level in (0.0, 0.5, 1.0):
        pixels = torch.full((1, 3, 64, 64), level, requires_grad=True)
        features = DecayFeatures()(pixels)
        features.sum().backward()
        assert features.isfinite().all() and pixels.grad.isfinite().all()


def test_relative_features_do_not_depend_on_contrast():
    pixels = torch.from_numpy(Spectrum(CropSpec(64, 1)).preprocess(photograph(3, 64)))
    for relative in (True, False):
        features = DecayFeatures(relative=relative)
        ratio = features(0.5 * pixels) / features(pixels)
        expected = [1, 1, 1] if relative else [1, 0.5, 0.5]
        np.testing.assert_allclose(ratio[0], expected, rtol=1e-3)


def test_noise_pictures_of_two_sides_have_like_features():
    rng = np.random.default_rng(0)
    means = []
    for side in (128, 256):
        images = [rng.normal(128, 20, (side, side, 1)).clip(0, 255).astype(np.uint8).repeat(3, 2) for _ in range(12)]
        means.append(Spectrum(CropSpec(side, 1)).features(images).mean(0))
    assert means[0][1] == pytest.approx(means[1][1], rel=0.1)
    assert abs(means[1][0]) < 1


@pytest.mark.parametrize("kind", [NearestNeighbours, SupportVectors])
def test_an_enrolled_detector_separates_saves_and_loads(tmp_path, kind):
    sharp = [photograph(seed, 64) for seed in range(12)]
    doubled = [picture[::2, ::2].repeat(2, 0).repeat(2, 1) for picture in sharp]
    detector = Spectrum(CropSpec(64, 1), classifier=kind())
    detector.enrol(sharp[:8], doubled[:8])
    scores = detector.score([*sharp[8:], *doubled[8:]])
    detector.save(str(tmp_path / "weights.safetensors"))
    fresh = Spectrum(CropSpec(64, 1), classifier=kind())
    fresh.load(str(tmp_path / "weights.safetensors"))
    np.testing.assert_array_equal(fresh.score([*sharp[8:], *doubled[8:]]), scores)
    with pytest.raises(WeightError):
        Spectrum().load(str(tmp_path / "weights.safetensors"))


def test_the_perceptron_is_not_enrolled():
    with pytest.raises(InputError, match="fauxto train"):
        Spectrum().enrol([], [])
    assert sum(p.numel() for p in Spectrum().network().parameters()) == CARD.parameters
