"""ARIA (Li et al., 2024): `dataset/<generator>/<method>/<category>/<stem>`, reals in `select_data/<category>`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fauxto.data.adapters.layout import Layout, Rule, by_path
from fauxto.data.adapters.tables import csv_rows
from fauxto.data.manifest import Sample
from fauxto.data.walk import Problems, files
from fauxto.errors import InputError

SLUG = "aria"
CATEGORIES = {"insta": "instagram", "insta_3k": "instagram", "news_3k": "news", "art_2500": "art", "art_3k": "art"}
"""Names of categories in older scripts, and what they are called now."""
METHODS = {"it2i": "I2I"}
GENERATORS = {"openai": "dalle-3", "dreamstudio": "dreamstudio", "midjourney": "midjourney", "starryai": "starryai"}
COLUMNS = ("Image_Name", "Text_Prompt", "Generator", "Category", "Method")

_MEANING = {"content": CATEGORIES, "architecture": METHODS, "generator": GENERATORS}
_RULES = by_path(
    Rule(
        r"(?P<generator>[^/]+)/(?P<architecture>T2I|I2I|IT2I)/(?P<content>[^/]+)/(?P<parent>[^/]+)\.[^./]+",
        label="fake",
        names=_MEANING,
    ),
    Rule(r"select_data/(?P<content>[^/]+)/[^/]+", label="real", names=_MEANING, real={"source": SLUG}),
    slug=SLUG,
)


def read(root: Path, problems: Problems) -> Iterator[Sample]:
    """The tree; a fake's `parent` is the real picture of its stem, `architecture` the method, T2I or I2I.

    Prompts come from the CSV files of the runs, where there are any.
    """
    prompts = dict(_prompts(root, problems))
    reals = {(one.content, Path(one.path).stem): one.path for one in _RULES(root, Problems()) if not one.label}
    for one in _RULES(root, problems):
        if one.label:
            prompt = prompts.get((one.parent, one.generator, one.content, one.architecture), "")
            yield replace(one, parent=reals.get((one.content, one.parent), one.parent), prompt=prompt)
        else:
            yield replace(one, source=f"{SLUG}/{one.content}")


def write_run(samples: Iterable[Sample], path: Path) -> int:
    """Write the CSV of a run of one or more generators, one row a fake; gives how many."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        rows = [
            (Path(one.path).name, one.prompt, one.generator, one.content, one.architecture)
            for one in samples
            if one.label
        ]
        table.writerows(rows)
    return len(rows)


def _prompts(root: Path, problems: Problems) -> Iterator[tuple[tuple[str, str, str, str], str]]:
    for path in files(root, problems, {".csv"}):
        try:
            for _, row in csv_rows(root / path):
                if set(COLUMNS) <= set(row):
                    name, prompt, generator, category, method = (row[column].strip() for column in COLUMNS)
                    generator = GENERATORS.get(generator.lower(), generator)
                    category = CATEGORIES.get(category.lower(), category)
                    yield (Path(name).stem, generator, category, METHODS.get(method.lower(), method)), prompt
        except (InputError, OSError) as error:
            problems.add(path, str(error))


LAYOUT = Layout(
    slug=SLUG,
    title="ARIA",
    read=read,
    signs=(r"[^/]+/(?:T2I|I2I|IT2I)/[^/]+/", r"select_data/[^/]+/"),
    published="144,175: art 43,075, news 26,559, instagram 26,265, disaster 25,288, pixiv 22,988",
    license="none stated (pictures; the code is MIT)",
)
