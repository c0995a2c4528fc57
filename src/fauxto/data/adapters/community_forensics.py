"""Community Forensics (Park and Owens, CVPR 2025): Parquet shards that hold the original files as bytes."""

from collections.abc import Iterator
from pathlib import Path

from fauxto.data.adapters.layout import Layout, sample
from fauxto.data.adapters.openfake import split_of
from fauxto.data.adapters.tables import Refused, Row, of_word, tables
from fauxto.data.manifest import Sample
from fauxto.data.walk import Problems

SLUG = "community-forensics"
FAMILIES = {"latdiff": "diffusion", "pixdiff": "diffusion", "gan": "gan", "commercial": "commercial", "other": "other"}
_CODES = {"0": 0, "1": 1, "real": 0, "fake": 1}


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """Every row of every shard; the code of the label (1 = fake, as documented) must agree with `architecture`."""
    return tables(root, problems, ("image_data",), _sample)


def _sample(place: str, table: str, row: Row) -> Sample:
    label, architecture = of_word(row["label"], _CODES), str(row["architecture"] or "")
    if architecture and (architecture.lower() == "real") == bool(label):
        raise Refused(f"the label is {row['label']} but the architecture is {architecture}")
    values = {"split": str(row.get("split") or split_of(table)), "content": str(row.get("subset") or "")}
    if not label:
        return sample(place, SLUG, label=0, source=str(row.get("real_source") or SLUG), **values)
    return sample(
        place, SLUG, label=1, generator=str(row["model_name"] or ""), architecture=architecture,
        family=FAMILIES.get(architecture.lower(), ""), prompt=str(row.get("prompt") or ""), **values,
    )  # fmt: skip


LAYOUT = Layout(
    slug=SLUG,
    title="Community Forensics",
    read=read,
    signs=(r"community-?_?forensics[^/]*/(?:.*/)?[^/]+\.parquet",),
    published="Systematic 1,919,493, Manual 774,023, Commercial 14,918, PublicEval 51,836; Small 278,000 each",
    license="CC BY 4.0 (evaluation sets CC BY-NC-SA 4.0)",
)
"""The full training part holds no real pictures."""
