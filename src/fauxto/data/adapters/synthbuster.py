"""Synthbuster (Bammey, 2024): `<generator>/<RAISE id>.png` and `prompts.csv`; the reals are RAISE-1k, got apart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fauxto.data.adapters.layout import Layout, Rule, by_path
from fauxto.data.adapters.tables import csv_rows
from fauxto.data.manifest import Sample
from fauxto.data.walk import Problems, files

_NAMES = (
    r"dalle2|dalle3|firefly|glide|midjourney-v5|stable-diffusion-1-3|stable-diffusion-1-4|stable-diffusion-2"
    r"|stable-diffusion-xl"
)
_TEST = {"split": "test"}
_PICTURES = by_path(
    Rule(rf"(?P<generator>{_NAMES})/(?P<parent>[^/]+)\.png", label="fake", fake={**_TEST, "family": "diffusion"}),
    Rule(r"RAISE[^/]*/(?:.*/)?[^/]+", label="real", real={**_TEST, "source": "raise"}),
    slug="synthbuster",
)


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """The pictures, with the prompt that `prompts.csv` has for their RAISE photograph, which is `parent`."""
    prompts = {}
    for table in files(root, problems, {".csv"}):
        if table.endswith("prompts.csv"):
            for _, row in csv_rows(root / table):
                prompts[row.get("image name (matching Raise-1k)", "")] = row.get("Prompt", "")
    for sample in _PICTURES(root, problems):
        yield replace(sample, prompt=prompts.get(sample.parent, "")) if sample.label else sample


LAYOUT = Layout(
    slug="synthbuster",
    title="Synthbuster",
    read=read,
    signs=(r"prompts\.csv", rf"(?:{_NAMES})/"),
    published="9 generators with 1,000 PNG files each; no real pictures inside",
    license="CC BY-NC-SA 4.0",
)
