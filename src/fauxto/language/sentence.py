"""An English sentence of a finding, said in another language.

Findings hold, store and send plain English sentences; nothing in them says how they were made. A catalogue knows
each sentence as it stands in the code, with `{placeholders}`. So the sentence is read backwards: the one text of
the code that it can have been made from gives the values, and the translated text is filled with them. What
no text of the catalogue fits (a sentence of a third party's system, say) stays English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from fauxto.language.catalogue import DEFAULT, sentences, texts
from fauxto.language.say import say

PHRASES = frozenset({"about", "bound", "claim", "high", "low", "rate", "reason", "says", "who", "worst"})
"""Placeholders for words of ours: translated in turn."""

NUMBERS = frozenset(
    {"across", "agree", "count", "deviation", "distance", "down", "height", "largest", "needed", "number", "percent"}
    | {"quality", "seconds", "total", "width"}
)
"""Placeholders for numbers: digits, a sign and a decimal point, which becomes the mark of the language."""

LISTS = frozenset({"sets"})
"""Placeholders for sets of reference photographs, "camera (418), mine (40)": names that ship are translated."""

SETS = (say("camera"), say("graphics"), say("packages"), say("people"), say("web"))
"""The sets of the shipped models; those of a model of somebody else are quoted."""

QUOTED = frozenset({"generator", "issuer", "name", "origin", "place", "sources", "value"})
"""Placeholders for names, positions, and what a file or a model's maker wrote: quoted as it is."""

PLACEHOLDER = re.compile(r"\{(\w+)\}")

_DECIMAL = {"de": ",", "fr": ",", "es": ","}
_COLON = {"fr": "\u00a0: ", "zh": "："}
_LEAST = 12
"""Letters of ours that a whole sentence has to share with a text of the catalogue to be taken for it."""

_LONGEST, _PARTS = 4000, 12
_END = re.compile(r"(?<=[.!?]) ")
_SET = re.compile(rf"(?:^|(?<=\), ))({'|'.join(SETS)})(?= \(\d+\)(?:, |$))")


@lru_cache(maxsize=4096)
def translate(sentence: str, language: str) -> str:
    """`sentence` in `language`; as it is where the catalogue knows nothing that it can have been made from.

    >>> translate("The answer stays.", "en")
    'The answer stays.'
    """
    whole = _translate(sentence, language, _LEAST)
    return whole if whole != sentence else _in_parts(sentence, language)


def _in_parts(sentence: str, language: str) -> str:
    """A title of ours, a colon and the rest, or several sentences in a row, the longest run of one text as one."""
    title, colon, rest = sentence.partition(": ")
    if colon and texts(language).gettext(title) != title:
        return f"{texts(language).gettext(title)}{_COLON.get(language, ': ')}{translate(rest, language)}"
    parts, said = _END.split(sentence) if len(sentence) <= _LONGEST else [], []
    if not 1 < len(parts) <= _PARTS:
        return sentence
    while parts:
        for count in range(len(parts), 0, -1):
            run = " ".join(parts[:count])
            words = _translate(run, language, _LEAST)
            if words != run or count == 1:
                break
        said.append(words)
        del parts[:count]
    return in_a_row(said, language)


def in_a_row(said: Iterable[str], language: str) -> str:
    """Sentences of a language one after the other, without those that are empty."""
    return ("" if language == "zh" else " ").join(filter(None, said))


def phrase(words: str, language: str) -> str:
    """`translate` for a few words that are surely ours, such as a rate: however short, they are looked up."""
    return _translate(words, language, 1)


def numeral(digits: str, language: str) -> str:
    """A number, as Python writes it, with the decimal mark of a language."""
    return digits.replace(".", _DECIMAL.get(language, "."))


def _translate(sentence: str, language: str, least: int) -> str:
    if language == DEFAULT or not sentence or len(sentence) > _LONGEST:
        return sentence
    whole = texts(language).gettext(sentence)
    if whole != sentence:
        return whole
    for text, pattern, letters in _patterns():
        if letters < least:
            break
        if found := pattern.fullmatch(sentence):
            values = {name: _value(name, value, language) for name, value in found.groupdict().items()}
            return texts(language).gettext(text).format(**values)
    return sentence


def _value(name: str, value: str, language: str) -> str:
    if name in NUMBERS:
        return numeral(value, language)
    if name in LISTS:
        return _SET.sub(lambda found: texts(language).gettext(found[1]), value)
    return phrase(value, language) if name in PHRASES else value


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], int], ...]:
    """Each text with placeholders, how to recognise what was made from it, and how much of it is fixed; most first."""
    found = [(text, _pattern(text), len(PLACEHOLDER.sub("", text))) for text in sentences()]
    return tuple(sorted(found, key=lambda row: -row[2]))


def _pattern(text: str) -> re.Pattern[str]:
    """A text as a pattern: its words as they are, a group for each placeholder, the same value where it comes again."""
    parts, seen, end = [], set(), 0
    for found in PLACEHOLDER.finditer(text):
        name = found[1]
        kind = r"[+-]?\d+(?:\.\d+)?" if name in NUMBERS else ".+?"
        parts += [re.escape(text[end : found.start()]), f"(?P={name})" if name in seen else f"(?P<{name}>{kind})"]
        seen.add(name)
        end = found.end()
    return re.compile("".join(parts) + re.escape(text[end:]), re.DOTALL)
