"""The ledger: what is recorded comes back, and the committed one says the truth about what works."""

import json

import pytest

from fauxto.catalog import list_systems
from fauxto.claims import Check, ClaimResult, claim_file, ledger
from fauxto.errors import ContractError, PolicyError


def result(**changes):
    values = {
        "slug": "npr",
        "scale": "smoke",
        "statement": "S.",
        "unit": "u",
        "rule": "r",
        "measured": 0.9,
        "control": 0.5,
        "margin": 0.4,
        "holds": True,
        "checks": (Check("c", True, "0"),),
    }
    return ClaimResult(**(values | changes))


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    home = tmp_path / "src" / "fauxto" / "claims"
    home.mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(ledger, "LEDGER", home / "ledger.json")
    ledger.read.cache_clear()
    yield tmp_path
    ledger.read.cache_clear()


def test_recorded_results_come_back_and_replace_older_ones(checkout):
    ledger.record([result(), result(scale="laptop", interval=(0.1, 0.7), seeds=(0, 1), spread=0.02)])
    ledger.record([result(measured=0.8, margin=0.3)])
    entries = ledger.read()
    assert entries["npr"]["smoke"]["measured"] == 0.8
    assert entries["npr"]["laptop"]["interval"] == [0.1, 0.7]
    assert ledger.has_green_smoke("npr")


def test_a_failed_claim_is_printed_as_such(checkout):
    page = ledger.record([result(holds=False, checks=(Check("exact", False, "3 off"),))]).read_text()
    assert "**no**" in page
    assert "exact: **failed** (3 off)" in page
    assert not ledger.has_green_smoke("npr")


def test_an_empty_ledger_makes_nothing_work(checkout):
    assert ledger.read() == {}
    assert not ledger.has_green_smoke("npr")


def test_outside_a_checkout_nothing_is_recorded(checkout):
    (checkout / "pyproject.toml").unlink()
    with pytest.raises(PolicyError, match="checkout"):
        ledger.record([result()])
    assert not ledger.LEDGER.exists()


def test_a_broken_ledger_is_an_error(checkout):
    ledger.LEDGER.write_text("{")
    with pytest.raises(ContractError, match="JSON"):
        ledger.read()


def test_the_committed_page_is_made_from_the_committed_ledger():
    ledger.read.cache_clear()
    page = ledger.LEDGER.parents[3] / "docs" / "ledger.md"
    assert page.read_text(encoding="utf-8") == ledger.markdown(ledger.read())
    assert json.loads(ledger.LEDGER.read_text())["npr"]["smoke"]["holds"] is True


def test_what_works_in_the_catalog_has_a_claim_and_a_green_run():
    works = {system.slug for system in list_systems() if system.status == "works"}
    assert works >= {"npr", "safe"}
    assert all(claim_file(slug).is_file() and ledger.read()[slug]["smoke"]["holds"] for slug in works)
