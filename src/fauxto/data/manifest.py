"""A data set is a manifest: one table, one row a picture. Any folder can become one."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauxto.data.places import batches, file_of
from fauxto.data.walk import PICTURES, Problems, files, root_of
from fauxto.errors import InputError

__all__ = ["FOLDERS", "LABELS", "PICTURES", "Sample", "fingerprint", "index", "read", "stream", "write"]

csv.field_size_limit(2**22)  # prompts may be long; a row of gigabytes is an attack

LABELS = {
    "real": 0, "nature": 0, "0_real": 0, "human": 0, "original": 0, "genuine": 0, "pristine": 0,
    "fake": 1, "ai": 1, "1_fake": 1, "generated": 1, "synthetic": 1, "full_synthetic": 1, "ai_generated": 1,
    "tampered": 1, "edited": 1, "inpainted": 1,
}  # fmt: skip
"""Words that name a class. Labels are read by name, never by integer: public sets disagree about which class is 1."""

EDITED = {"tampered", "edited", "inpainted", "object_part_synthetic", "full_inpainting", "tp"}
"""The words of class 1 that mean a real picture of which a part was altered."""

FOLDERS = LABELS | {
    "reals": 0, "real_images": 0, "originals": 0, "youtube": 0, "actors": 0, "au": 0,
    "fakes": 1, "fake_images": 1, "object_part_synthetic": 1, "full_inpainting": 1, "tp": 1,
}  # fmt: skip
"""Names of folders that label what lies below them: the words of `LABELS`, and those that public sets use."""

MASKS = {"mask", "masks", "gt", "spatial_localize"}
"""Names of folders that hold masks, which are never samples."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture. `label` is 1 for generated or tampered, 0 for real; empty text and 0 mean unknown.

    `path` is absolute: a file, or the cell of a table (`places.read_bytes` reads both). `generator` is what made it,
    of which `family` is the kind (gan, diffusion, ... or a user's own grouping), `architecture` the network, `version`
    the release and `released` its ISO date. `source` is where it was taken from: the collection of a real picture.
    `format`, `width`, `height`, `quality` (IJG quality of a JPEG) and `sha256` are those of the file. `parent` is the
    picture that this one was made from: its path, sha256, or a beginning of that. `manipulation` is "generated",
    "edited" (then `mask` may be the path of a mask) or unknown. `prompt` made the picture, `caption` describes it.
    """

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
    kind: str = "image"
    manipulation: str = ""
    architecture: str = ""
    version: str = ""
    released: str = ""
    quality: float = 0.0
    mask: str = ""
    prompt: str = ""
    caption: str = ""


def read(path: str | Path) -> list[Sample]:
    """The samples of a `.csv` or `.parquet` manifest; relative paths are taken from the manifest's folder.

    Columns beyond those of `Sample` are ignored; `path` and `label` must be there. Errors: InputError.
    """
    return list(stream(path))


def stream(path: str | Path) -> Iterator[Sample]:
    """The samples of a manifest one by one, in constant memory. Errors: as `read`, at the row that has one."""
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"There is no manifest at {path}.", fix="Make one: fauxto data index FOLDER --out manifest.csv"
        )
    number = 0
    for number, row in enumerate(_rows(path), start=1):
        if "path" not in row or "label" not in row:
            raise InputError(
                f"{path} has columns {', '.join(map(str, row))[:200]}; expected at least path and label.",
                fix="Make one: fauxto data index FOLDER --out manifest.csv",
            )
        yield _sample(row, path.parent, f"{path}, row {number}")
    if not number:
        raise InputError(f"{path} has no rows.", fix="Make one: fauxto data index FOLDER --out FILE")


def write(samples: Iterable[Sample], path: str | Path) -> int:
    """Write `.csv` or `.parquet` and return the number of rows; labels are written as the words real and fake.

    The samples may be a generator: memory stays constant, and the file appears only when it is complete.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    rows = ({**asdict(sample), "label": "fake" if sample.label else "real"} for sample in samples)
    count = 0
    try:
        with _writer(partial, path.suffix == ".parquet") as put:
            while block := list(islice(rows, _BLOCK)):
                put(block)
                count += len(block)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def index(folder: str | Path, problems: Problems | None = None) -> list[Sample]:
    """Every picture below `folder`, labelled by the nearest parent folder whose name is in `FOLDERS`.

    The generator is the folder above that one (`stylegan2/1_fake/x.png`) or, in a `fake/<generator>/x.png` layout, the
    one below. Masks are left out; what `walk.files` leaves out and pictures of no class go into `problems`. Errors:
    InputError when there is no picture, or no folder names a class, with the names seen.
    """
    root = root_of(folder)
    problems = problems if problems is not None else Problems()
    samples: list[Sample] = []
    unlabelled: set[str] = set()
    for path in files(root, problems):
        *parts, name = path.split("/")
        if Path(name).stem.lower().endswith("_mask") or not MASKS.isdisjoint(part.lower() for part in parts):
            continue
        named = [i for i, part in enumerate(parts) if part.lower() in FOLDERS]
        if not named:
            unlabelled.add(parts[0] if parts else f"{root.name} itself")
            problems.add(path, "no folder on its path names a class")
            continue
        at = named[-1]
        word = parts[at].lower()
        around = (parts[at + 1 : at + 2] or parts[max(0, at - 1) : at] or [root.name])[0]
        generator = around if FOLDERS[word] else ""
        manipulation = "edited" if word in EDITED else ""
        samples.append(Sample(str(root / path), FOLDERS[word], generator, around, manipulation=manipulation))
    if not samples and not unlabelled:
        raise InputError(f"There is no picture below {root}.", fix="Give the folder that holds the pictures.")
    if not samples:
        fix = "Put pictures below folders called real and fake (or 0_real and 1_fake, nature and ai)."
        if root.name.lower() in FOLDERS:
            fix = f"Give {root.parent}: only folders below the one that is given name a class."
        raise InputError(
            f"There are pictures below {root}, but no folder names a class; seen: {', '.join(sorted(unlabelled)[:8])}.",
            fix=fix,
        )
    return samples


def fingerprint(samples: Iterable[Sample]) -> str:
    """A short hash of which files (path, label, bytes on disk) a set of samples names."""
    digest = hashlib.sha256()
    for sample in samples:
        file = file_of(sample.path)
        size = file.stat().st_size if file.exists() else -1  # who reads it says that it is missing
        digest.update(f"{sample.path}\0{sample.label}\0{size}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


_BLOCK = 4096
_NUMBERS = {"width": int, "height": int, "quality": float}
_SCHEMA = pa.schema(
    [(f.name, {"width": pa.int64(), "height": pa.int64(), "quality": pa.float64()}.get(f.name, pa.string()))
     for f in fields(Sample)]
)  # fmt: skip


def _sample(row: dict[str, Any], folder: Path, where: str) -> Sample:
    values = {key: row[key] for key in _SCHEMA.names if row.get(key) not in (None, "")}
    word = str(row["label"]).strip().lower()
    if word not in LABELS:
        raise InputError(
            f"{where}: label {row['label']!r} is not one of {', '.join(sorted(LABELS))}.",
            fix="Name the classes in words; integers are refused because data sets disagree on which class is 1.",
        )
    if not row["path"]:
        raise InputError(f"{where}: the path is empty.", fix="Fill it in, or leave the row out.")
    values["path"] = str((folder / str(row["path"])).absolute())
    values["label"] = LABELS[word]
    values.setdefault("manipulation", "edited" if word in EDITED else "")
    if "mask" in values:
        values["mask"] = str((folder / str(values["mask"])).absolute())
    for key, kind in _NUMBERS.items():
        try:
            values[key] = kind(values.get(key) or 0)
        except (TypeError, ValueError):
            raise InputError(
                f"{where}: {key} is {values[key]!r}, which is no number.", fix="Correct it, or leave it empty."
            ) from None
    return Sample(**values)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".parquet":
        for batch in batches(path, size=_BLOCK):
            yield from batch.to_pylist()
        return
    try:
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} is no CSV manifest: {error}.", fix="Make one: fauxto data index FOLDER --out manifest.csv"
        ) from error


@contextmanager
def _writer(path: Path, parquet: bool) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    if parquet:
        with pq.ParquetWriter(path, _SCHEMA) as table:
            yield lambda rows: table.write_table(pa.Table.from_pylist(rows, _SCHEMA))
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        text = csv.DictWriter(file, _SCHEMA.names)
        text.writeheader()
        yield text.writerows
