"""What a worker of the service does: a picture and its options come in, a Finding goes out as JSON."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from fauxto.errors import FauxtoError
from fauxto.finding import Finding
from fauxto.run.options import Options
from fauxto.run.worker import Handler

READY = b""
"""The request that asks for nothing but the worker to be set up; the answer is as empty."""


def request(path: Path, options: dict[str, Any], address: str | None) -> bytes:
    """What a worker is asked: scan `path`, which is fetched from `address` first where it is not there yet."""
    return json.dumps({"path": str(path), "options": options, "address": address}).encode()


def open_scanner(settings: str) -> Handler:
    """Set up a worker with the operator's options; those of the caller come with each request."""
    from fauxto.run.pipeline import Scanner  # noqa: PLC0415  # numpy and codecs: the parent needs none of them

    base = json.loads(Options.from_json(settings).to_json())
    first = Scanner(Options.from_json(settings))
    first.model.open()

    shared: dict[str, Any] = {}

    @lru_cache(maxsize=16)
    def scanner(options: str) -> Scanner:
        made = Scanner(Options.from_json(json.dumps(base | json.loads(options))))
        made.model = first.model  # compiled once, whatever the options
        if made.localizer is not None:
            made.localizer = shared.setdefault("localizer", made.localizer)
        return made

    def answer(asked: bytes) -> bytes:
        if asked == READY:
            return READY
        task = json.loads(asked)
        try:
            chosen = scanner(json.dumps(task["options"], sort_keys=True))
        except FauxtoError as error:  # such as forensic tools whose libraries the operator has not installed
            return _failed(error, first)
        path = Path(task["path"])
        if task["address"] is not None and not path.exists():
            refused = _bring(task["address"], path, chosen)
            if refused is not None:
                return refused
        return chosen.scan(os.fspath(path)).to_json().encode("utf-8", "replace")

    return answer


def _bring(address: str, path: Path, scanner: Any) -> bytes | None:
    """Put what is behind a public address at `path`; where that fails, the Finding that says so."""
    from fauxto.run.fetch import fetch  # noqa: PLC0415

    try:
        body = fetch(address, scanner.options.limits, only_public=True)
    except FauxtoError as error:
        return _failed(error, scanner)
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_bytes(body)
    unfinished.replace(path)
    return None


def _failed(error: FauxtoError, scanner: Any) -> bytes:
    from fauxto.run.pipeline import explain  # noqa: PLC0415

    finding = Finding("", status="error", error=explain(error), model=scanner.model.identity)
    return finding.to_json().encode("utf-8", "replace")
