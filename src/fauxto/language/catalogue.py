"""The languages there are, and their compiled catalogues."""

from __future__ import annotations

import gettext
import json
from functools import cache
from importlib.resources import files

from fauxto.errors import InputError

DEFAULT = "en"
"""What findings are written and stored in; it needs no catalogue."""

LANGUAGES: dict[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "zh": "简体中文",
}
"""Every language that fauxto speaks, by its code, in its own name."""


def check(language: str) -> str:
    """`language` if fauxto speaks it; else an `InputError`."""
    if language not in LANGUAGES:
        raise InputError(
            f"fauxto does not speak {language!r}.", fix=f"Choose from: {', '.join(LANGUAGES)}.", code="usage"
        )
    return language


@cache
def texts(language: str) -> gettext.NullTranslations:
    """The catalogue of a language as gettext's own class; that of English gives every text back as it is."""
    if check(language) == DEFAULT:
        return gettext.NullTranslations()
    with (files(__package__) / "catalogues" / language / "LC_MESSAGES" / "fauxto.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


@cache
def sentences() -> tuple[str, ...]:
    """Every text with placeholders that a finding can have been made from; those of the page are not among them."""
    return tuple(json.loads((files(__package__) / "catalogues" / "sentences.json").read_text("utf-8")))
