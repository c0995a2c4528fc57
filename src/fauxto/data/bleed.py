"""Duplicates, and what lies on both sides of a split or of a label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from fauxto.data.groups import groups, parents
from fauxto.data.manifest import Sample

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Bleed:
    """One way in which samples that belong together lie apart. `count` counts the sets of samples concerned (pictures,
    sources, parents), `examples` has a few of them. `leaky` says that results on these splits would be too good.
    """

    name: str
    what: str
    count: int
    examples: tuple[str, ...]
    leaky: bool
    advice: str


def bleeds(samples: Sequence[Sample], pairs: Iterable[tuple[int, int]] = ()) -> list[Bleed]:
    """Every kind of bleed, counted; `pairs` are those of `similar.near_duplicates`. `sha256` has to be filled."""
    exact = groups(samples, ["duplicate"])
    near = groups(samples, ["duplicate"], pairs)
    made = _joined(samples, parents(samples))
    split = "Split again: fauxto data split MANIFEST --out FILE"
    drop = "Keep one of each set of duplicates, or count pictures by group."
    both = "One of the two labels is wrong: look at them and remove both."
    same, alike = _parts(exact), _parts(near)
    rows = (
        ("exact duplicates", "the same bytes more than once", same, "", drop),
        ("near-duplicates", "the same look more than once", alike, "", drop),
        ("two labels", "the same bytes labelled real and fake", same, "label", both),
        ("duplicates over splits", "the same bytes in two splits", same, "split", split),
        ("near-duplicates over splits", "the same look in two splits", alike, "split", split),
        ("parents over splits", "made from, or from one, picture of another split", made, "split", split),
        ("sources over splits", "one source in two splits", _alike(samples, "source"), "split", split),
    )
    found = []
    for name, what, parts, across, todo in rows:
        bad = [part for part in parts if not across or len({getattr(samples[i], across) for i in part} - {""}) > 1]
        examples = tuple(" = ".join(samples[i].path for i in part[:2]) for part in bad[:_SHOWN])
        found.append(Bleed(name, what, len(bad), examples, bool(across and bad), todo if bad else ""))
    return found


def _parts(numbers: np.ndarray) -> list[list[int]]:
    members: dict[int, list[int]] = defaultdict(list)
    for i, number in enumerate(numbers.tolist()):
        members[number].append(i)
    return [part for part in members.values() if len(part) > 1]


def _alike(samples: Sequence[Sample], key: str) -> list[list[int]]:
    members: dict[str, list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        if getattr(sample, key):
            members[getattr(sample, key)].append(i)
    return [part for part in members.values() if len(part) > 1]


def _joined(samples: Sequence[Sample], family: list[tuple[int, int]]) -> list[list[int]]:
    """The children of each parent, with the parent where it is among the samples."""
    members: dict[str, list[int]] = {}
    for i, sample in enumerate(samples):
        if sample.parent:
            members.setdefault(sample.parent, []).append(i)
    for child, parent in family:
        part = members[samples[child].parent]
        if parent not in part:
            part.append(parent)
    return [part for part in members.values() if len(part) > 1]
