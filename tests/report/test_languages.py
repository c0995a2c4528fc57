"""A report in each language: every word of ours said in it, every number as it was, every hostile word still text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fauxto.errors import InputError
from fauxto.finding import Evidence
from fauxto.language import LANGUAGES, texts
from fauxto.report import write
from fauxto.report.picture import Shown
from fauxto.report.view import card, percent
from fauxto.verdict import wording
from tests.report.test_html import HOSTILE, finding, hostile, page
from tests.verdict.reference import calling

OTHERS = [language for language in LANGUAGES if language != "en"]
OURS = ("Summary", "Evidence", "False-alarm bound", "How to read this", "What would change this verdict", "Metadata")


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_of_ours_is_left_in_english(tmp_path: Path, language: str):
    item = wording.pixels(calling("borderline"))
    found = finding("a.jpg", "inconclusive", p_value=0.03, evidence=[item, Evidence("metadata", "x", "declared")])
    text, read = page(tmp_path, found, language=language)
    known = texts(language)
    for words in OURS:
        assert known.gettext(words) in read.words
        if known.gettext(words) != words:
            assert f">{words}<" not in text
    assert item.statement not in read.words and item.limits not in read.words
    assert re.search(r'<html lang="(\w\w)', text)[1] == language  # type: ignore[index]


@pytest.mark.parametrize("language", LANGUAGES)
def test_probability_and_bounds_are_the_same_numbers(language: str):
    shown = card(finding(probability=0.873, p_value=0.004, fpr=0.01), "no_evidence-1", Shown(), language)
    numbers = [sorted(re.findall(r"\d+", shown[key])) for key in ("probability", "p_words", "fpr_words")]
    assert numbers == [["87"], ["1", "250"], ["1", "100"]]
    assert re.findall(r"\d+", percent(0.999, language)) == ["99"] and re.findall(r"\d+", percent(0.001, language)) == [
        "1"
    ]
    assert percent(0.999, language) != percent(0.99, language)


@pytest.mark.parametrize("language", OTHERS)
def test_hostile_text_stays_text_in_every_language(tmp_path: Path, language: str):
    text, read = page(tmp_path, hostile(), language=language)
    assert "script" not in read.tags and "img" not in read.tags and "<script" not in text
    assert HOSTILE in "".join(read.text)


def test_an_unknown_language_is_refused_and_nothing_is_written(tmp_path: Path):
    with pytest.raises(InputError, match="does not speak"):
        write([finding()], tmp_path / "r.html", language="tlh")
    assert list(tmp_path.iterdir()) == []
