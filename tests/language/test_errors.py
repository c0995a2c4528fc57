"""Errors are said by their code, in every language; what they tell to do is known; their English is never lost."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fauxto
from fauxto.errors import InputError
from fauxto.finding import Finding
from fauxto.language import LANGUAGES, REASONS, localized, texts, told, translate
from fauxto.language.errors import STEPS
from fauxto.language.sentence import PLACEHOLDER
from fauxto.media.limits import too_much
from fauxto.run.scan import _FIXES
from fauxto.run.source import no_network, unreadable
from fauxto.serve.engine import _GIVEN_UP

PACKAGE = Path(fauxto.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]
OF_ARGUMENTS = {"coefficients.py", "encode.py"}
"""Files of `media` that a scan of a file never gets an error from."""

ROOMS = [
    *sorted(path for path in (PACKAGE / "media").glob("*.py") if path.name not in OF_ARGUMENTS),
    *(PACKAGE / "run" / f"{name}.py" for name in ("address", "drawing", "fetch", "pipeline", "scan", "source")),
]
"""Where the errors of rows are raised."""


def raised() -> Iterator[tuple[str, str | None, str]]:
    """File, code (None where it is no literal) and fix of each error of rows, its values filled in with 7."""
    for path in ROOMS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            given = {word.arg: word.value for word in node.keywords} if isinstance(node, ast.Call) else {}
            code, fix = given.get("code"), given.get("fix")
            if code is not None and isinstance(fix, ast.Constant | ast.JoinedStr):
                parts = fix.values if isinstance(fix, ast.JoinedStr) else [fix]
                words = "".join(part.value if isinstance(part, ast.Constant) else "7" for part in parts)
                yield path.name, code.value if isinstance(code, ast.Constant) else None, words


FIXES = {fix for _, code, fix in raised() if code is None or code in REASONS} | {*_FIXES.values(), _GIVEN_UP["fix"]}


def test_every_code_of_a_row_has_a_sentence():
    found = {code for _, code, _ in raised() if code is not None}
    assert {"empty", "unknown_format", "memory", "unreachable", "network", "not_found"} <= found
    assert found - {"bad_box"} <= set(REASONS), "a box is asked for in code, never by a row"
    assert {*_FIXES, _GIVEN_UP["code"]} <= set(REASONS)


@pytest.mark.parametrize("language", OTHERS)
def test_what_rows_tell_to_do_is_said_in_every_language(language: str):
    assert len(FIXES) > 14
    assert [fix for fix in FIXES if translate(fix, language) == fix] == []


def test_no_step_is_listed_that_no_row_tells():
    told_by_a_variable = {unreadable(FileNotFoundError(2, "gone"), "*.png").fix}
    patterns = [re.compile(".+".join(map(re.escape, PLACEHOLDER.sub("\0", step).split("\0")))) for step in STEPS]
    assert [p.pattern for p in patterns if not any(map(p.fullmatch, FIXES | told_by_a_variable))] == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("code", REASONS)
def test_a_reason_is_said_and_the_english_stands_behind(code: str, language: str):
    said = told({"code": code, "what": "SOF2 is missing.", "fix": "Fetch or export the picture again."}, language)
    assert said.what == texts(language).gettext(REASONS[code]) != REASONS[code]
    assert said.fix != "Fetch or export the picture again."
    assert said.detail == "SOF2 is missing."


@pytest.mark.parametrize("language", OTHERS)
def test_the_values_of_a_limit_are_kept(language: str):
    error = too_much("too_many_bytes", "bytes", 300, 100, "--limit-bytes")
    said = told({"code": error.code, "what": error.what, "fix": error.fix}, language)
    assert "--limit-bytes 300" in said.fix and said.fix != error.fix
    assert said.detail == "The file has 300 bytes; the limit is 100."


def test_english_is_told_as_it_is():
    error = no_network("http://a.example/b.jpg")
    assert told({"code": error.code, "what": error.what, "fix": error.fix}, "en") == (error.what, error.fix, "")


@pytest.mark.parametrize("error", [{"code": "duck", "what": "It quacks.", "fix": "Feed it."}, {"what": "It quacks."}])
def test_an_error_of_someone_else_stays(error: dict[str, str]):
    assert told(error, "de") == ("It quacks.", error.get("fix", ""), "")


def test_what_is_stored_and_sent_stays_english():
    error = {"code": "empty", "what": "The file is empty (0 bytes).", "fix": "Fetch or export the picture again."}
    assert localized(Finding("a.jpg", status="error", error=error), "de").error == error


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="does not speak"):
        told({}, "tlh")


def test_the_page_says_the_same():
    script = (PACKAGE / "serve" / "ui" / "js" / "verdicts.js").read_text("utf-8").partition("function reason(")[2]
    assert dict(re.findall(r'(\w+): t\("(.+)"\),', script)) == REASONS
