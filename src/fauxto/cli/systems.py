"""`fauxto systems`: what there is, what works, and the whole card of one."""

from __future__ import annotations

import json as _json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from fauxto.catalog import System


def systems(slug: str | None = None, /, *, json: bool = False) -> int:
    """List every system with its status, or print the whole card of one.

    A system "works" when its smoke claim stands green in the ledger; until then it is "planned". Cards are
    read from source: nothing is imported, and no torch is needed.

    Parameters
    ----------
    slug
        Name of one system, such as npr.
    json
        Print JSON instead of a table.
    """
    from rich.console import Console  # noqa: PLC0415  `fauxto --help` imports no rich

    from fauxto.catalog import list_systems  # noqa: PLC0415
    from fauxto.errors import InputError  # noqa: PLC0415

    rows = list_systems()
    if slug is not None:
        rows = [row for row in rows if row.slug == slug]
        if not rows:
            raise InputError(f"There is no system {slug!r}.", fix="`fauxto systems` lists them.")
    # A pipe has no width; 80 columns would cut the titles for nobody's sake.
    console = Console(width=None if sys.stdout.isatty() else 160)
    if json:
        found = [as_json(row) for row in rows]
        print(_json.dumps(found if slug is None else found[0], ensure_ascii=False, indent=1))
    elif slug is None:
        print_table(rows, console)
    else:
        print_card(rows[0], console)
    return 0


def as_json(row: System) -> dict[str, Any]:
    """A row of the catalog as plain JSON types."""
    return {**asdict(row), "path": str(row.path) if row.path else None}


def print_table(rows: list[System], console: Console) -> None:
    """All systems, one a line that fits 80 columns, and how many work."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    kinds = [row.kinds[0] + (f" +{len(row.kinds) - 1}" if row.kinds[1:] else "") if row.kinds else "" for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right", style="dim", no_wrap=True, min_width=2)
    table.add_column("system", no_wrap=True, min_width=max(len(row.slug) for row in rows))
    table.add_column("status", no_wrap=True, min_width=max(len(row.status) for row in rows))
    table.add_column("kind", no_wrap=True, min_width=max(map(len, kinds)))
    table.add_column("title", no_wrap=True, overflow="ellipsis")
    styles = {"works": "green", "planned": "dim"}
    for row, kind in zip(rows, kinds, strict=True):
        title = Text(row.problem, "red") if row.problem else Text(f"{row.title} ({row.venue} {row.year})")
        status = Text(row.status, styles.get(row.status, ""))
        table.add_row(str(row.number or ""), row.slug, status, kind, title)
    console.print(table)
    counts = [f"{sum(row.status == status for row in rows)} {status}" for status in ("works", "planned")]
    console.print(f"\n{', '.join(counts)}. `fauxto systems SLUG` shows one card.", style="dim")


def print_card(row: System, console: Console) -> None:
    """Everything that the card says, field by field."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _fields(row):
        table.add_row(name, Text(value))
    console.print(table)


def _fields(row: System) -> list[tuple[str, str]]:
    fields = [
        ("system", row.slug),
        ("status", row.status),
        ("kind", ", ".join(row.kinds)),
        ("title", row.card.title if row.card else row.title),
    ]
    fields += [("published", f"{row.venue} {row.year}" if row.year else ""), ("home", ", ".join(row.homes))]
    card = row.card
    if row.problem:
        fields.append(("problem", row.problem))
    if card is None:
        return [field for field in fields if field[1]]
    side = f"{card.input.size} x {card.input.size}" if card.input.size else "any size"
    fields += [
        ("idea", card.idea),
        ("input", f"{side}, {card.input.crop}, resize {card.input.resize}, {card.input.range}"),
        ("output", card.output),
        ("claim", card.claim),
        ("cost", ", ".join(_cost(card.gmac, card.parameters))),
        ("choices", "\n".join(card.choices)),
        ("fails on", "\n".join(card.fails_on)),
        ("weights", "\n".join(f"{w.name} ({w.licence}) {w.url}\n{w.layout}" for w in card.weights)),
        ("source", card.source),
    ]
    return [field for field in fields if field[1]]


def _cost(gmac: float | None, parameters: int | None) -> list[str]:
    found = [f"{gmac:g} GMAC"] if gmac is not None else []
    return found + ([f"{parameters:,} parameters"] if parameters is not None else [])
