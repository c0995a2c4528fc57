"""Findings as one HTML page: streamed to disk, so a million findings take the memory of one.

The page loads nothing and runs nothing: its content security policy allows images inside the page and the
one style sheet, named by its hash. File names and metadata are the sender's; they are escaped, and
invisible characters shown.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import IO

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fauxto.errors import FauxtoError, InputError, PolicyError
from fauxto.finding import Finding
from fauxto.language import DEFAULT, check, phrase, say, texts, translate
from fauxto.report import picture, view
from fauxto.report.identity import code_sha256
from fauxto.report.ruler import ruler
from fauxto.verdict import heatmap
from fauxto.verdict.wording import HEADLINES, MEANINGS, rate

Pictures = Callable[[Finding], np.ndarray | None]
Layers = Callable[[Finding], Sequence[picture.Mapped]]

SHOWN = 500
"""Cards a verdict; the rest are counted. A page with more is too heavy to open: it is what Parquet is for."""

_BLOCK = 1 << 16
_MARK = b'<meta name="generator" content="fauxto '
TITLE = say("What the scan found")
_UNREAD = say("Could not be read"), say("Nothing is known about these files.")
_ORDER = ("generated", "edited", "inconclusive", "no_evidence", "error")


def check_target(out: Path) -> None:
    """Refuse a name that is not *.html, a folder that cannot be written to, and a page of someone else."""
    if out.suffix not in {".html", ".htm"}:
        raise InputError(
            f"--report writes a page; {str(out)!r} does not end in .html.",
            fix="Use --report report.html.",
            code="usage",
        )
    if not out.parent.is_dir():
        raise InputError(f"There is no folder {out.parent}.", fix=f"Run: mkdir -p {out.parent}", code="usage")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise InputError(
            f"The folder {out.parent} cannot be written to.", fix="Choose another --report FILE.", code="unwritable"
        )
    if os.path.lexists(out) and not _is_ours(out):
        raise PolicyError(
            f"{out} exists and is no report of fauxto; it is left alone.",
            fix="Choose another --report FILE, or move that file away.",
        )


def _is_ours(page: Path) -> bool:
    try:
        with page.open("rb") as file:
            return _MARK in file.read(2048)
    except OSError:
        return False


def write(
    findings: Iterable[Finding],
    out: Path,
    *,
    pictures: Pictures | None = None,
    layers: Layers | None = None,
    title: str = TITLE,
    made: datetime | None = None,
    shown: int = SHOWN,
    language: str = DEFAULT,
) -> None:
    """Write `findings` as one self-contained page to `out`, which appears complete or not at all.

    `pictures` gives the uint8 `(H, W, 3)` pixels of a finding, or None; an error of its own becomes a line
    on the card. `layers` gives the maps to show of a finding, each with its words. A finding with regions
    gets a drawing of where its score comes from, unless that is among them. At most `shown` cards
    a verdict are written, in the order in which they come; the words are of `language`. Raises `InputError`
    where `out` cannot be written, and for a language that fauxto does not speak.
    """
    page = _environment(check(language))
    counts: Counter[str] = Counter()
    made = made or datetime.now(UTC)
    with ExitStack() as stack:
        cards = {kind: stack.enter_context(_spool()) for kind in _ORDER}
        rows = {kind: stack.enter_context(_spool()) for kind in _ORDER}
        for finding in findings:
            kind = finding.verdict if finding.status == "ok" and finding.verdict else "error"
            counts[kind] += 1
            if counts[kind] > shown:
                continue
            card = view.card(
                finding, f"{kind}-{counts[kind]}", _shown_picture(finding, pictures, layers, language), language
            )
            rows[kind].write(page.get_template("row.html").render(card=card))
            cards[kind].write(page.get_template("card.html").render(card=card))
        context = {
            "title": texts(language).gettext(title),
            "made": made,
            "version": view.version(),
            "code": code_sha256(),
            "counts": counts,
            "total": counts.total(),
            "shown": shown,
            "order": _ORDER,
        }
        _replace(out, _chunks(page, context, rows, cards))


@cache
def _environment(language: str) -> Environment:
    known = texts(language)

    page = Environment(
        loader=PackageLoader("fauxto.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = page.get_template("style.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    def _(text: str, **values: object) -> str:
        return known.gettext(text).format(**values)

    def _n(one: str, many: str, count: int, **values: object) -> str:
        return known.ngettext(one, many, count).format(count=count, **values)

    headlines = {kind: _(text) for kind, text in {**HEADLINES, "error": _UNREAD[0]}.items()}
    meanings = {kind: _(text) for kind, text in {**MEANINGS, "error": _UNREAD[1]}.items()}
    page.globals.update(
        style=Markup(style),  # ours, from the package; its hash is in the page's policy
        style_hash=f"sha256-{digest}",
        headlines=headlines,
        meanings=meanings,
        ruler=partial(ruler, language=language),
        legend=tuple(_(text) for text in (heatmap.LOW, heatmap.HIGH, heatmap.CAVEAT)),
        calls={call: _(text) for call, text in view.CALLS.items()},
        chains={chain: _(text) for chain, text in view.CHAINS.items()},
        rate=lambda p_value: phrase(rate(p_value), language),
        language="zh-Hans" if language == "zh" else language,
        _=_,
        _n=_n,
    )
    return page


def _shown_picture(finding: Finding, pictures: Pictures | None, layers: Layers | None, language: str) -> picture.Shown:
    if pictures is None or finding.status != "ok":
        return picture.Shown()
    try:
        pixels = pictures(finding)
    except FauxtoError as error:
        return picture.Shown(missing=_missing(error.what, language))
    except OSError as error:
        return picture.Shown(missing=_missing(f"{error.strerror or type(error).__name__}.", language))
    if pixels is None:
        return picture.Shown()
    return picture.show(pixels, finding, layers(finding) if layers is not None else ())


def _missing(reason: str, language: str) -> str:
    return translate(say("No preview: {reason}", reason=reason), language)


def _spool() -> IO[str]:
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace")


def _chunks(
    page: Environment, context: dict[str, object], rows: dict[str, IO[str]], cards: dict[str, IO[str]]
) -> Iterator[str]:
    yield page.get_template("start.html").render(context)
    for kind in _ORDER:
        yield from _read(rows[kind])
    yield page.get_template("middle.html").render(context)
    for kind in _ORDER:
        if cards[kind].tell():
            yield page.get_template("section.html").render(context, kind=kind)
            yield from _read(cards[kind])
            yield "</section>\n"
    yield page.get_template("end.html").render(context)


def _read(spool: IO[str]) -> Iterator[str]:
    spool.seek(0)
    while block := spool.read(_BLOCK):
        yield block


def _replace(out: Path, chunks: Iterator[str]) -> None:
    """Write beside `out`, then rename: whoever opens `out` sees a whole page."""
    unfinished = out.with_name(f"{out.name}.partial")
    try:
        with unfinished.open("w", encoding="utf-8", errors="backslashreplace") as page:
            page.writelines(chunks)
        unfinished.replace(out)
    except OSError as error:
        raise InputError(
            f"The report cannot be written to {out}: {error.strerror}.", fix="Choose another --report FILE."
        ) from error
