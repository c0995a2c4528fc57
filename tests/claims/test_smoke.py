"""Every claim's smoke run is repeated here: what the ledger calls green is green now, to the same numbers."""

import importlib

import numpy as np
import pytest
import torch
from scipy import stats

from fauxto.catalog import list_systems
from fauxto.claims import Check, claim_file, experiment, ledger, run
from fauxto.claims import npr as npr_claim
from fauxto.claims import safe as safe_claim
from fauxto.errors import InputError
from fauxto.nn import residual

CLAIMS = [row.slug for row in list_systems() if claim_file(row.slug).is_file()]


@pytest.mark.parametrize("slug", CLAIMS)
def test_the_smoke_claim_holds_with_the_ledgers_numbers(slug):
    result = run(slug, "smoke")
    entry = ledger.read()[slug]["smoke"]
    assert result.holds
    assert all(check.passed for check in result.checks)
    assert (result.slug, result.scale) == (slug, "smoke")
    assert result.margin == pytest.approx(result.measured - result.control, abs=2e-4)
    assert (result.measured, result.control) == pytest.approx((entry["measured"], entry["control"]), abs=0.02)


def test_the_npr_claim_can_fail(monkeypatch):
    monkeypatch.setattr(npr_claim, "NeighbourResidual", torch.nn.Identity)
    result = npr_claim.smoke()
    assert not result.holds
    assert [check.passed for check in result.checks] == [False, True, False, True]


def test_the_npr_statistic_fails_off_the_grid(monkeypatch):
    original = npr_claim.halve_and_double
    monkeypatch.setattr(npr_claim, "halve_and_double", lambda pixels, kind: np.roll(original(pixels, kind), 1, (0, 1)))
    assert not npr_claim.smoke().holds


def test_the_safe_claim_can_fail(monkeypatch):
    monkeypatch.setattr(safe_claim, "CELL", 8)
    assert not safe_claim.exact_checks()[2].passed

    class OffGrid(residual.DiagonalHaar):
        def forward(self, x):
            return super().forward(x.roll((1, 1), (-2, -1)))

    monkeypatch.setattr(safe_claim, "DiagonalHaar", OffGrid)
    result = safe_claim.smoke()
    assert not result.holds
    assert not result.checks[0].passed and not result.checks[1].passed


def test_the_filter_bank_is_pywavelets():
    pywt = importlib.import_module("pywt")
    rng = np.random.default_rng(0)
    for shape in ((64, 48), (30, 8)):
        values = rng.standard_normal(shape)
        _, (_, _, diagonal) = pywt.dwt2(values, "bior1.3", mode="symmetric")
        np.testing.assert_allclose(safe_claim.filter_bank(values), diagonal, atol=1e-12)


def test_unknown_claims_and_scales_are_refused():
    with pytest.raises(InputError, match="no claim"):
        run("e2gan", "smoke")
    with pytest.raises(InputError, match="scale"):
        run("npr", "enormous")
    with pytest.raises(InputError, match="ForenSynths"):
        run("npr", "full")


def test_the_comparison_is_a_paired_t_interval():
    measured, control = [0.9, 0.95, 0.93], [0.8, 0.88, 0.81]
    margin = experiment.compare(measured, control)
    oracle = stats.ttest_rel(measured, control).confidence_interval(0.95)
    assert margin.interval == pytest.approx((oracle.low, oracle.high), abs=1e-4)
    assert margin.margin == pytest.approx(0.0967, abs=1e-4)
    assert margin.spread == pytest.approx(np.std(control, ddof=1), abs=1e-4)
    assert margin.holds
    assert not experiment.compare(control, measured).holds
    assert not experiment.compare([0.9, 0.5], [0.85, 0.52]).holds


def test_a_result_holds_when_its_rule_and_every_check_do():
    card = npr_claim.CARD
    good, bad = Check("one", True, "1"), Check("two", False, "0")
    wide, narrow = experiment.compare([0.9, 0.92], [0.8, 0.81]), experiment.compare([0.9, 0.5], [0.85, 0.52])
    words = {"unit": "u", "rule": "r"}

    def laptop(margin, checks=(good,), **more):
        return experiment.laptop_result(card, margin, seeds=(0, 1), checks=checks, **words, **more)

    assert laptop(wide).holds and not laptop(narrow).holds
    assert not laptop(wide, (good, bad)).holds and not laptop(wide, holds=False).holds
    assert laptop(narrow, holds=True).holds
    assert (laptop(wide).margin, laptop(wide).interval) == (wide.margin, wide.interval)
    for checks, holds in (((good,), True), ((good, bad), False)):
        found = experiment.smoke_result(card, 0.91234, 0.5, statement="s", holds=True, checks=checks, **words)
        assert (found.holds, found.measured, found.margin, found.scale) == (holds, 0.9123, 0.4123, "smoke")


def test_a_network_learns_what_can_be_learned_and_nothing_from_noise():
    rng = np.random.default_rng(0)
    bright = [rng.integers(60, 255, (16, 16, 3)).astype(np.uint8) for _ in range(60)]
    dark = [rng.integers(0, 195, (16, 16, 3)).astype(np.uint8) for _ in range(60)]
    network = torch.nn.Sequential(torch.nn.AvgPool2d(16), torch.nn.Flatten(0), torch.nn.Unflatten(0, (-1, 3)))
    network = torch.nn.Sequential(network, torch.nn.Linear(3, 1), torch.nn.Flatten(0))
    pictures = [*dark[:40], *bright[:40]]
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    experiment.fit(
        network,
        lambda i, _: pictures[i],
        np.repeat([0, 1], 40),
        loss,
        seed=0,
        epochs=60,
        learning_rate=0.1,
        batch=16,
    )
    assert experiment.auc(network, dark[40:], bright[40:]) > 0.95
    assert experiment.auc(network, bright[:30], bright[30:]) < 0.75


def test_a_seeded_network_repeats_and_leaves_the_global_seed():
    before = torch.get_rng_state()
    a, b = (experiment.seeded(lambda: torch.nn.Linear(3, 3), 5) for _ in range(2))
    assert torch.equal(a.weight, b.weight)
    assert torch.equal(before, torch.get_rng_state())
