"""What a long scan has done so far: an SQLite file that survives `kill -9` at any moment.

A row stands for one file: its path, size, time of change, content hash and Finding, under the fingerprint of
the options and the model. A row counts only under the fingerprint of the scan at hand, so results of two
models or two bounds never mix: the others are scanned again and replaced.

Fast path: a file whose size and time of change (in nanoseconds) are as recorded is not read again. Whoever
changes a picture and puts both back is not noticed; delete the journal to be sure. A content that is known
under another path gives its Finding without being decoded again. Errors that came without a content hash (a
worker that died, a file that could not be read) are tried again in the next run, for their cause may lie
outside the file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from fauxto.errors import PolicyError, ResourceError
from fauxto.finding import Finding
from fauxto.run.source import readable

Stamp = tuple[int, int]
"""Size in bytes and time of change in nanoseconds."""

_MAGIC = b"SQLite format 3\0"
_APPLICATION = 0x66617578  # "faux"
_SCHEMA = f"""
BEGIN;
PRAGMA application_id = {_APPLICATION};
CREATE TABLE IF NOT EXISTS files (
  key BLOB PRIMARY KEY, size INTEGER, changed INTEGER, sha256 TEXT, fingerprint TEXT NOT NULL,
  finding TEXT NOT NULL, seal INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS contents ON files (sha256, fingerprint);
CREATE TABLE IF NOT EXISTS listing (
  position INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, path TEXT NOT NULL
);
COMMIT;
"""
_BATCH, _SECONDS = 256, 1.0
"""A commit every so many rows or seconds, whichever comes first: what a crash can cost."""


class Journal:
    """The journal of one scan; use it in a `with`.

    It holds a write transaction throughout, so a second scan into the same file is refused. `set_aside` is
    where a damaged journal was moved to, if there was one: only time is lost with it, the files are scanned
    again.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path, self.fingerprint = path, fingerprint
        self.set_aside: Path | None = None
        _refuse_foreign(path)
        try:
            self._database = _open(path)
        except sqlite3.OperationalError as error:
            raise _unusable(path, error) from error
        except sqlite3.DatabaseError:
            self.set_aside = _move_away(path)
            self._database = _open(path)
        with self._guarded():
            self._database.execute("DELETE FROM listing")
        self._pending, self._committed = 0, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with closing(self._database), self._guarded():
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("COMMIT")

    def enter(self, source: str) -> bool:
        """Note that this scan has come to a source, in order; False if it had before."""
        row = (_key(source), readable(source))
        with self._guarded():
            cursor = self._database.execute("INSERT OR IGNORE INTO listing (key, path) VALUES (?, ?)", row)
        self._count()
        return cursor.rowcount == 1

    def recall(self, source: str, stamp: Stamp | None) -> Finding | None:
        """The Finding of a source that has not changed since, under the same fingerprint."""
        if stamp is None:
            return None
        query = (
            "SELECT sha256, finding, seal FROM files WHERE key = ? AND size = ? AND changed = ?"
            " AND fingerprint = ? AND sha256 IS NOT NULL"
        )
        with self._guarded():
            row = self._database.execute(query, (_key(source), *stamp, self.fingerprint)).fetchone()
        known = _unseal(row)
        return replace(known, path=readable(source)) if known else None

    def record(self, source: str, stamp: Stamp | None, finding: Finding) -> None:
        """Keep a Finding; `stamp` was taken before the file was read."""
        size, changed = stamp or (None, None)
        text = finding.to_json()
        sealed = (finding.sha256, self.fingerprint, text, _seal(finding.sha256, text))
        with self._guarded():
            self._database.execute(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_key(source), size, changed, *sealed),
            )
        self._count()

    def findings(self) -> Iterator[Finding]:
        """The Findings of this scan, in order, each source once."""
        query = (
            "SELECT path, sha256, finding, seal FROM listing JOIN files USING (key)"
            " WHERE fingerprint = ? ORDER BY position"
        )
        with self._guarded():
            for path, *row in self._database.execute(query, (self.fingerprint,)):
                finding = _unseal(row)
                if finding is None:
                    raise sqlite3.DatabaseError(f"the row of {path} has changed on the disk")
                yield replace(finding, path=path)

    def _count(self) -> None:
        self._pending += 1
        now = time.monotonic()
        if self._pending >= _BATCH or now - self._committed >= _SECONDS:
            with self._guarded():
                self._database.execute("COMMIT")
                self._database.execute("BEGIN IMMEDIATE")
            self._pending, self._committed = 0, now

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error


