"""The claims of PatchCraft and of the Fourier study fail when what they are about is taken away."""

from __future__ import annotations

from fauxto.claims import fourier, patchcraft
from fauxto.nn.last_upsampler import last_upsampling


def test_the_patchcraft_claim_fails_without_the_order_of_textures(monkeypatch):
    monkeypatch.setattr(patchcraft, "exact_checks", lambda: ())
    monkeypatch.setattr(patchcraft, "TextureContrast", patchcraft.RandomPair)
    result = patchcraft.smoke()
    assert not result.holds
    assert abs(result.margin) < patchcraft.SMOKE_MARGIN


def test_the_fourier_claim_fails_when_both_up_samplings_are_the_same(monkeypatch):
    monkeypatch.setattr(
        fourier, "last_upsampling", lambda setup, *channels: last_upsampling("N" + setup[1:], *channels)
    )
    result = fourier.smoke()
    assert not result.holds
    assert result.margin == 0
    assert all(check.passed for check in result.checks)


def test_the_fourier_check_of_power_laws_can_fail(monkeypatch):
    monkeypatch.setattr(fourier, "_exponent_of_power_law", lambda slope: -1.1 * slope)
    assert not fourier.exact_checks()[0].passed
