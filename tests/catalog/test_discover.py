"""Discovery: the plan is listed whole, `works` is derived, third-party systems never break the list."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from fauxto.catalog import PLAN, discover, find, list_systems
from fauxto.catalog.card import KINDS
from fauxto.claims import ledger
from fauxto.errors import ContractError, InputError

CARD = """CARD = Card(slug="{slug}", kinds=("detector",), title="T", venue="V", year=2024, idea="I.",
    input=Input(size=64), output="higher = generated", claim="C.")
"""
SYSTEM = "from fauxto.catalog import Card, Input\n" + CARD + "class {name}:\n    card = CARD\n"


def test_the_plan_holds_44_systems_once_each():
    assert [row.number for row in PLAN] == list(range(1, 45))
    assert len({row.slug for row in PLAN}) == 44
    assert all(row.homes and row.kinds and set(row.kinds) <= set(KINDS) for row in PLAN)


def test_every_row_of_the_plan_is_listed_in_order():
    rows = list_systems()
    assert [row.slug for row in rows[:44]] == [row.slug for row in PLAN]
    assert {row.status for row in rows} <= {"works", "planned", "third-party"}


def test_listing_imports_no_torch_and_no_numpy():
    code = "import sys, fauxto.catalog as c; c.list_systems(); print([*{'torch', 'numpy'} & {*sys.modules}])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "entries",
    [{}, {"npr": {}}, {"npr": {"laptop": {"holds": True}}}, {"npr": {"smoke": {"holds": False}}}],
)
def test_a_system_without_a_green_smoke_claim_is_planned(monkeypatch, entries):
    monkeypatch.setattr(ledger, "read", lambda: entries)
    assert next(row for row in list_systems() if row.slug == "npr").status == "planned"


def test_a_green_smoke_claim_makes_it_work_only_with_every_home(monkeypatch):
    green = {slug: {"smoke": {"holds": True}} for slug in ("npr", "forgerynet")}
    monkeypatch.setattr(ledger, "read", lambda: green)
    monkeypatch.setattr(ledger, "claim_file", lambda slug: discover.PACKAGE / "__init__.py")
    status = {row.slug: row.status for row in list_systems()}
    assert status["npr"] == "works"
    assert status["forgerynet"] == "planned"


def test_a_ledger_entry_without_a_claim_file_does_not_count(monkeypatch):
    monkeypatch.setattr(ledger, "read", lambda: {"npr": {"smoke": {"holds": True}}})
    monkeypatch.setattr(ledger, "claim_file", lambda slug: discover.PACKAGE / "no_such_file.py")
    assert not ledger.has_green_smoke("npr")


def test_find_imports_the_class_of_a_slug():
    assert find("npr").__name__ == "NPR"


def test_find_refuses_what_is_planned_or_unknown():
    with pytest.raises(InputError, match="planned"):
        find("e2gan")
    with pytest.raises(InputError, match="no system"):
        find("nosuch")
    with pytest.raises(InputError, match="no file"):
        find("nosuch.py")


def test_find_loads_a_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(SYSTEM.format(slug="mine", name="Mine"))
    assert find(path).card.slug == "mine"
    assert find(str(path)).__name__ == "Mine"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise RuntimeError('boom')", "boom"),
        ("import no_such_module_at_all", "no_such_module"),
        ("def f(:", "import"),
        ("X = 1", "found none"),
        (SYSTEM.format(slug="m", name="A") + "class B:\n    card = CARD\n", "A, B"),
        ("from fauxto.detect.npr import NPR, CARD", "found none"),
    ],
)
def test_a_file_that_holds_no_system_is_refused_with_its_reason(tmp_path, text, message):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(ContractError, match=message):
        find(path)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A third-party package whose __init__ leaves a mark when it is run."""
    home = tmp_path / "site" / "other_package"
    home.mkdir(parents=True)
    (home / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    (home / "mine.py").write_text(SYSTEM.format(slug="other", name="Other"))
    (home / "broken.py").write_text("CARD = Card(slug=open('x'))")
    points = [EntryPoint(name, f"other_package.{name}", discover.GROUP) for name in ("mine", "broken", "absent")]
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(discover, "entry_points", lambda group: points)
    yield tmp_path / "ran"
    for name in [name for name in sys.modules if name.startswith("other_package")]:
        del sys.modules[name]


def test_third_party_systems_are_listed_without_being_run(package):
    rows = {row.slug: row for row in list_systems() if row.status == "third-party"}
    assert rows["other"].card.title == "T"
    assert "literals" in rows["broken"].problem
    assert "no source file" in rows["absent"].problem
    assert not package.exists()


def test_a_third_party_system_is_found_by_its_slug(package):
    assert find("other").__name__ == "Other"
    assert package.exists()
    with pytest.raises(ContractError):
        find("broken")
