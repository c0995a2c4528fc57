"""StyleGAN3's filters against scipy's design."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
import scipy.special

from fauxto.nn.lowpass import attenuation, kaiser_beta, lowpass

DESIGNS = [(12, 2.0, 17.15, 32), (24, 10.08, 24.0, 128), (12, 16.0, 7.4, 64), (13, 3.0, 2.0, 16), (6, 3.0, 1.0, 16)]


@pytest.mark.parametrize(("taps", "cutoff", "width", "rate"), DESIGNS)
def test_the_separable_filter_is_firwins(taps, cutoff, width, rate):
    expected = scipy.signal.firwin(taps, cutoff, width=width, fs=rate)
    np.testing.assert_allclose(lowpass(taps, cutoff, width, rate), expected, atol=1e-7)


@pytest.mark.parametrize(("taps", "cutoff", "width", "rate"), DESIGNS)
def test_the_radial_filter_is_a_windowed_jinc(taps, cutoff, width, rate):
    positions = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.hypot(*np.meshgrid(positions, positions))
    with np.errstate(invalid="ignore"):
        jinc = scipy.special.j1(2 * cutoff * np.pi * radius) / (np.pi * radius)
    jinc[radius == 0] = cutoff
    beta = scipy.signal.kaiser_beta(scipy.signal.kaiser_atten(taps, width / (rate / 2)))
    expected = jinc * np.outer(*[scipy.signal.windows.kaiser(taps, beta)] * 2)
    found = lowpass(taps, cutoff, width, rate, radial=True)
    np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-7)
    np.testing.assert_allclose(found, found.T, atol=1e-9)


def test_kaisers_formulas():
    for decibels in (10.0, 30.0, 60.0):
        assert kaiser_beta(decibels) == pytest.approx(scipy.signal.kaiser_beta(decibels))
    assert attenuation(24, 0.3) == pytest.approx(scipy.signal.kaiser_atten(24, 0.3))
