"""PSNR and SSIM against scikit-image and closed forms; Otsu's threshold against its definition."""

import numpy as np
import pytest
from skimage import filters, metrics

from fauxto.errors import InputError
from fauxto.score.similarity import REACH, SQUARE, foreground, otsu, psnr, ssim, ssim_map

RNG = np.random.default_rng(0)
TRUTH = RNG.random((40, 53))
GUESS = 0.6 * TRUTH + 0.4 * RNG.random((40, 53))


@pytest.mark.parametrize("data_range", [1.0, 2.0, 255.0])
def test_both_windows_and_the_noise_ratio_are_scikit_images(data_range):
    a, b = GUESS * data_range, TRUTH * data_range
    gaussian = metrics.structural_similarity(
        b, a, data_range=data_range, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    uniform = metrics.structural_similarity(b, a, data_range=data_range, full=True)
    for window, (mean, full) in (("gaussian", gaussian), ("uniform", uniform)):
        assert ssim(a, b, data_range=data_range, window=window) == pytest.approx(mean, abs=1e-9)
        np.testing.assert_allclose(ssim_map(a, b, data_range=data_range, window=window), full, atol=1e-9)
    expected = metrics.peak_signal_noise_ratio(b, a, data_range=data_range)
    assert psnr(a, b, data_range=data_range) == pytest.approx(expected, abs=1e-9)


def test_closed_forms():
    for shift in (0.01, 0.1, 0.5):
        assert psnr(TRUTH + shift, TRUTH) == pytest.approx(-20 * np.log10(shift))
    assert psnr(GUESS, TRUTH, data_range=2) - psnr(GUESS, TRUTH) == pytest.approx(20 * np.log10(2))
    assert ssim(TRUTH, TRUTH) == pytest.approx(1) and psnr(TRUTH, TRUTH) == np.inf
    black = np.zeros((20, 20))
    for shift in (0.01, 0.1):  # no variance anywhere: only the means' term is left
        assert ssim(black + shift, black) == pytest.approx(1e-4 / (shift**2 + 1e-4))
    errors = [10 ** (-psnr(GUESS[k : k + 20], TRUTH[k : k + 20]) / 10) for k in (0, 20)]
    assert np.mean([-10 * np.log10(error) for error in errors]) >= psnr(GUESS, TRUTH)


def test_a_mask_limits_both_and_a_black_border_no_longer_helps():
    mask = np.zeros(TRUTH.shape, bool)
    mask[8:30, 10:40] = True
    assert psnr(GUESS, TRUTH, mask=mask) == pytest.approx(psnr(GUESS[8:30, 10:40], TRUTH[8:30, 10:40]))
    assert ssim(GUESS, TRUTH, mask=mask) == pytest.approx(ssim_map(GUESS, TRUTH)[mask].mean())
    wide = [np.pad(picture, 40) for picture in (GUESS, TRUTH)]
    inside = np.pad(np.ones(TRUTH.shape, bool), 40)
    assert psnr(*wide) > psnr(GUESS, TRUTH) + 5 and psnr(*wide, mask=inside) == pytest.approx(psnr(GUESS, TRUTH))
    edge_only = np.zeros(TRUTH.shape, bool)
    edge_only[:REACH] = True
    with pytest.raises(InputError, match="no pixel"):
        ssim(GUESS, TRUTH, mask=edge_only)


def test_otsu_is_scikit_images_and_the_foreground_is_closed():
    two = np.concatenate([RNG.normal(0.1, 0.05, 500), RNG.normal(0.7, 0.1, 300)])
    assert otsu(two) == pytest.approx(filters.threshold_otsu(two), abs=1e-9)
    body = np.zeros((40, 40))
    body[10:30, 10:30] = 0.8
    body[15:20, 15:20] = 0.0
    found = foreground(body)
    assert found[10:30, 10:30].all() and found.sum() == 400
    assert foreground(np.full((12, 12), 0.3)).all()


def test_what_cannot_be_compared_is_refused():
    for bad in (TRUTH[:-1], TRUTH[..., None], np.zeros((0, 0))):
        with pytest.raises(InputError, match="one size"):
            psnr(bad, TRUTH)
    with pytest.raises(InputError, match="mask"):
        psnr(GUESS, TRUTH, mask=np.zeros(TRUTH.shape, bool))
    for side, window in ((2 * REACH, "gaussian"), (SQUARE - 1, "uniform")):
        with pytest.raises(InputError, match="at least"):
            ssim(np.zeros((side, 30)), np.zeros((side, 30)), window=window)
