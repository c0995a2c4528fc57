"""The radial spectrum against numpy's FFT and loops, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fauxto.errors import ContractError
from fauxto.nn.radial_spectrum import RadialSpectrum, half_spectrum


@pytest.mark.parametrize("side", [8, 15, 64, 256])
def test_the_half_spectrum_is_numpys(side):
    x = np.random.default_rng(side).standard_normal((2, side, side))
    expected = np.abs(np.fft.rfft2(x, norm="ortho")) ** 2
    np.testing.assert_allclose(half_spectrum(torch.from_numpy(x).float()), expected, rtol=1e-3, atol=1e-3)


def looped(x: np.ndarray, bins: int, start: float, origin: int, power: int) -> np.ndarray:
    """Every sample of the shifted full FFT, one by one; empty rings by the mean of their neighbours."""
    side = len(x)
    magnitude = np.abs(np.fft.fftshift(np.fft.fft2(x, norm="ortho"))) ** power
    corner = np.hypot(side / 2, side / 2)
    samples = []
    for i in range(side):
        for j in range(side):
            radius = np.hypot(i - side // 2 + origin, j - side // 2 + origin) / corner
            if radius > start or start == 0:
                samples.append((radius, magnitude[i, j]))
    edges = np.linspace(min(r for r, _ in samples), max(r for r, _ in samples), bins + 1)
    rings = [[] for _ in range(bins)]
    for radius, value in samples:
        ring = next(b for b in range(bins) if edges[b] <= radius <= edges[b + 1])
        rings[ring].append(value)
    means = [np.mean(ring) if ring else None for ring in rings]
    for b in [b for b, mean in enumerate(means) if mean is None]:
        low = next(means[k] for k in range(b - 1, -1, -1) if rings[k])
        high = next(means[k] for k in range(b + 1, bins) if rings[k])
        means[b] = (low + high) / 2
    return np.array(means)


@pytest.mark.parametrize(
    "bins, start, origin, power", [(12, 0.0, 0, 2), (40, 0.5, 0, 1), (40, 0.5, 1, 1), (90, 0.5, 0, 2)]
)
def test_the_rings_are_the_loop(bins, start, origin, power):
    x = np.random.default_rng(0).standard_normal((32, 32))
    rings = RadialSpectrum(bins, start, power=power == 2, origin=origin)
    found = rings(torch.from_numpy(x).float()[None])[0]
    np.testing.assert_allclose(found, looped(x, bins, start, origin, power), rtol=1e-3)


def test_empty_rings_occur_and_are_filled():
    found = RadialSpectrum(90, 0.5)(torch.randn(1, 32, 32, generator=torch.Generator().manual_seed(0)))
    assert (found > 0).all()


def test_a_sinusoid_lies_in_the_ring_of_its_frequency():
    side, frequency = 64, 20
    x = torch.cos(2 * torch.pi * frequency * torch.arange(side) / side).expand(side, side)
    spectrum = RadialSpectrum(30, power=True)
    rings = spectrum(x[None])[0]
    ring = int(rings.argmax())
    half = (spectrum.radii(side)[1] - spectrum.radii(side)[0]) / 2
    assert abs(spectrum.radii(side)[ring] - frequency / np.hypot(side / 2, side / 2)) <= half
    others = rings.clone()
    others[ring] = 0
    assert others.max() < 1e-6 * rings[ring]


def test_power_law_noise_has_its_law():
    side, slope = 128, 2.0
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = np.inf
    rng = np.random.default_rng(0)
    noise = [np.fft.irfft2(np.fft.rfft2(rng.standard_normal((side, side))) * frequency**-slope) for _ in range(20)]
    spectrum = RadialSpectrum(40, power=True)
    rings = spectrum(torch.from_numpy(np.stack(noise))).mean(0).numpy()
    inner = slice(4, 28)
    fitted = np.polyfit(np.log(spectrum.radii(side)[inner]), np.log(rings[inner]), 1)[0]
    assert fitted == pytest.approx(-2 * slope, rel=0.03)


@pytest.mark.parametrize("side", [64, 128])
def test_white_noise_is_flat_whatever_the_side(side):
    noise = 3 * torch.randn(40, side, side, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(RadialSpectrum(10, power=True)(noise).mean(0)[1:], 9, rtol=0.1)


def test_only_squares():
    with pytest.raises(ContractError, match="square"):
        RadialSpectrum(10)(torch.zeros(1, 8, 6))
