"""Public data sets as they lie on disk: one file a set, each a `LAYOUT`; told by their folders, read lazily."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from fauxto.data.adapters.layout import Layout, Rule, by_path
from fauxto.data.manifest import Sample
from fauxto.data.manifest import index as index_folders
from fauxto.data.walk import Problems, folders, root_of
from fauxto.errors import InputError

FOLDERS = "folders"
"""The layout of any folders whose names are classes."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Indexed:
    """Which layout was taken, its samples (lazy), and what was published about the size of the set."""

    layout: str
    samples: Iterable[Sample]
    published: str = ""


@dataclass(slots=True)
class Tally:
    """Counts of the samples that went by, and the first five of each class as text."""

    real: int = 0
    fake: int = 0
    generators: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def counting(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """The same samples, counted as they go by."""
        for sample in samples:
            label = "fake" if sample.label else "real"
            self.real, self.fake = self.real + 1 - sample.label, self.fake + sample.label
            self.generators[sample.generator or "none"] += 1
            self.splits[sample.split or "none"] += 1
            shown = self.examples.setdefault(label, [])
            if len(shown) < _SHOWN:
                shown.append(f"{sample.generator or sample.source}  {sample.split}  {sample.path}")
            yield sample

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain JSON types."""
        return {
            "real": self.real, "fake": self.fake,
            "generators": dict(sorted(self.generators.items())), "splits": dict(sorted(self.splits.items())),
        }  # fmt: skip


@cache
def layouts() -> dict[str, Layout]:
    """Every layout by name: the modules of this package that have a `LAYOUT`."""
    found = (importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return {module.LAYOUT.slug: module.LAYOUT for module in found if hasattr(module, "LAYOUT")}


def guess(folder: str | Path) -> list[str]:
    """The names of the layouts whose signs are all there, by the names of folders and tables alone."""
    root = root_of(folder)
    listing = [f"{root.name}/"] + [f"{root.name}/{path}" for path in folders(root)]
    return [slug for slug, layout in sorted(layouts().items()) if layout.fits(listing)]


def index(
    folder: str | Path, layout: str = "", problems: Problems | None = None, rules: str | Path | None = None
) -> Indexed:
    """The samples of a folder in a named layout, or in the one that is guessed; `rules` is a map file (`read_rules`).

    Errors: InputError for a name that is no layout, and where several layouts fit.
    """
    root = root_of(folder)
    problems = problems if problems is not None else Problems()
    if rules is not None:
        slug = layout or "map"
        return Indexed(slug, by_path(*read_rules(rules), slug=slug)(root, problems))
    known = layouts()
    if not layout:
        fitting = guess(root)
        if len(fitting) > 1:
            raise InputError(
                f"{folder} looks like {' and like '.join(fitting)}.", fix=f"Say which: --layout {fitting[0]}"
            )
        layout = fitting[0] if fitting else FOLDERS
    if layout == FOLDERS:
        return Indexed(layout, index_folders(root, problems))
    if layout not in known:
        raise InputError(
            f"There is no layout {layout!r}.", fix=f"Choose among: {', '.join([FOLDERS, *sorted(known)])}."
        )
    chosen = known[layout]
    samples = (replace(s, license=s.license or chosen.license) for s in chosen.read(root, problems))
    return Indexed(layout, samples, chosen.published)


def read_rules(path: str | Path) -> list[Rule]:
    """The rules of a map file: lines of a class word and a regular expression of paths, with fields as its groups.

    `fake (?P<generator>[A-Z]{3})/(?P<content>\\\\d+)_[^/]*` is such a line; empty lines and those that begin with # are
    passed over. Errors: InputError, with the line.
    """
    rules = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        word, _, pattern = text.partition(" ")
        rule = Rule(pattern.strip(), label=word)
        try:
            rule.match("")
            if pattern and rule.is_label(word):
                rules.append(rule)
                continue
            what = f"{word!r} is no class" if pattern else "there is no expression"
        except ValueError as error:
            what = str(error)
        raise InputError(f"{path}, line {number}: {what}.", fix="For example: fake (?P<generator>[^/]+)/[^/]+")
    if not rules:
        raise InputError(f"{path} has no rules.", fix="For example: fake (?P<generator>[^/]+)/[^/]+")
    return rules
