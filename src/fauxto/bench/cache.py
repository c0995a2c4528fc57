"""What a benchmark has computed so far: an SQLite file, one row for each (content, model, laundering chain)."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from fauxto.data.measure import Outside
from fauxto.errors import ResourceError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, size INTEGER, changed INTEGER, content TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS scores (
  content TEXT, model TEXT, chain TEXT, logit REAL, status TEXT NOT NULL, seconds REAL NOT NULL,
  PRIMARY KEY (content, model, chain)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (content TEXT, chain TEXT, facts TEXT NOT NULL, PRIMARY KEY (content, chain));
CREATE TABLE IF NOT EXISTS features (
  content TEXT, network TEXT, preparation TEXT, facts TEXT NOT NULL, vector BLOB NOT NULL,
  PRIMARY KEY (content, network, preparation)
);
"""
_SECONDS = 1.0
"""A commit at least this often: what a crash can cost."""

Stamp = tuple[int, int]
"""Size in bytes and time of change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Score:
    """One picture under one model and chain. `status` is "ok", or why there is no `logit`; `seconds` of the model."""

    logit: float | None
    status: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether there is a logit."""
        return self.status == "ok"


class Cache:
    """Scores by content hash, so that a renamed or repeated picture is scored once; use it in a `with`.

    Survives an end at any moment, less the last second. Errors: ResourceError when the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._guarded():
            self._database = sqlite3.connect(path, isolation_level=None, timeout=10)
            self._database.executescript(_SCHEMA)
            self._database.execute("BEGIN")
        self._committed = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guarded():
            self._database.execute("COMMIT")
            self._database.close()

    def content(self, path: str, stamp: Stamp) -> str | None:
        """The sha256 of a file that has not changed since it was read."""
        query = "SELECT content FROM files WHERE path = ? AND size = ? AND changed = ?"
        row = self._one(query, path, *stamp)
        return str(row[0]) if row else None

    def put_content(self, path: str, stamp: Stamp, content: str) -> None:
        """Remember which content a path holds."""
        self._put("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", path, *stamp, content)

    def score(self, content: str, model: str, chain: str) -> Score | None:
        """What is known of a picture under a model and a chain."""
        query = "SELECT logit, status, seconds FROM scores WHERE content = ? AND model = ? AND chain = ?"
        row = self._one(query, content, model, chain)
        return Score(*row) if row else None

    def put_score(self, content: str, model: str, chain: str, score: Score) -> None:
        """Remember a score, or that there is none."""
        row = (content, model, chain, score.logit, score.status, score.seconds)
        self._put("INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?, ?)", *row)

    def facts(self, content: str, chain: str) -> Outside | None:
        """The outside of the file that arrives at the end of a chain."""
        row = self._one("SELECT facts FROM facts WHERE content = ? AND chain = ?", content, chain)
        values = json.loads(row[0]) if row else {}
        if set(values) != set(Outside.__dataclass_fields__):  # none, or of a version that measured other things
            return None
        restored: dict[str, Any] = {key: frozenset(v) if isinstance(v, list) else v for key, v in values.items()}
        return Outside(**restored)

    def put_facts(self, content: str, chain: str, facts: Outside) -> None:
        """Remember the outside of a file."""
        text = json.dumps(asdict(facts), default=sorted)
        self._put("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", content, chain, text)

    def feature(self, content: str, network: str, preparation: str) -> tuple[dict[str, Any], np.ndarray] | None:
        """What a feature network made of a picture, float32 `(d,)`, and what was noted of the picture beside it."""
        query = "SELECT facts, vector FROM features WHERE content = ? AND network = ? AND preparation = ?"
        row = self._one(query, content, network, preparation)
        return (json.loads(row[0]), np.frombuffer(row[1], "<f4")) if row else None

    def put_feature(
        self, content: str, network: str, preparation: str, facts: dict[str, Any], vector: np.ndarray
    ) -> None:
        """Remember a feature and the facts of its picture."""
        row = (content, network, preparation, json.dumps(facts), vector.astype("<f4").tobytes())
        self._put("INSERT OR REPLACE INTO features VALUES (?, ?, ?, ?, ?)", *row)

    def _one(self, query: str, *values: object) -> tuple | None:
        with self._guarded():
            row: tuple | None = self._database.execute(query, values).fetchone()
            return row

    def _put(self, query: str, *values: object) -> None:
        with self._guarded():
            self._database.execute(query, values)
            if time.monotonic() - self._committed >= _SECONDS:
                self._database.execute("COMMIT")
                self._database.execute("BEGIN")
                self._committed = time.monotonic()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise ResourceError(
                f"The scores in {self.path} cannot be used: {error}.",
                fix="Another run may hold the file; if it is damaged, delete it and score again.",
            ) from error
