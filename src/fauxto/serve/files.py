"""The pictures on disk: a folder a scan, which is made when its bytes begin to come and removed as a whole."""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

ID = re.compile(r"[0-9a-f]{32}")
LAYER = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""The name of a layer; nothing else is ever looked for on disk."""

ORPHAN = 3600.0
"""Seconds after which a folder without a row is rubbish that a crash has left: no upload takes as long."""


class Files:
    """`original` holds the bytes as they came; `preview.jpg` what a browser shows; `layers/` what was drawn of them."""

    def __init__(self, root: Path) -> None:
        self.root = root / "scans"
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def folder(self, scan: str) -> Path:
        """The folder of a scan, whether or not it exists; only for ids that we made."""
        if ID.fullmatch(scan) is None:
            raise ValueError("no id of a scan")
        return self.root / scan[:2] / scan

    def original(self, scan: str) -> Path:
        """The bytes as they came."""
        return self.folder(scan) / "original"

    def preview(self, scan: str) -> Path:
        """The picture as a browser shows it."""
        return self.folder(scan) / "preview.jpg"

    def layer(self, scan: str, name: str, kind: str) -> Path:
        """Where a layer lies once it is drawn: its map ("png") or its words ("json"); ValueError for a strange name."""
        if LAYER.fullmatch(name) is None:
            raise ValueError("no name of a layer")
        return self.folder(scan) / "layers" / f"{name}.{kind}"

    def drawn(self, scan: str) -> list[str]:
        """The names of the layers that were drawn."""
        return sorted(path.stem for path in (self.folder(scan) / "layers").glob("*.json"))

    def make(self, scan: str) -> Path:
        """Make the folder of a scan."""
        folder = self.folder(scan)
        folder.mkdir(parents=True, mode=0o700)
        return folder

    def delete(self, scans: Iterable[str]) -> None:
        """Remove all that lies on disk of these scans."""
        for scan in scans:
            shutil.rmtree(self.folder(scan), ignore_errors=True)

    def sweep(self, known: Callable[[list[str]], set[str]], age: float = ORPHAN) -> int:
        """Remove folders older than `age` seconds of scans that are not `known`; their number."""
        removed, older = 0, iter(list(self._older(age)))
        while some := list(islice(older, 500)):
            lost = set(some) - known(some)
            self.delete(lost)
            removed += len(lost)
        return removed

    def _older(self, age: float) -> Iterator[str]:
        limit = time.time() - age
        for shelf in os.scandir(self.root):
            for entry in os.scandir(shelf.path):
                if ID.fullmatch(entry.name) and entry.stat().st_mtime < limit:
                    yield entry.name


def put(path: Path, content: bytes) -> None:
    """Write a file of a scan whole or not at all; FileNotFoundError where the scan was deleted meanwhile."""
    if path.parent.name == "layers":
        path.parent.mkdir(exist_ok=True, mode=0o700)
    unfinished = path.with_name(f".{uuid.uuid4().hex}")
    unfinished.write_bytes(content)
    unfinished.replace(path)
