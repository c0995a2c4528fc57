"""The catalog is true: every system file has a card, and every detector of the house keeps the contract."""

import importlib

import pytest

from fauxto.catalog import discover, find, list_systems
from fauxto.learn.conformance import subject, sweep

SYSTEMS = [system for system in list_systems() if system.path is not None and system.status != "third-party"]
FILES = [system.path for system in SYSTEMS]
DETECTORS = [system.slug for system in SYSTEMS if system.card is not None and "detector" in system.card.kinds]


def test_there_are_system_files():
    assert {path.stem for path in FILES} >= {"npr", "safe"}
    assert set(DETECTORS) >= {"npr", "safe"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_a_room_has_a_readable_card_that_is_the_imported_one(path):
    module = importlib.import_module(discover.module_of(path))
    assert discover.read_card(path) == module.CARD
    assert find(module.CARD.slug).card is module.CARD


def test_cards_agree_with_the_plan():
    for system in list_systems():
        if system.number and system.card:
            assert (system.card.slug, system.card.year) == (system.slug, system.year)
            assert set(system.card.kinds) <= set(system.kinds)


@pytest.mark.parametrize("slug", DETECTORS)
def test_the_detectors_of_the_house_keep_the_contract(slug):
    failed = [(outcome.name, outcome.measured) for outcome in sweep(subject(slug, small=True)) if not outcome.passed]
    assert failed == []
