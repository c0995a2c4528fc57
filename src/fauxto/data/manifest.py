"""A data set is a manifest: one table, one row a picture. Any folder can become one."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauxto.errors import InputError

LABELS = {
    "real": 0, "nature": 0, "0_real": 0, "human": 0,
    "fake": 1, "ai": 1, "1_fake": 1, "generated": 1, "tampered": 1,
}  # fmt: skip
"""Words that name a class. Labels are read by name, never by integer: public sets disagree about which class is 1."""

PICTURES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
"""File endings that `index` looks at; the content decides what a file is when it is read."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture. `label` is 1 for generated or tampered, 0 for real; `path` is absolute; empty text means unknown."""

    path: str
    label: int
    generator: str = ""
    source: str = ""
    family: str = ""
    content: str = ""
    split: str = ""
    license: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    sha256: str = ""
    parent: str = ""


def read(path: str | Path) -> list[Sample]:
    """The samples of a `.csv` or `.parquet` manifest; relative paths are taken from the manifest's folder.

    Columns beyond those of `Sample` are ignored; `path` and `label` must be there. Errors: InputError.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"There is no manifest at {path}.", fix="Make one: fauxto data index FOLDER --out manifest.csv"
        )
    names = {field.name for field in fields(Sample)}
    samples = []
    for number, row in enumerate(_rows(path), start=1):
        if "path" not in row or "label" not in row:
            raise InputError(
                f"{path} has columns {', '.join(row)}; expected at least path and label.",
                fix="Make one: fauxto data index FOLDER --out manifest.csv",
            )
        values = {key: value for key, value in row.items() if key in names and value is not None}
        values["path"] = str((path.parent / str(row["path"])).absolute())
        values["label"] = _label(row["label"], f"{path}, row {number}")
        for key in ("width", "height"):
            values[key] = int(values.get(key) or 0)
        samples.append(Sample(**values))
    if not samples:
        raise InputError(f"{path} has no rows.", fix="Make one: fauxto data index FOLDER --out FILE")
    return samples


def write(samples: Iterable[Sample], path: str | Path) -> None:
    """Write `.csv` or `.parquet`; labels are written as the words real and fake."""
    rows = [{**asdict(sample), "label": "fake" if sample.label else "real"} for sample in samples]
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Sample)])
        writer.writeheader()
        writer.writerows(rows)


def index(folder: str | Path) -> list[Sample]:
    """Every picture below `folder`, labelled by the nearest parent folder whose name is in `LABELS`.

    The generator is the folder above that one (`stylegan2/1_fake/x.png`) or, in a `fake/<generator>/x.png` layout, the
    one below. Links are not followed. Errors: InputError when no folder names a class, with the names seen.
    """
    root = Path(folder).absolute()
    if not root.is_dir():
        raise InputError(f"{folder} is not a folder.", fix="Give the folder that holds the pictures.")
    samples, unlabelled = [], set()
    for path in sorted(_pictures(root)):
        parts = path.relative_to(root).parts[:-1]
        named = [i for i, part in enumerate(parts) if part.lower() in LABELS]
        if not named:
            unlabelled.add(parts[0] if parts else ".")
            continue
        at = named[-1]
        around = parts[at + 1 : at + 2] or parts[max(0, at - 1) : at] or (root.name,)
        label = LABELS[parts[at].lower()]
        samples.append(Sample(str(path), label, generator=around[0] if label else "", source=around[0]))
    if not samples:
        raise InputError(
            f"No folder below {root} names a class; seen: {', '.join(sorted(unlabelled)[:8]) or 'no pictures'}.",
            fix="Put pictures below folders called real and fake (or 0_real and 1_fake, nature and ai).",
        )
    return samples


def fingerprint(samples: Iterable[Sample]) -> str:
    """A short hash of which files (path, label, bytes on disk) a set of samples names."""
    digest = hashlib.sha256()
    for sample in samples:
        size = Path(sample.path).stat().st_size
        digest.update(f"{sample.path}\0{sample.label}\0{size}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".parquet":
        for batch in pq.ParquetFile(path).iter_batches():
            yield from batch.to_pylist()
        return
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _label(value: object, where: str) -> int:
    word = str(value).strip().lower()
    if word not in LABELS:
        raise InputError(
            f"{where}: label {value!r} is not one of {', '.join(sorted(LABELS))}.",
            fix="Name the classes in words; integers are refused because data sets disagree on which class is 1.",
        )
    return LABELS[word]


def _pictures(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.suffix.lower() in PICTURES and path.is_file() and not path.is_symlink():
            yield path
