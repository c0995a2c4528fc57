"""Findings as a Parquet file: an explicit schema, streamed in row groups, complete or not there.

What has one shape is typed (`error`, `model`: structs; `regions`: a list of structs). What has many
(`stability`, `provenance`, `evidence`) is a string of JSON, as in the JSON lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauxto.errors import InputError, PolicyError
from fauxto.finding import Finding

ROWS = 2_000
"""Rows in a group: what is held in memory while writing."""

_TEXTS = ("stability", "provenance", "evidence")
_MODEL = ("name", "version", "sha256", "backend", "reading")
_MARK = b"fauxto"

SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("sha256", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        pa.field("error", pa.struct([(name, pa.string()) for name in ("code", "what", "fix")])),
        pa.field("verdict", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field("logit", pa.float64()),
        pa.field("p_value", pa.float64()),
        pa.field("fpr", pa.float64()),
        pa.field("stability", pa.string()),
        pa.field("provenance", pa.string()),
        pa.field("evidence", pa.string()),
        pa.field(
            "regions",
            pa.list_(
                pa.struct(
                    [
                        ("x", pa.int32()),
                        ("y", pa.int32()),
                        ("width", pa.int32()),
                        ("height", pa.int32()),
                        ("logit", pa.float64()),
                    ]
                )
            ),
        ),
        pa.field("model", pa.struct([(name, pa.string()) for name in _MODEL])),
        pa.field("seconds", pa.float64()),
    ]
)
"""The columns are the keys of the JSON lines, in their order."""


def check_target(out: Path) -> None:
    """Refuse a name that is not *.parquet, a folder that does not exist, and a file of someone else."""
    if out.suffix != ".parquet":
        better = out / "results.parquet" if out.is_dir() or not out.name else out.with_suffix(".parquet")
        raise InputError(
            f"--out writes Parquet; {str(out)!r} does not end in .parquet.",
            fix=f"Use --out {better}, or --json > FILE for JSON lines.",
            code="usage",
        )
    if not out.parent.is_dir():
        raise InputError(f"There is no folder {out.parent}.", fix=f"Run: mkdir -p {out.parent}", code="usage")
    if not os.path.lexists(out):
        return
    try:
        ours = out.is_file() and _MARK in (pq.read_schema(out).metadata or {})
    except (OSError, pa.ArrowException):
        ours = False
    if not ours:
        raise PolicyError(
            f"{out} exists and was not written by fauxto scan; it is left alone.",
            fix="Choose another --out FILE, or move that file away.",
        )


def write(out: Path, findings: Iterable[Finding], about: dict[str, str]) -> None:
    """Write Findings to `out` in one stroke at the end; `about` is kept as JSON in the file's metadata.

    Written to `out`.unfinished first, which is renamed when it is complete and on the disk.
    """
    unfinished = out.with_name(out.name + ".unfinished")
    schema = SCHEMA.with_metadata({_MARK: json.dumps(about).encode()})
    rows = map(_row, findings)
    try:
        with unfinished.open("wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                while group := list(islice(rows, ROWS)):
                    writer.write_table(pa.Table.from_pylist(group, schema=schema))
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, out)
    except OSError as error:
        raise InputError(
            f"The results cannot be written to {out}: {error.strerror or error}.",
            fix="Make room or correct the permissions, and run the same command again: nothing is lost.",
            code="unwritable",
        ) from error


def _row(finding: Finding) -> dict[str, Any]:
    row = finding.to_dict()
    for name in _TEXTS:
        if row[name] is not None:
            row[name] = json.dumps(row[name], ensure_ascii=False)
    return row
