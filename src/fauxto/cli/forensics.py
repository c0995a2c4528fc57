"""`fauxto forensics`: the classical traces of one picture, each with how often it flags untouched photographs."""

from __future__ import annotations

import json as _json
import textwrap
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from fauxto.cli.render import printable


def forensics(
    file: str,
    /,
    *,
    only: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    json: Annotated[bool, Parameter(negative="")] = False,
    out: Path | None = None,
) -> int:
    """Ask the classical forensic tools about a picture. None of them gives a verdict.

    Exit code 0 when the tools were asked, whatever they found. 2: the file could not be read, or the command makes no
    sense.

    Parameters
    ----------
    file
        A picture. It is read in a process of its own.
    only
        A tool: error-level, jpeg-ghosts, jpeg-grid, double-compression, quantization, noise, demosaicing, upsampling
        or copy-move. May be given more than once; all if not given.
    json
        Print one JSON object.
    out
        Write a drawing of each tool's map into this folder.
    """
    from fauxto.run.traces import traces  # noqa: PLC0415

    found = traces(file, only, str(out) if out else None)
    print(_json.dumps(found) if json else report(found))
    return 0


def report(found: dict[str, Any]) -> str:
    """The tools' answers as paragraphs, those that flag the picture first."""
    lines = []
    for row in sorted(found["tools"], key=lambda row: not row["flagged"]):
        mark = "FLAGGED" if row["flagged"] else "-"
        lines.append(f"{mark:8} {row['title']}")
        lines += _wrapped(printable(row["statement"])) + _wrapped(printable(row["cannot_show"]))
        if row["drawing"]:
            lines += _wrapped(f"Map: {printable(row['drawing'])}")
    flags = sum(row["flagged"] for row in found["tools"])
    lines.append(f"\n{flags} of {len(found['tools'])} tools flag the picture. {printable(found['together'])}".rstrip())
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=" " * 9, subsequent_indent=" " * 9, break_long_words=False)
