"""Collect every text into the catalogues and compile them: `python -m fauxto.language.update`.

Needs Babel, which a scan does not. New texts come in untranslated, texts that are gone go out, nothing is guessed;
the page's part of each catalogue is written beside the page, as JSON.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from fauxto.language.catalogue import DEFAULT, LANGUAGES

PACKAGE = Path(__file__).parents[1]
CATALOGUES = Path(__file__).parent / "catalogues"
PAGE = PACKAGE / "serve" / "ui"

_METHODS = {".py": "python", ".html": "jinja2.ext:babel_extract", ".js": "javascript"}
_MARKS = {".py": b"say(", ".html": b"_", ".js": b'("'}
_KEYWORDS = {"say": None, "_": None, "_n": (1, 2), "t": None, "n": (1, 2)}
_WIDTH = 110
_VOLATILE = tuple(
    f'"{name}'.encode() for name in ("Project", "Report", "POT", "PO-", "Last", "Language-Team", "Generated")
)
"""Lines of a catalogue's head that say who and when: the repository knows both."""

_UNDATED = datetime(2026, 1, 1, tzinfo=UTC)

Text = str | tuple[str, str]


@cache
def collect() -> dict[Text, list[str]]:
    """Every text of the package (singular and plural as a pair) with the files in which it stands, in their order."""
    from babel.messages.extract import extract  # noqa: PLC0415

    found: dict[Text, list[str]] = {}
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.glob("report/templates/*.html"), *PAGE.rglob("*.js")]):
        content = path.read_bytes()
        if _MARKS[path.suffix] not in content:
            continue
        for _, message, *_ in extract(
            _METHODS[path.suffix], BytesIO(content), _KEYWORDS, options={"encoding": "utf-8"}
        ):
            text = message if isinstance(message, str) else (message[0], message[1])
            places = found.setdefault(text, [])
            if (name := path.relative_to(PACKAGE).as_posix()) not in places:
                places.append(name)
    return found


def read(language: str):  # type: ignore[no-untyped-def]  # Babel's Catalog, and Babel may be absent
    """The catalogue of a language as Babel reads it."""
    from babel.messages.pofile import read_po  # noqa: PLC0415

    with (CATALOGUES / language / "LC_MESSAGES" / "fauxto.po").open("rb") as file:
        return read_po(file, locale=language)


def renew(language: str) -> bytes:
    """The text of a catalogue with exactly the texts of the package; what was translated stays so."""
    from babel.messages.catalog import Catalog  # noqa: PLC0415
    from babel.messages.pofile import write_po  # noqa: PLC0415

    path = CATALOGUES / language / "LC_MESSAGES" / "fauxto.po"
    old = read(language) if path.exists() else Catalog(locale=language)
    new = Catalog(locale=language, fuzzy=False, header_comment=f"# fauxto in {LANGUAGES[language]}.")
    for text, places in collect().items():
        known = old.get(text if isinstance(text, str) else text[0])
        flags = ["python-brace-format"] if "{" in str(text) else []
        new.add(text, known.string if known else None, locations=[(name, 0) for name in places], flags=flags)
    buffer = BytesIO()
    write_po(buffer, new, width=_WIDTH, include_lineno=False)
    return b"\n".join(line for line in buffer.getvalue().split(b"\n") if not line.startswith(_VOLATILE))


def compiled(language: str) -> bytes:
    """The catalogue as the standard library reads it."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415

    catalogue, buffer = read(language), BytesIO()
    catalogue.creation_date = catalogue.revision_date = _UNDATED
    write_mo(buffer, catalogue)
    return buffer.getvalue()


def page_part(language: str) -> str:
    """The texts of the page in a language as JSON: a text or, for a number of things, its forms."""
    catalogue, texts = read(language), {}
    for text, places in collect().items():
        if any(name.endswith(".js") for name in places):
            one = text if isinstance(text, str) else text[0]
            string = catalogue[one].string
            texts[one] = string if isinstance(string, str) else list(string)
    return json.dumps(texts, ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def sentences() -> str:
    """The texts with placeholders that findings are made from, as JSON."""
    found = [text for text, places in collect().items() if any(name.endswith(".py") for name in places)]
    return json.dumps([text for text in found if "{" in text], ensure_ascii=False, indent=0) + "\n"


def main() -> int:
    """Renew, compile and export every catalogue; 1 if a text has no translation yet."""
    missing = 0
    (CATALOGUES / "sentences.json").write_text(sentences(), encoding="utf-8")
    for language in LANGUAGES:
        if language == DEFAULT:
            continue
        folder = CATALOGUES / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "fauxto.po").write_bytes(renew(language))
        (folder / "fauxto.mo").write_bytes(compiled(language))
        (PAGE / "languages" / f"{language}.json").write_text(page_part(language), encoding="utf-8")
        for message in read(language):
            if message.id and not all(message.string if isinstance(message.string, tuple) else [message.string]):
                missing += 1
                print(f"{language}: {message.id}", file=sys.stderr)
    return int(missing > 0)


if __name__ == "__main__":
    sys.exit(main())
