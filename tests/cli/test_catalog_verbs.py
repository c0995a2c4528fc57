"""The verbs systems, check, new and claims: what they print, what they return, what they refuse."""

import dataclasses
import importlib.util
import json

import pytest

import fauxto.claims
from fauxto.cli import claims as claims_verb
from fauxto.cli.check import check, require_lab
from fauxto.cli.claims import claims
from fauxto.cli.new import new, write_template
from fauxto.cli.systems import systems
from fauxto.errors import ContractError, InputError, PolicyError, ResourceError
from fauxto.learn import conformance
from fauxto.learn.conformance import Outcome


def test_systems_lists_all_44_and_what_works(capsys):
    assert systems() == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.lstrip()[:1].isdigit() and "planned." not in line for line in lines) == 44
    assert any("npr" in line and "works" in line for line in lines)
    assert any("e2gan" in line and "planned" in line for line in lines)


def test_systems_as_json_has_stable_keys(capsys):
    systems(json=True)
    rows = json.loads(capsys.readouterr().out)
    assert [row["number"] for row in rows[:44]] == list(range(1, 45))
    assert set(rows[0]) == {
        *("slug", "kinds", "title", "venue", "year", "status", "homes", "number", "path", "card", "problem")
    }


def test_one_system_shows_its_whole_card(capsys):
    systems("npr")
    out = capsys.readouterr().out
    for part in ("Rethinking the Up-Sampling", "1,437,761 parameters", "2.24 GMAC", "NPR.pth", "works"):
        assert part in out
    systems("npr", json=True)
    assert json.loads(capsys.readouterr().out)["card"]["slug"] == "npr"
    systems("stackgan")
    assert "planned" in capsys.readouterr().out


def test_an_unknown_system_is_refused():
    with pytest.raises(InputError, match="nosuch"):
        systems("nosuch")


def test_new_writes_once_and_only_good_names(tmp_path, capsys):
    assert new("detector", "my_net", folder=tmp_path) == 0
    text = (tmp_path / "my_net.py").read_text()
    assert "class MyNet:" in text and 'slug="my-net"' in text and "{{" not in text
    assert "fauxto check" in capsys.readouterr().out
    (tmp_path / "my_net.py").write_text("mine")
    with pytest.raises(PolicyError, match="exists"):
        write_template("my_net", tmp_path)
    assert (tmp_path / "my_net.py").read_text() == "mine"
    for name in ("MyNet", "1net", "my-net", "class", "../x", "a__b", ""):
        with pytest.raises(InputError):
            write_template(name, tmp_path)
    with pytest.raises(InputError, match="folder"):
        write_template("other", tmp_path / "absent")
    assert [path.name for path in tmp_path.iterdir()] == ["my_net.py"]


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_check_exits_by_its_outcomes(tmp_path, capsys, monkeypatch, passed, code):
    path = write_template("mine", tmp_path)
    outcome = Outcome("card", passed, "found", "wanted", "do this")
    monkeypatch.setattr(conformance, "sweep", lambda subject: iter([outcome]))
    assert check(str(path)) == code
    out = capsys.readouterr().out
    assert ("fix:      do this" in out) is not passed
    assert check(str(path), json=True) == code
    assert json.loads(capsys.readouterr().out)["passed"] is passed


def test_check_refuses_what_holds_no_detector(tmp_path):
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(ContractError, match="found none"):
        check(str(tmp_path / "empty.py"))
    with pytest.raises(InputError):
        check("nosuch")


def test_claims_runs_reports_and_exits(capsys, monkeypatch):
    assert claims("npr") == 0
    out = capsys.readouterr().out
    assert "npr (smoke" in out and "holds" in out and "1,437,761" in out
    assert claims("npr", json=True) == 0
    assert json.loads(capsys.readouterr().out)["slug"] == "npr"


def test_a_claim_that_does_not_hold_exits_1(capsys, monkeypatch):
    result = dataclasses.replace(fauxto.claims.run("npr", "smoke"), holds=False)
    monkeypatch.setattr(fauxto.claims, "run", lambda slug, scale: result)
    assert claims("npr") == 1
    assert "DOES NOT HOLD" in claims_verb.report(result)


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ResourceError) as caught:
        require_lab()
    assert "fauxto[lab]" in caught.value.fix
