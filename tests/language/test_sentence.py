"""Sentences of findings are found again and said in another language: numbers exactly, quotations untouched."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fauxto
from fauxto.errors import InputError
from fauxto.finding import Evidence, Finding
from fauxto.language import LANGUAGES, localized, negotiate, phrase, say, texts, translate
from fauxto.language.catalogue import sentences
from fauxto.language.sentence import NUMBERS, PHRASES, PLACEHOLDER, SETS
from fauxto.provenance import wording as provenance
from fauxto.provenance.manifest import C2pa
from fauxto.verdict import wording
from tests.verdict.reference import calling

PACKAGE = Path(fauxto.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]
MARK = {"de": ",", "fr": ",", "es": ",", "zh": "."}
RATES = {"de": "{} von {}", "fr": "{} sur {}", "es": "{} de cada {}", "zh": "{1} 分之 {0}"}
SENTENCES = [text for text in sentences() if len(PLACEHOLDER.sub("", text)) >= 12]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_with_placeholders_comes_back(language: str):
    for text in SENTENCES:
        names = set(PLACEHOLDER.findall(text))
        values = {name: "12.5" if name in NUMBERS else f"<{name}>" for name in names}
        wanted = {n: v.replace(".", MARK[language]) if n in NUMBERS else v for n, v in values.items()}
        assert translate(text.format(**values), language) == texts(language).gettext(text).format(**wanted), text


@pytest.mark.parametrize("language", OTHERS)
@given(p=st.floats(1e-6, 1))
@settings(max_examples=40, deadline=None)
def test_a_rate_keeps_its_numbers(language: str, p: float):
    english = wording.rate(p)
    count, total = re.findall(r"\d+", english)
    assert phrase(english, language) == RATES[language].format(count, total)


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("call", ["generated", "borderline", "ordinary", "unsupported"])
def test_what_the_pixels_say_is_said_with_the_same_numbers(language: str, call: str):
    item = wording.pixels(calling(call))
    for english in (item.statement, item.limits):
        said = translate(english, language)
        assert said != english
        assert sorted(re.findall(r"\d+", said)) == sorted(re.findall(r"\d+", english))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("state", ["trusted", "valid_unknown_signer", "broken", "unreadable"])
@pytest.mark.parametrize("points_to", ["generated", "edited", "camera", "conflict", "none"])
def test_signed_statements_are_said_whole(language: str, state: str, points_to: str):
    manifest = C2pa(state, issuer="Häkel & Söhne", points_to=points_to, proved=points_to, reason="XXX")  # type: ignore[arg-type]
    for item in provenance.c2pa(manifest):
        said = translate(item.statement, language)
        assert said != item.statement and " says " not in said and " picture " not in said
        assert ("Häkel & Söhne" in said) == (state != "unreadable")


@given(st.text(max_size=80), st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_whatever_a_file_says_is_quoted_and_never_lost(value: str, place: str):
    english = say("{place} names a camera: {value}.", place=place, value=value)
    said = translate(english, "de")
    assert value in said and place in said


def test_a_claim_in_a_quotation_is_not_translated():
    english = say("{place} names a camera: {value}.", place="Exif", value="Inconclusive")
    assert translate(english, "de") == "Exif nennt eine Kamera: Inconclusive."


CALLED = (
    "The pixels look synthetic: at most 1 in 250 reference photographs look this synthetic, in every set large enough "
    "to tell: {sets}."
)


def test_sets_of_the_shipped_models_are_named_in_the_language():
    english = CALLED.format(sets="camera (418), graphics (351), packages (372), people (250), web (300)")
    assert translate(english, "de").endswith(
        ": Kamera (418), Grafik (351), Softwarepakete (372), Menschen (250), Web (300)."
    )
    assert "appareil photo (418), graphismes (351)" in translate(english, "fr")
    assert "paquetes de software (372), personas (250)" in translate(english, "es")
    assert "相机 (418)" in translate(english, "zh") and "网络 (300)" in translate(english, "zh")


def test_every_shipped_set_is_known():
    models = [json.loads(path.read_text("utf-8")) for path in PACKAGE.glob("weights/*/model.json")]
    names = {name for model in models for name in model.get("populations", {})}
    assert names and names <= set(SETS)


@pytest.mark.parametrize(
    "sets", ["my camera (40)", "cameras (40)", "web of lies (3), passports, people (8)", "people, web (9)", "Web (5)"]
)
def test_sets_of_someone_else_keep_their_names(sets: str):
    assert f": {sets}." in translate(CALLED.format(sets=sets), "de")


def test_known_and_unknown_sets_stand_together():
    assert ": Kamera (4), my camera (5), Web (6)." in translate(
        CALLED.format(sets="camera (4), my camera (5), web (6)"), "de"
    )


def test_a_sentence_of_someone_else_stays():
    for sentence in ("The picture smells of cheese.", "1 in 3 ducks quack.", "", "x" * 5000):
        assert translate(sentence, "de") == sentence


def test_sentences_in_a_row_are_said_one_by_one():
    nothing, decides = "Nothing was found. That does not show that the picture is authentic.", "It smells."
    row = f"{nothing} {decides} The pixel score is reported but does not count."
    assert (
        translate(row, "de")
        == f"{translate(nothing, 'de')} It smells. Die Bewertung der Pixel wird angegeben, zählt aber nicht."
    )


def test_a_long_hostile_sentence_costs_little():
    hostile = " declares in the manner of that names a camera: " * 80
    assert translate(hostile, "fr") == hostile


def test_a_whole_finding_keeps_keys_verdicts_and_numbers():
    item = Evidence("pixels", wording.pixels(calling("ordinary")).statement, "none", value={"logit": 1.25})
    finding = Finding("a.jpg", verdict="no_evidence", p_value=0.62, fpr=0.01, evidence=[item])
    said = localized(finding, "de")
    assert said.verdict == "no_evidence" and said.evidence[0].value == {"logit": 1.25}
    assert said.evidence[0].statement.startswith("Die Pixel sind unauffällig")
    assert localized(finding, "en") is finding
    assert list(said.to_dict()) == list(finding.to_dict())


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="does not speak"):
        localized(Finding("a.jpg"), "tlh")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("zh-Hans-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("pt, es;q=0.2, fr;q=0.3", "fr"),
        ("de;q=0, es;q=0.1", "es"),
        ("en-GB,de;q=0.9", "en"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
        ("d" * 9000 + ";;;q=x", "en"),
    ],
)
def test_the_language_of_a_browser(header: str | None, language: str):
    assert negotiate(header) == language


def test_phrases_are_looked_up_in_turn():
    assert {"rate", "bound", "claim"} <= PHRASES
    assert (
        translate("It says that the picture comes from a camera.", "es")
        == "Indica que la imagen procede de una cámara."
    )
