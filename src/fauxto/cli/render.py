"""Findings for people: coloured rows, a progress bar and a summary; or JSON lines for machines."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fauxto.finding import VERDICTS, Evidence, Finding
from fauxto.language import DEFAULT, in_a_row, numeral, say, texts, told

if TYPE_CHECKING:
    from rich.text import Text

Show = Callable[[Finding], None]

_COLOURS = {
    "generated": "bold red",
    "edited": "bold magenta",
    "inconclusive": "yellow",
    "no_evidence": "green",
}
_WORDS = {
    "generated": say("Generated"),
    "edited": say("Edited"),
    "inconclusive": say("Inconclusive"),
    "no_evidence": say("No evidence"),
}
_ERROR = say("Error")
_NONE = say("No pictures were found.")
_OPENING = say("opening the model")
_DONE = say("{count} done, {number} a second")
_TOTAL = say("{count} files, {number} a second")
_GROUPS = {"de": "\u202f", "fr": "\u202f", "es": "\u202f"}
"""What parts thousands, where a comma would be read as the mark of decimals."""


@dataclass(slots=True)
class Tally:
    """What was seen so far: files by verdict, errors by code."""

    verdicts: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    start: float = field(default_factory=time.monotonic)

    def add(self, finding: Finding) -> None:
        """Count one Finding."""
        if finding.error is not None:
            self.errors[finding.error["code"]] += 1
        elif finding.verdict is not None:
            self.verdicts[finding.verdict] += 1

    @property
    def total(self) -> int:
        """All files, read or not."""
        return self.verdicts.total() + self.errors.total()

    @property
    def rate(self) -> float:
        """Files a second since the start."""
        return self.total / max(time.monotonic() - self.start, 1e-9)


@contextmanager
def open_output(json: bool, tally: Tally, language: str = DEFAULT) -> Iterator[Show]:
    """A function that shows a Finding at once: as a JSON line, or as a row under which a progress bar runs.

    The bar appears only on a terminal, and never on the standard output of `--json`.
    """
    if json:
        yield _print_json
        return
    from rich.console import Console  # noqa: PLC0415

    rows = Console(highlight=False, soft_wrap=True)
    if not (rows.is_terminal or sys.stderr.isatty()):
        yield lambda finding: rows.print(row(finding, language))
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    screen = rows if rows.is_terminal else Console(stderr=True)
    columns = (BarColumn(bar_width=12), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        bar = progress.add_task(texts(language).gettext(_OPENING))

        def show(finding: Finding) -> None:
            rows.print(row(finding, language))
            progress.update(bar, description=_pace(_DONE, tally, f"{tally.rate:.0f}", language))

        yield show


def row(finding: Finding, language: str = DEFAULT) -> Text:
    """A Finding in two lines: the verdict, the p-value and the path, then the main reason.

    The probability is left to the other outputs: it holds for one mix of pictures, and a bare 0.93 beside "no
    evidence" would be read as a verdict of its own.
    """
    from rich.cells import cell_len, set_cell_size  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    path, width = printable(finding.path), max(cell_len(word(verdict, language)) for verdict in VERDICTS)
    indent = " " * (width + 1)
    if finding.error is not None:
        called = set_cell_size(texts(language).gettext(_ERROR).lower(), width)
        return Text.assemble(
            (called, "bold red"), " " * 9, f" {path}\n", (indent + _why(finding.error, language), "dim")
        )
    verdict = str(finding.verdict)
    return Text.assemble(
        (set_cell_size(word(verdict, language), width), _COLOURS[verdict]),
        f" p={finding.p_value:<6.2g} {path}\n",
        (indent + printable(reason(finding)), "dim"),
    )


def _why(error: Mapping[str, str], language: str) -> str:
    """What happened and what to do, and, where that is not English, the English sentence in brackets."""
    what, fix, detail = told(error, language)
    return printable(f"{in_a_row((what, fix), language)} {detail and f'[{detail}]'}".rstrip())


def word(verdict: str, language: str) -> str:
    """A verdict in a word or two."""
    return texts(language).gettext(_WORDS[verdict]).lower()


def reason(finding: Finding) -> str:
    """The statement that weighs most for the verdict: of a call, one that made it, before what anyone can write."""
    items = finding.evidence
    if finding.verdict in {"generated", "edited"}:
        speaking = sorted((item for item in items if item.points_to == finding.verdict), key=_is_forgeable)
    elif finding.verdict == "inconclusive":
        speaking = [item for item in items if item.layer == "quality" or item.points_to == "conflict"]
    else:
        speaking = []
    pixels = [item for item in items if item.layer == "pixels"]
    return next((item.statement for item in [*speaking, *pixels]), "")


def _is_forgeable(item: Evidence) -> bool:
    return item.layer in {"c2pa", "metadata"} and item.strength != "proof"


def printable(text: str) -> str:
    """Text that cannot steer a terminal: control and invisible characters are written as escapes.

    The spaces that hold French marks to their words are none of these.

    >>> printable("a\\x1b[31m\\nb")
    'a\\\\x1b[31m\\\\nb'
    """
    return "".join(c if c.isprintable() or c in "\u00a0\u202f" else c.encode("unicode_escape").decode() for c in text)


def summary(tally: Tally, language: str = DEFAULT) -> None:
    """Counts by verdict and errors by code, on standard error; nothing for a single file, but a word for none."""
    if not tally.total:
        print(texts(language).gettext(_NONE), file=sys.stderr)
    if tally.total < 2:
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, show_header=False, padding=(0, 2))
    for verdict in VERDICTS:
        table.add_row(word(verdict, language), _count(tally.verdicts[verdict], language), style=_COLOURS[verdict])
    failed = texts(language).gettext(_ERROR).lower()
    for code, count in sorted(tally.errors.items()):
        table.add_row(f"{failed}: {code}", _count(count, language), style="red")
    screen = Console(stderr=True, highlight=False)
    screen.print("\n" + _pace(_TOTAL, tally, f"{tally.rate:.1f}", language))
    screen.print(table)


def _pace(words: str, tally: Tally, rate: str, language: str) -> str:
    """How many files there were and how many a second."""
    return texts(language).gettext(words).format(count=_count(tally.total, language), number=numeral(rate, language))


def _count(number: int, language: str) -> str:
    return f"{number:,}".replace(",", _GROUPS.get(language, ","))


def _print_json(finding: Finding) -> None:
    sys.stdout.buffer.write(finding.to_json().encode("utf-8") + b"\n")
    sys.stdout.buffer.flush()
