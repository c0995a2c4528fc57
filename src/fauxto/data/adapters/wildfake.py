"""WildFake (Hong et al., AAAI 2025): a tree of generators, and tables of family, architecture, weight, split."""

import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from fauxto.data.adapters.layout import Layout, sample
from fauxto.data.adapters.tables import Refused, Row, csv_samples, inside, of_word
from fauxto.data.manifest import Sample
from fauxto.data.walk import Problems, files

SLUG = "wildfake"
_FAKE = {"0": 0, "1": 1, "false": 0, "true": 1, "real": 0, "fake": 1}
_FAMILIES = {"gan_based": "gan", "diffusion_based": "diffusion", "other_based": "other"}


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """The rows of `total_split` where it is there, else of every table of `label_csv_files`."""
    paths = list(files(root, problems, {".csv"}))
    total = [path for path in paths if re.search(r"total_split/(?:train|test)_metadata\.csv$", path)]
    for path in total or [path for path in paths if "label_csv_files/" in f"/{path}"]:
        split = next((word for word in ("train", "test") if Path(path).name.startswith(word)), "")
        yield from csv_samples(root, path, partial(_sample, root, split), problems)


def _sample(root: Path, split: str, row: Row) -> Sample:
    label = of_word(row["IsFake"], _FAKE)
    family = row["Generator"]
    if (family.lower() == "real") == bool(label):
        raise Refused(f"IsFake is {row['IsFake']} but Generator is {family}")
    place = find(root, row["Image_path"])
    if not label:
        return sample(place, SLUG, label=0, split=split, source=f"{SLUG}/{row['Architecture'] or row['Category']}")
    age = "advanced" if row["IsAdvanced"].strip().lower() in ("1", "true", "advanced") else "typical"
    return sample(
        place, SLUG, label=1, split=split, generator=row["Category"] or row["Architecture"],
        family=_FAMILIES.get(family.lower(), family.lower()), architecture=row["Architecture"],
        version=f"{row['Weight']}/{age}".strip("/"),
    )  # fmt: skip


def find(root: Path, path: str) -> Path:
    """The file of a row, though archives add, repeat or drop a folder. Names repeat, so a name alone is never enough.

    The path is tried as it is below `Images` and below the root, then with one of its folders left out, then with one
    doubled. Raises Refused when nothing or more than one file fits.
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    last = len(parts) - 1
    fewer = [parts[:i] + parts[i + 1 :] for i in range(1, last)]
    doubled = [parts[: i + 1] + parts[i:] for i in range(last)]
    for candidates in ([parts], fewer, doubled):
        found = {
            place
            for one in candidates
            for base in (root / "Images", root)
            if os.path.isfile(place := os.path.normpath(os.path.join(base, *one)))
        }
        if len(found) > 1:
            raise Refused(f"{path!r} may be any of {len(found)} files")
        if found:
            return inside(root, found.pop())
    return inside(root, path)


LAYOUT = Layout(
    slug=SLUG,
    title="WildFake",
    read=read,
    signs=(r"(?:split_train_test/csv_file/total_split/train_metadata\.csv|label_csv_files/[^/]+\.csv)",),
    published="3,570,724 rows (2,856,568 train), of which 3,305,037 are on disk: Wukong's reals are missing",
)
