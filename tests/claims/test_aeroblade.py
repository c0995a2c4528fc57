"""AEROBLADE's claim runs in miniature, and can fail."""

import pytest
import torch

from fauxto.claims import aeroblade as claim
from fauxto.errors import InputError


def test_the_claim_can_fail(monkeypatch):
    monkeypatch.setattr(claim, "Clipped", lambda toy: torch.nn.Identity())
    result = claim.laptop(seeds=(0, 1), test=8, steps=1)
    assert all(area["own"] == 0.5 for row in result.details["AUC by seed and autoencoder"] for area in row.values())
    assert not result.holds
    assert "Not above" in result.note


def test_exact_checks_fail_for_what_is_no_projection(monkeypatch):
    class Blur(torch.nn.Module):
        def forward(self, pixels):
            return torch.nn.functional.avg_pool2d(pixels, 3, 1, 1)

    monkeypatch.setattr(claim, "CellProjection", Blur)
    assert [check.passed for check in claim.exact_checks()][1] is False


def test_the_full_claim_says_what_it_needs():
    with pytest.raises(InputError, match="Stable Diffusion"):
        claim.run("full")