class Contents:
    """The Findings of a journal by content, read by workers while their parent writes."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        self._database = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=1)
        self._fingerprint = fingerprint

    def __call__(self, sha256: str) -> Finding | None:
        """The Finding of a content that was read without error; None if unknown or busy."""
        query = "SELECT sha256, finding, seal FROM files WHERE sha256 = ? AND fingerprint = ? LIMIT 1"
        row = None
        with suppress(sqlite3.OperationalError):  # to know saves time; not to know costs nothing else
            row = self._database.execute(query, (sha256, self._fingerprint)).fetchone()
        finding = _unseal(row)
        return finding if finding and finding.status == "ok" else None


def stamp(source: str) -> Stamp | None:
    """Size and time of change of a file; None for addresses and what cannot be looked at."""
    try:
        status = os.stat(source)
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _seal(sha256: str | None, finding: str) -> int:
    """A checksum, which SQLite keeps none of: a row that went bad on the disk is as good as no row."""
    return zlib.crc32(f"{sha256} {finding}".encode())


def _unseal(row: Sequence[Any] | None) -> Finding | None:
    """The Finding of a row `(sha256, finding, seal)`; None if there is no row, or if it went bad."""
    if row is None or row[2] != _seal(row[0], row[1]):
        return None
    return Finding.from_dict(json.loads(row[1]))


def _key(source: str) -> bytes:
    """One key for `a.jpg` and `./a.jpg`, the bytes of the name as they are on disk."""
    return os.fsencode(source if "://" in source else os.path.abspath(source))


def _open(path: Path) -> sqlite3.Connection:
    """Open or create a journal, check it, and begin to write. A damaged one raises `DatabaseError`."""
    database = sqlite3.connect(path, isolation_level=None, timeout=2)
    try:
        if path.stat().st_size and database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check failed")
        database.executescript(_SCHEMA)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("BEGIN IMMEDIATE")
        database.execute("SELECT key, size, changed, sha256, fingerprint, finding, seal FROM files LIMIT 1")
    except BaseException:
        database.close()
        raise
    return database


def _refuse_foreign(path: Path) -> None:
    """Refuse a file that is no journal of ours; a stub of one, shorter than SQLite's header, is ours."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise PolicyError(
            f"The journal {path} cannot be read: {error.strerror}.", fix="Choose another --out FILE."
        ) from error
    ours = head[68:72] == _APPLICATION.to_bytes(4, "big") or len(head) < 100
    if head and not (head.startswith(_MAGIC) and ours):
        raise PolicyError(
            f"{path} exists and is no journal of fauxto; it is left alone.",
            fix="Choose another --out FILE, or move that file away.",
        )


def _move_away(path: Path) -> Path:
    """Rename a damaged journal, and drop what belongs to it."""
    aside = path.with_name(path.name + ".damaged")
    os.replace(path, aside)
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside


def _unusable(path: Path, error: sqlite3.Error) -> ResourceError:
    if "locked" in str(error):
        return ResourceError(f"Another scan is writing to {path}.", fix="Wait for it, or choose another --out FILE.")
    if "unable to open" in str(error) or "readonly" in str(error):
        return ResourceError(
            f"The journal {path} cannot be written: {error}.",
            fix="Choose an --out FILE in a folder that you may write to, and whose disk is not full.",
        )
    return ResourceError(
        f"The journal {path} cannot be used: {error}.",
        fix="Make room on its disk; if that does not help, delete it: all files are then scanned again.",
    )
