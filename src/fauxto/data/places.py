"""Where the bytes of a sample lie: a file of its own, or a cell of a table (`shard.parquet#row:column`)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauxto.errors import InputError

_NOWHERE = 2**62
_CELL = re.compile(r"(?P<table>.+\.(?:parquet|arrow))#(?P<row>\d+):(?P<column>[^#]+)", re.DOTALL)


def cell(table: str, row: int, column: str) -> str:
    """The place of one cell of a Parquet file or an Arrow stream, as text for `Sample.path`.

    >>> cell("data/train.parquet", 7, "image")
    'data/train.parquet#7:image'
    """
    return f"{table}#{row}:{column}"


def file_of(place: str) -> Path:
    """The file on disk that holds a place.

    >>> file_of("data/train.parquet#7:image").name
    'train.parquet'
    """
    found = _CELL.fullmatch(place)
    return Path(found["table"] if found else place)


def read_bytes(place: str) -> bytes:
    """All bytes of a sample, as its `path` says; the file's own bytes, never re-encoded.

    Reading the cells of a table in their order is cheap; jumping costs a row group each time. Errors: OSError as
    `open` has it; InputError when the table has no such cell or the cell holds no bytes.
    """
    found = _CELL.fullmatch(place)
    if not found or Path(place).is_file():
        return Path(place).read_bytes()
    value = _reader(found["table"], found["column"]).get(int(found["row"]))
    content = bytes_in(value)
    if content is None:
        raise InputError(f"{place} holds no picture bytes.", fix="Index the folder again: fauxto data index.")
    return content


def bytes_in(value: Any) -> bytes | None:
    """The picture bytes of a table's cell: bytes, a struct with `bytes`, or bytes stored as Latin-1 text."""
    if isinstance(value, dict):
        value = value.get("bytes")
    if isinstance(value, str):
        try:
            value = value.encode("latin-1")
        except UnicodeEncodeError:
            return None
    return value if isinstance(value, bytes) and value else None


def batches(table: str | Path, columns: list[str] | None = None, size: int = 256) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file or an Arrow stream (a saved Hugging Face data set), `size` or fewer at a time.

    Errors: InputError when the file is neither.
    """
    try:
        if str(table).endswith(".parquet"):
            yield from pq.ParquetFile(table).iter_batches(batch_size=size, columns=columns)
            return
        with pa.memory_map(str(table)) as source, pa.ipc.open_stream(source) as stream:
            for batch in stream:
                yield batch.select(columns) if columns is not None else batch
    except (pa.ArrowException, KeyError) as error:
        raise InputError(f"{table} cannot be read as a table: {error}.", fix="Download the file again.") from error


def columns_of(table: str | Path) -> list[str]:
    """The names of a table's columns. Errors: InputError when the file is no table."""
    try:
        if str(table).endswith(".parquet"):
            return list(pq.read_schema(table).names)
        with pa.memory_map(str(table)) as source, pa.ipc.open_stream(source) as stream:
            return list(stream.schema.names)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{table} cannot be read as a table: {error}.", fix="Download the file again.") from error


class _Reader:
    """One column of one table, read forwards; going back starts again at the row group (or at the beginning)."""

    def __init__(self, table: str, column: str) -> None:
        self.table, self.column = table, column
        self.next = _NOWHERE
        self._cells: Iterator[Any] = iter(())

    def get(self, row: int) -> Any:
        if row < self.next or row > self.next + 64:
            self._seek(row)
        for value in self._cells:
            self.next += 1
            if self.next > row:
                return value.as_py()
        raise InputError(f"{self.table} has no row {row}.", fix="Index the folder again: fauxto data index.")

    def _seek(self, row: int) -> None:
        if not self.table.endswith(".parquet"):
            self.next, self._cells = 0, iter(())
            stream = batches(self.table, [self.column])
            for batch in stream:
                if self.next + batch.num_rows > row:
                    self._cells = (value for part in chain([batch], stream) for value in part.column(0))
                    return
                self.next += batch.num_rows
            return
        try:
            file = pq.ParquetFile(self.table)
            group, start = 0, 0
            while group < file.num_row_groups - 1 and start + file.metadata.row_group(group).num_rows <= row:
                start += file.metadata.row_group(group).num_rows
                group += 1
            rows = file.iter_batches(8, list(range(group, file.num_row_groups)), [self.column])
        except pa.ArrowException as error:
            raise InputError(f"{self.table} cannot be read as a table: {error}.", fix="Download it again.") from error
        self.next = start
        self._cells = (value for batch in rows for value in batch.column(0))


@functools.lru_cache(maxsize=4)
def _reader(table: str, column: str) -> _Reader:
    return _Reader(table, column)
