"""The page's files: nothing inline, nothing foreign, no text beyond the reach of the catalogue."""

import re
from pathlib import Path

import pytest

from fauxto.language import LANGUAGES, update

FILES = sorted(path for path in update.PAGE.rglob("*") if path.suffix in {".js", ".css", ".html", ".svg"})
SCRIPTS = [path for path in FILES if path.suffix == ".js"]


def name(path: Path) -> str:
    return path.relative_to(update.PAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_is_short_and_names_no_other_origin(path: Path):
    text = path.read_text("utf-8")
    assert len(text.splitlines()) < 220
    links = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)) - {"http://www.w3.org", "//www.w3.org"}
    assert links == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_writes_no_markup_and_no_inline_style(path: Path):
    text = path.read_text("utf-8")
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|setAttribute\(.style"
    assert re.search(markup, text) is None


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_text_is_called_where_babel_finds_it(path: Path):
    """Inside a template literal, or with anything but literals, a text would never reach the catalogue."""
    text = path.read_text("utf-8")
    assert re.findall(r"\$\{[^}]*\b[tn]\(", text) == []
    assert re.findall(r"\bt\((?!\"|text\b)", text) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_what_is_imported_exists(path: Path):
    text = path.read_text("utf-8")
    for names, module in re.findall(r"import (.+?) from \"(.+?)\";", text):
        source = (path.parent / module).resolve().read_text("utf-8")
        for each in re.findall(r"\w+", names) if names.startswith("{") else []:
            assert re.search(rf"export (async )?(function\*?|const|class) {each}\b", source), f"{each} of {module}"
            assert len(re.findall(rf"\b{each}\b", text)) > 1, f"{each} is not used"


def test_the_document_has_nothing_inline():
    text = (update.PAGE / "index.html").read_text("utf-8")
    assert re.search(r"<style|<script(?![^>]* src=)|\son\w+=|style=", text) is None


def test_the_page_offers_the_languages_of_the_package():
    offered = re.findall(
        r"(\w\w): \"", re.search(r"LANGUAGES = \{(.*?)\}", (update.PAGE / "js/words.js").read_text())[1]
    )  # type: ignore[index]
    assert offered == list(LANGUAGES)
