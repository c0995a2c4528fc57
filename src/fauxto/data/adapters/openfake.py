"""OpenFake (Livernoche et al., 2025): Parquet shards or `*_metadata.csv`, labels in words; columns vary."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from fauxto.data.adapters.layout import Layout, sample
from fauxto.data.adapters.tables import Refused, Row, csv_samples, inside, of_word, tables
from fauxto.data.manifest import LABELS, Sample
from fauxto.data.walk import Problems, files

SLUG = "openfake"
IMAGES = ("image", "img", "jpg", "png")
ALIASES = {
    "path": ("file_name", "filename", "image_path", "path"),
    "prompt": ("prompt", "generated_prompt", "caption", "text"),
    "label": ("label", "labels", "class", "target", "is_fake"),
    "model": ("model", "generator", "model_name", "source"),
    "date": ("release_date", "timestamp", "post_date", "date"),
}
"""The names that the releases give to a column; the first that is there counts."""


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """Every row of every shard, then every row of the metadata tables whose picture lies beside them."""
    yield from tables(root, problems, IMAGES, _of_shard)
    for path in files(root, problems, {".csv"}):
        if path.endswith("metadata.csv"):
            yield from csv_samples(root, path, partial(_of_table, root, path), problems)


def _of_shard(place: str, table: str, row: Row) -> Sample:
    return _sample(place, table, row)


def _of_table(root: Path, table: str, row: Row) -> Sample:
    folder = (root / table).parent
    return _sample(str(inside(root, str(_value(row, "path")), folder, root)), table, row)


def _sample(place: str, table: str, row: Row) -> Sample:
    label = of_word(_value(row, "label"), LABELS)
    values = {"split": split_of(table), "content": str(row.get("type") or "")}
    model = str(_value(row, "model", ""))
    if not label:
        source = f"{SLUG}/{model}" if model and model.lower() != "real" else SLUG
        return sample(place, SLUG, label=0, source=source, caption=str(_value(row, "prompt", "")), **values)
    return sample(
        place, SLUG, label=1, generator=model, prompt=str(_value(row, "prompt", "")),
        released=str(_value(row, "date", ""))[:10], **values,
    )  # fmt: skip


def split_of(table: str) -> str:
    """The split that a shard's name begins with; the validation part is ours to calibrate on."""
    name = Path(table).name.lower()
    words = {"train": "train", "test": "test", "validation": "calibration", "val": "calibration"}
    return next((split for word, split in words.items() if name.startswith(word)), "")


def _value(row: Row, name: str, default: Any = None) -> Any:
    for alias in ALIASES[name]:
        if row.get(alias) not in (None, ""):
            return row[alias]
    if default is None:
        raise Refused(f"it has none of the columns {', '.join(ALIASES[name])}")
    return default


LAYOUT = Layout(
    slug=SLUG,
    title="OpenFake",
    read=read,
    signs=(r"openfake[^/]*/(?:.*/)?(?:[^/]+\.parquet|(?:train|test|unused)_metadata\.csv)",),
    published="core: train, validation 59,000, test 91,398; reddit: test 36,240 (third release)",
    license="CC BY-NC 4.0",
)
