"""ALEI's claim runs in miniature, and can fail."""

import pytest
import torch

from fauxto.claims import alei as claim
from fauxto.errors import InputError


def test_the_claim_can_fail(monkeypatch):
    class Blind(torch.nn.Module):
        def forward(self, x):
            return 0 * x

    monkeypatch.setattr(claim, "residuals", lambda denoiser: (Blind(), Blind(), Blind()))
    monkeypatch.setattr(claim, "exact_checks", lambda: ())
    result = claim.smoke()
    assert result.measured == result.control == 0.5
    assert not result.holds


def test_the_laptop_run_in_miniature_reports_every_arm():
    result = claim.laptop(seeds=(0, 1), train=8, test=8, epochs=1, toy_steps=2)
    row = result.details["AUC by seed, arm and maker"][0]
    assert set(row) == {"alei", *claim.STREAMS, "late fusion", "one residual, equal capacity"}
    assert set(row["alei"]) == {"nearest", "bilinear", "transposed", "denoised"}
    assert set(result.details["margin over each control"]) == set(row) - {"alei"}
    assert result.margin == pytest.approx(result.measured - result.control, abs=2e-4)


def test_the_full_claim_says_what_it_needs():
    with pytest.raises(InputError, match="CLIP"):
        claim.run("full")
