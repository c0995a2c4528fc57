"""The documents name files, constants and tests; they have to be there."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PITFALLS = (ROOT / "docs" / "porting-pitfalls.md").read_text("utf-8")
ROWS = [line.strip("| ").split(" | ") for line in PITFALLS.splitlines() if line.startswith("|") and ".py:" in line]


def names(code: str, name: str) -> bool:
    """Whether a module defines a function, class or constant of that name."""
    return re.search(rf"^\s*(def |class ){name}\b|^{name}\b.*=|^[A-Z_, ]*\b{name}\b[A-Z_, ]*=", code, re.M) is not None


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_pitfall_has_its_name_and_its_test(row: list[str]):
    home, test = (re.fullmatch(r"`(.+\.py):(\w+)`", cell.strip()) for cell in row[-2:])
    assert home and test
    assert names((ROOT / "src/fauxto" / home[1]).read_text("utf-8"), home[2])
    assert names((ROOT / test[1]).read_text("utf-8"), test[2])


def test_there_are_pitfalls():
    assert len(ROWS) >= 20


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/*.md")]


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_link_leads_somewhere(page: Path):
    text = page.read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_capture_in_the_readme_can_be_made_again():
    capture = runpy.run_path(str(ROOT / "docs" / "capture.py"))
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = readme.split(capture["BEGIN"])[1].split(capture["END"])[0]
    assert f"$ {capture['COMMAND']}" in shown and "examples/coffee-redrawn.png" in shown
    once = capture["inserted"](readme, "$ a new capture  \n")
    assert capture["inserted"](once, "$ a new capture  \n") == once
    assert once.replace("$ a new capture", "") != readme and once.count(capture["END"]) == 1


def test_the_picture_of_the_capture_loads_nothing():
    picture = (ROOT / "docs" / "scan.svg").read_text("utf-8")
    assert "inconclusive" in picture
    assert re.findall(r"(?:url\((?!#)|href=|@import|<script)[^)\s]*", picture) == []
