"""Ask the forensic tools about one file in a worker process, and draw their maps."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.media.limits import DEFAULT_LIMITS
from fauxto.run import source
from fauxto.run.options import DEFAULT_MEMORY
from fauxto.run.pool import Failure, Pool

SECONDS = 120.0
"""Wall time for all tools together; they are slower than a scan."""


def traces(path: str, only: Sequence[str] = (), out: str | None = None) -> dict[str, Any]:
    """What the forensic tools say of a file, read in a worker process, and the drawings written to the folder `out`.

    Keys: "path", "sha256", "width", "height" (as displayed), "tools" (rows as `Examined.to_dict` gives them, and
    "drawing", the path of one or None) and "together", how common so many flags are. Errors: those of
    `forensics.examine`; ResourceError ("timeout", "worker_died") where the worker came to harm.
    """
    settings = json.dumps({"only": list(only), "out": out})
    with Pool[str](open_examiner, settings, workers=1, seconds=SECONDS, memory=DEFAULT_MEMORY) as pool:
        answer = next(iter(pool.map([(path, os.fsencode(path))])))[1]
    if answer is None or isinstance(answer, Failure):
        what, code = (answer.what, answer.code) if answer else ("There was no answer.", "internal")
        raise ResourceError(what, fix="The file may be crafted to do harm: handle it with care.", code=code)
    return _checked(answer)


def open_examiner(settings: str) -> Callable[[bytes], bytes]:
    """Set up the worker."""
    from fauxto.forensics.tools import check  # noqa: PLC0415  # numpy: the parent needs none of it

    charge = json.loads(settings)
    check(charge["only"])
    return lambda request: _answer(os.fsdecode(request), charge["only"], charge["out"])


def _answer(path: str, only: Sequence[str], out: str | None) -> bytes:
    try:
        row = _examined(path, only, out)
    except FauxtoError as error:
        row = {"error": [error.code, error.what, error.fix]}
    return json.dumps(row).encode()


def _examined(path: str, only: Sequence[str], out: str | None) -> dict[str, Any]:
    from fauxto.forensics import examine  # noqa: PLC0415
    from fauxto.forensics.calibration import together  # noqa: PLC0415
    from fauxto.media.decode import open_picture  # noqa: PLC0415

    data = source.read(path, DEFAULT_LIMITS)
    opened = open_picture(data)
    found = examine(opened, only)
    digest = hashlib.sha256(data).hexdigest()
    rows = [item.to_dict() | {"drawing": None} for item in found]
    if out is not None:
        pixels = opened.read()
        for row, item in zip(rows, found, strict=True):
            if item.trace.map is not None:
                row["drawing"] = _draw(pixels, item.trace.map, Path(out) / f"{digest[:32]}-{item.about.name}.png")
    return {
        "path": source.readable(path),
        "sha256": digest,
        "width": opened.header.width,
        "height": opened.header.height,
        "tools": rows,
        "together": together(sum(row["flagged"] for row in rows)) if not only else "",
    }


def _draw(pixels: Any, map: Any, target: Path) -> str:
    """Write the drawing of a map, complete or not at all; its path."""
    from PIL import Image  # noqa: PLC0415

    from fauxto.forensics.overlay import overlay  # noqa: PLC0415

    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}")
        Image.fromarray(overlay(pixels, map)).save(unfinished, "PNG")
        os.replace(unfinished, target)
    except OSError as error:
        raise InputError(
            f"The drawing cannot be written to {target}: {error.strerror or error}.",
            fix="Choose another folder with --out.",
            code="unwritable",
        ) from error
    return str(target)


def _checked(answer: bytes) -> dict[str, Any]:
    """A worker's answer, if it has the form of one: a codec that was taken over may answer anything."""
    strange = ResourceError(
        "The worker's answer makes no sense.", fix="The file may be crafted to do harm.", code="worker_died"
    )
    try:
        row = json.loads(answer, parse_constant=_refuse)
    except ValueError as error:
        raise strange from error
    if not isinstance(row, dict):
        raise strange
    if "error" in row:
        if not (isinstance(row["error"], list) and list(map(type, row["error"])) == [str] * 3):
            raise strange
        code, what, fix = row["error"]
        raise (InputError if code in _INPUT else ResourceError)(what, fix=fix, code=code)
    tools = row.get("tools")
    texts = [row.get("path"), row.get("together"), row.get("sha256")]
    if not (isinstance(tools, list) and all(isinstance(text, str) for text in texts) and all(map(_is_tool, tools))):
        raise strange
    return row


_INPUT = {"usage", "empty", "unknown_format", "truncated", "corrupt", "unsupported", "unwritable", "input",
          "not_found", "not_a_file", "unreadable"}  # fmt: skip


def _is_tool(row: Any) -> bool:
    texts = ("name", "title", "statement", "cannot_show", "unit")
    return (
        isinstance(row, dict)
        and all(isinstance(row.get(key), str) for key in texts)
        and isinstance(row.get("flagged"), bool)
        and isinstance(row.get("number"), int | float | None)
        and isinstance(row.get("drawing"), str | None)
    )


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")
