"""Rows and arguments in another language; the JSON's keys and verdicts stay."""

from collections import Counter

import pytest
from rich.cells import cell_len

from fauxto.cli import render
from fauxto.cli.scan import scan
from fauxto.errors import InputError
from fauxto.finding import VERDICTS, Evidence, Finding
from fauxto.language import LANGUAGES, localized
from fauxto.verdict import wording
from tests.verdict.reference import calling


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_row_is_worded_in_the_language(language: str):
    item = wording.pixels(calling("ordinary"))
    finding = Finding("a.jpg", verdict="no_evidence", p_value=0.62, fpr=0.01, evidence=[item])
    shown = render.row(localized(finding, language), language).plain
    words = {
        "en": "no evidence ",
        "de": "keine hinweise ",
        "fr": "aucun indice ",
        "es": "sin indicios ",
        "zh": "未见证据",
    }
    assert shown.startswith(words[language]) and "a.jpg" in shown
    assert (item.statement in shown) == (language == "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_stand_in_columns_and_their_spaces_are_spaces(language: str):
    item = wording.pixels(calling("generated"))
    error = Finding("a.jpg", status="error", error={"code": "empty", "what": "It is empty.", "fix": ""})
    findings = [Finding("a.jpg", verdict=verdict, p_value=0.01, evidence=[item]) for verdict in VERDICTS]
    rows = [render.row(localized(finding, language), language).plain for finding in [*findings, error]]
    assert len({cell_len(row.split("a.jpg")[0]) for row in rows}) == 1
    assert not any("\\" in row for row in rows)


def test_an_error_is_worded_in_the_language_and_keeps_its_values():
    what = "The file has 300 bytes; the limit is 100."
    fix = "If you trust the file, raise the limit with --limit-bytes 300."
    finding = Finding("a.jpg", status="error", error={"code": "too_many_bytes", "what": what, "fix": fix})
    head, why = render.row(localized(finding, "de"), "de").plain.split("\n")
    assert head.startswith("fehler ")
    assert why.strip() == (
        f"Die Datei ist zu groß. Wenn Sie der Datei vertrauen, heben Sie die Grenze mit --limit-bytes 300 an. [{what}]"
    )
    assert render.row(finding, "en").plain.split("\n")[1].strip() == f"{what} {fix}"
    assert localized(finding, "de").to_json() == finding.to_json()


def test_every_verdict_has_a_word_in_every_language():
    for language in LANGUAGES:
        assert len({render.word(verdict, language) for verdict in VERDICTS}) == len(VERDICTS)


def test_the_summary_is_worded_in_the_language(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    tally = render.Tally(Counter(no_evidence=12340), Counter(empty=5))
    monkeypatch.setattr(render.Tally, "rate", 2.5)
    render.summary(tally, "de")
    said = capfd.readouterr().err
    assert "12\u202f345 Dateien, 2,5 je Sekunde" in said and "fehler: empty" in said
    render.summary(tally, "en")
    assert "12,345 files, 2.5 a second" in capfd.readouterr().err


def test_json_keeps_its_keys_and_verdicts():
    item = Evidence("quality", "The file is compressed to JPEG quality 20; below 30 the traces are gone.", "none")
    said = localized(Finding("a.jpg", verdict="inconclusive", evidence=[item]), "fr").to_dict()
    assert said["verdict"] == "inconclusive" and said["evidence"][0]["layer"] == "quality"
    assert said["evidence"][0]["statement"].startswith("Le fichier est compressé à la qualité JPEG 20")


def test_a_language_that_is_not_spoken_is_refused_before_the_first_file():
    with pytest.raises(InputError, match="does not speak 'xx'"):
        scan("a.jpg", language="xx")
