"""Data sets that tables describe: rows with their place, paths that may not leave the folder, cells with pictures."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fauxto.data.manifest import Sample
from fauxto.data.places import batches, cell, columns_of
from fauxto.data.walk import Problems, files
from fauxto.errors import InputError

Row = dict[str, Any]


class Refused(Exception):
    """A row that makes no sense, and why; the reading goes on with the next one."""


def csv_rows(path: Path, columns: tuple[str, ...] | None = None) -> Iterator[tuple[int, Row]]:
    """The rows of a CSV file with their line numbers. `columns` names them where the file has no header line.

    Errors: InputError when the file is no UTF-8 text or no CSV, with the line.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, columns)
        try:
            for row in reader:
                yield reader.line_num, {k: v for k, v in row.items() if isinstance(k, str) and v is not None}
        except UnicodeDecodeError as error:
            what = f"{path} is not UTF-8 text (after line {reader.line_num})."
            raise InputError(what, fix="Download the file again, or convert it.") from error
        except csv.Error as error:
            what = f"{path}, line {reader.line_num + 1}: {error}."
            raise InputError(what, fix="Download the file again, or correct the line.") from error


def read_rows(
    rows: Iterable[tuple[int, Row]], where: str, make: Callable[[Row], Sample], problems: Problems
) -> Iterator[Sample]:
    """The sample of every row; a row that `make` refuses, or that lacks a column, is a problem with its line."""
    for line, row in rows:
        try:
            yield make(row)
        except Refused as error:
            problems.add(f"{where}:{line}", str(error))
        except KeyError as error:
            problems.add(f"{where}:{line}", f"there is no value in the column {error}")


def csv_samples(
    root: Path, path: str, make: Callable[[Row], Sample], problems: Problems, columns: tuple[str, ...] | None = None
) -> Iterator[Sample]:
    """The samples of one CSV file below `root`; a table that cannot be read is one problem, a bad row another."""
    try:
        yield from read_rows(csv_rows(root / path, columns), path, make, problems)
    except (InputError, OSError) as error:
        problems.add(path, str(error))


def inside(root: Path, path: str, *bases: Path) -> Path:
    """The file that a table means by a relative path, below one of `bases` (the root if none) and inside of `root`.

    Raises Refused for a path that leaves the folder, by its words or by a link, and for a file that is not there.
    """
    home = os.path.realpath(root)
    for base in bases or (root,):
        place = os.path.normpath(os.path.join(base, path.replace("\\", "/")))
        if os.path.commonpath([root, place]) != str(root):
            raise Refused(f"{path!r} leaves the folder")
        if os.path.isfile(place):
            if os.path.commonpath([home, os.path.realpath(place)]) != home:
                raise Refused(f"{path!r} is a link that leaves the folder")
            return Path(place)
    raise Refused(f"there is no file {path!r}")


def of_word(value: object, meanings: dict[str, int]) -> int:
    """The label that a word or documented code of a table means. Raises Refused for any other."""
    word = str(value).strip().lower()
    if word not in meanings:
        raise Refused(f"the label {value!r} is not one of {', '.join(meanings)}")
    return meanings[word]


def tables(
    root: Path, problems: Problems, images: tuple[str, ...], make: Callable[[str, str, Row], Sample]
) -> Iterator[Sample]:
    """The samples of every Parquet and Arrow table below `root`; `make` gets the picture's place, the table, the row.

    The picture is the first column of `images` that the table has; it is not read, so that an index of a terabyte costs
    what its other columns weigh. A table that cannot be read is one problem, a bad row another.
    """
    for path in files(root, problems, {".parquet", ".arrow"}):
        try:
            names = columns_of(root / path)
            image = next((name for name in images if name in names), None)
            if image is None:
                problems.add(path, f"it has none of the columns {', '.join(images)}")
                continue
            number = 0
            for batch in batches(root / path, [name for name in names if name != image]):
                for row in batch.to_pylist():
                    place = cell(str(root / path), number, image)
                    yield from read_rows([(number, row)], path, partial(make, place, path), problems)
                    number += 1
        except InputError as error:
            problems.add(path, error.what)
