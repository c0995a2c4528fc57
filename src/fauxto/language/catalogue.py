"""The languages there are, and their compiled catalogues."""

from __future__ import annotations

import gettext
import struct
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

_HEADER = struct.Struct("<IIIII")
_MAGIC = 0x950412DE


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
def msgids(language: str) -> tuple[str, ...]:
    """Every text that a catalogue translates, the singular where there is a plural; none for English.

    The standard library reads a catalogue by text and does not list it, so the table is read here: a header of
    five numbers, then the length and place of each text.
    """
    if check(language) == DEFAULT:
        return ()
    data = (files(__package__) / "catalogues" / language / "LC_MESSAGES" / "fauxto.mo").read_bytes()
    magic, _, count, table, _ = _HEADER.unpack_from(data)
    assert magic == _MAGIC, "catalogues are compiled in little-endian order"
    spans = struct.iter_unpack("<II", data[table : table + 8 * count])
    found = (data[start : start + length].decode().split("\0")[0] for length, start in spans)
    return tuple(text for text in found if text)
