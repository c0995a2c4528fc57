"""A public data set as it lies on disk, said in a few regular expressions; and the one walk that reads them all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from fauxto.data.generators import kind_of
from fauxto.data.manifest import EDITED, FOLDERS, Sample
from fauxto.data.walk import Problems, files

Read = Callable[[Path, Problems], Iterator[Sample]]
"""How a layout is read: the root, and where to note what is left out; samples one by one."""

_FIELDS = {f.name for f in fields(Sample)} - {"path", "label"}
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Rule:
    """Files of one shape. `pattern` must match the whole end of a path, from the beginning of a folder's name.

    Its groups are fields of `Sample`, and `label`, whose word is looked up in `manifest.FOLDERS` unless `label` is
    given here. `names` says, for a field, what a matched word means (any word, in lower case, that is not there stays
    as it is). `real` and `fake` are constants of the two classes. The first rule that matches counts.
    """

    pattern: str
    label: str = ""
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    real: Mapping[str, str] = field(default_factory=dict)
    fake: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        try:
            return re.compile(rf"(?:.*/)?(?:{self.pattern})", re.IGNORECASE | re.DOTALL)
        except re.error as error:
            raise ValueError(f"{self.pattern!r} is no regular expression: {error}") from error

    @staticmethod
    def is_label(word: str) -> bool:
        """Whether a word names a class."""
        return word.lower() in FOLDERS

    def match(self, path: str) -> dict[str, Any] | None:
        """The fields that a relative path says, with `label` as 0 or 1; None when the rule is about other files."""
        found = self._compiled.fullmatch(path)
        if found is None:
            return None
        groups = {name: text for name, text in found.groupdict().items() if text}
        word = (self.label or groups.pop("label", "")).lower()
        label = FOLDERS[word]
        values: dict[str, Any] = {
            name: self.names.get(name, _NOTHING).get(text.lower(), text)
            for name, text in groups.items()
            if name in _FIELDS
        }
        values.update(self.fake if label else self.real)
        if label and word in EDITED:
            values.setdefault("manipulation", "edited")
        return {**values, "label": label}


@dataclass(frozen=True)
class Layout:
    """A data set: its name, how it is told (`signs`, expressions that must each match the end of a listed path),
    how it is read, what was published about its size, and its licence.
    """

    slug: str
    title: str
    read: Read
    signs: tuple[str, ...] = ()
    published: str = ""
    license: str = ""

    def fits(self, listing: list[str]) -> bool:
        """Whether every sign is in a listing of `walk.folders` (paths with the root's own name in front)."""
        return bool(self.signs) and all(
            any(re.fullmatch(rf"(?:.*/)?(?:{sign})", path, re.IGNORECASE) for path in listing) for sign in self.signs
        )


def by_path(*rules: Rule, slug: str) -> Read:
    """Read a layout whose paths say everything; a picture that no rule is about becomes a problem."""

    def read(root: Path, problems: Problems) -> Iterator[Sample]:
        for path in files(root, problems):
            values = next((found for rule in rules if (found := rule.match(path)) is not None), None)
            if values is None:
                problems.add(path, f"no rule of the layout {slug} is about it")
            else:
                yield sample(root / path, slug, **values)

    return read


def sample(path: Path | str, slug: str, /, **values: Any) -> Sample:
    """A sample with what can be concluded: no generator for a real picture, whose source is then the set's folder;
    the family and release of a known generator.
    """
    if not values["label"]:
        folder = values.pop("generator", "")
        values.setdefault("source", f"{slug}/{folder}".rstrip("/"))
    elif values.get("generator"):
        family, released = kind_of(values["generator"])
        values.setdefault("family", family)
        values.setdefault("released", released)
    return Sample(str(path), values.pop("label"), **values)
