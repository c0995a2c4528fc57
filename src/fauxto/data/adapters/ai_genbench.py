"""AI-GenBench (Pellegrini et al., 2025): a Hugging Face `DatasetDict` saved to disk, or its Parquet shards."""

import re
from collections.abc import Iterator
from pathlib import Path

from fauxto.data.adapters.layout import Layout, sample
from fauxto.data.adapters.tables import Refused, Row, of_word, tables
from fauxto.data.manifest import Sample
from fauxto.data.walk import Problems

SLUG = "ai-genbench"


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """Every row; the code of the label (1 = fake, as documented) must agree with `generator`, empty for a real one."""
    return tables(root, problems, ("image",), _sample)


def _sample(place: str, table: str, row: Row) -> Sample:
    label, generator = of_word(row["label"], {"0": 0, "1": 1, "real": 0, "fake": 1}), str(row["generator"] or "")
    if bool(generator) != bool(label):
        raise Refused(f"the label is {row['label']} but the generator is {generator!r}")
    split = "train" if re.search(r"(?:^|/)train", table) else "test"  # the leaderboard's test is the validation part
    origin = str(row.get("origin_dataset") or SLUG)
    values = {
        "split": split, "caption": str(row.get("description") or ""),
        "width": int(row.get("width") or 0), "height": int(row.get("height") or 0),
    }  # fmt: skip
    if not label:
        return sample(place, SLUG, label=0, source=origin, **values)
    prompt = str(row.get("positive_prompt") or "")
    return sample(place, SLUG, label=1, generator=generator, source=origin, prompt=prompt, **values)


LAYOUT = Layout(
    slug=SLUG,
    title="AI-GenBench",
    read=read,
    signs=(r"ai[-_]?gen[-_]?bench[^/]*/(?:.*/)?(?:dataset_dict\.json|[^/]+\.parquet)",),
    published="train 144,000 generated and 144,000 real, validation 36,000 and 36,000; 36 generators",
    license="as each origin",
)
