"""Catalogues: nothing is missing, placeholders agree, what is compiled and exported is what was translated."""

import json
from collections import Counter
from gettext import GNUTranslations
from io import BytesIO

import pytest

from fauxto.language import LANGUAGES, catalogue, update
from fauxto.language.sentence import LISTS, NUMBERS, PHRASES, PLACEHOLDER, QUOTED

OTHERS = [language for language in LANGUAGES if language != "en"]


def first(text: update.Text) -> str:
    return text if isinstance(text, str) else text[0]


def forms(string: str | tuple[str, ...]) -> list[str]:
    return [string] if isinstance(string, str) else list(string)


def test_the_package_has_texts_of_each_kind():
    places = {place for files in update.collect().values() for place in files}
    assert {"verdict/wording.py", "provenance/wording.py", "report/templates/card.html"} <= places
    assert "serve/ui/js/views/verify.js" in places
    assert len(update.collect()) > 300


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_has_exactly_the_texts_of_the_package_each_translated(language: str):
    messages = {message.id: message for message in update.read(language) if message.id}
    assert set(messages) == set(update.collect())
    for text, message in messages.items():
        assert all(forms(message.string)), text
        assert not message.fuzzy, text


@pytest.mark.parametrize("language", OTHERS)
def test_placeholders_agree(language: str):
    for message in update.read(language):
        for string in forms(message.string) if message.id else []:
            wanted = Counter(PLACEHOLDER.findall(first(message.id)))
            assert set(PLACEHOLDER.findall(string)) == set(wanted), string
            assert string.count("{") == len(PLACEHOLDER.findall(string)) == string.count("}"), string


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_is_not_left_in_english(language: str):
    same = [m.id for m in update.read(language) if m.id and m.string == m.id and len(first(m.id).split()) > 2]
    assert same == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_plural_has_as_many_forms_as_the_language(language: str):
    read = update.read(language)
    assert all(len(m.string) == read.num_plurals for m in read if isinstance(m.id, tuple))


@pytest.mark.parametrize("language", OTHERS)
def test_numbers_in_a_text_are_those_of_the_english(language: str):
    for message in update.read(language):
        for string in forms(message.string) if message.id else []:
            digits = Counter(c for c in first(message.id) if c.isdigit())
            assert Counter(c for c in string if c.isdigit()) == digits, string


@pytest.mark.parametrize("language", OTHERS)
def test_what_ships_is_what_was_translated(language: str):
    compiled = GNUTranslations(BytesIO(update.compiled(language)))
    for text in update.collect():
        one, many = (text, text) if isinstance(text, str) else text
        for count in (1, 2):
            found = catalogue.texts(language).ngettext(one, many, count)
            assert found == compiled.ngettext(one, many, count), "Run: python -m fauxto.language.update"
    page = (update.PAGE / "languages" / f"{language}.json").read_text("utf-8")
    assert page == update.page_part(language), "Run: python -m fauxto.language.update"
    assert len(json.loads(page)) > 200


def test_the_sentences_of_findings_are_listed_and_none_of_the_page():
    assert json.dumps(catalogue.sentences()) == json.dumps(json.loads(update.sentences()))
    assert (
        "The pixels are unremarkable: up to {rate} reference photographs look this synthetic." in catalogue.sentences()
    )
    assert "{name} is too large." not in catalogue.sentences()


def test_every_placeholder_of_a_finding_has_a_kind():
    """A name that is in no set would be quoted in English, unnoticed."""
    ours = [text for text, places in update.collect().items() if any(place.endswith(".py") for place in places)]
    names = {name for text in ours for name in PLACEHOLDER.findall(first(text))}
    kinds = (PHRASES, NUMBERS, QUOTED, LISTS)
    assert names <= set().union(*kinds)
    assert sum(map(len, kinds)) == len(set().union(*kinds))
