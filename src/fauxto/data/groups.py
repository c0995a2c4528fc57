"""Which samples belong together: groups that a fold or a split must never cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import PurePath

import numpy as np

from fauxto.data.manifest import Sample
from fauxto.errors import InputError

KEYS = ("generator", "source", "parent", "duplicate")
"""What may hold samples together."""

_SHORTEST = 8
"""Digits of a sha256 that a `parent` has to give to name a picture."""


def groups(
    samples: Sequence[Sample], by: Iterable[str] = ("parent", "duplicate"), pairs: Iterable[tuple[int, int]] = ()
) -> np.ndarray:
    """The group of each sample, int `(n,)`, numbered from 0 in order of appearance.

    Two samples are in one group when they share a generator, a source, or a parent (or one is the parent of the
    other), or are duplicates: the same path or sha256, or one of `pairs` (of `similar.near_duplicates`). What is
    unknown joins nobody. Errors: InputError for a word that is not in `KEYS`.
    """
    by = set(by)
    if unknown := by - set(KEYS):
        raise InputError(f"Cannot group by {', '.join(sorted(unknown))}.", fix=f"Choose among: {', '.join(KEYS)}.")
    forest = _Forest(len(samples))
    for key in ("generator", "source"):
        if key in by:
            forest.join_alike(getattr(sample, key) for sample in samples)
    if "duplicate" in by:
        forest.join_alike(sample.sha256 for sample in samples)
        forest.join_alike(sample.path for sample in samples)
        for first, second in pairs:
            forest.join(first, second)
    if "parent" in by:
        forest.join_alike(sample.parent for sample in samples)
        for child, parent in parents(samples):
            forest.join(child, parent)
    return forest.numbers()


def merged(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Groups that keep together what either of two groupings does, int `(n,)`.

    >>> merged(np.array([0, 0, 1, 2]), np.array([5, 6, 6, 7])).tolist()
    [0, 0, 0, 1]
    """
    forest = _Forest(len(first))
    forest.join_alike(f"a{number}" for number in first.tolist())
    forest.join_alike(f"b{number}" for number in second.tolist())
    return forest.numbers()


def parents(samples: Sequence[Sample]) -> list[tuple[int, int]]:
    """The pairs (child, parent) of indices, where the parent is itself among the samples.

    `Sample.parent` names it by path, by a file name (with or without its ending) that only one sample has, or only one
    real one, or by at least eight of the first digits of its sha256.
    """
    children = [i for i, sample in enumerate(samples) if sample.parent]
    lengths = {len(samples[i].parent) for i in children}
    names: dict[str, set[int]] = defaultdict(set)
    for i, sample in enumerate(samples if children else ()):
        names[sample.path].add(i)
        names[PurePath(sample.path).name].add(i)
        names[PurePath(sample.path).stem].add(i)
        for length in lengths:
            if sample.sha256 and _SHORTEST <= length <= len(sample.sha256):
                names[sample.sha256[:length]].add(i)
    found = []
    for child in children:
        named = names.get(samples[child].parent) or names.get(PurePath(samples[child].parent).name, set())
        named = named - {child}
        if len(named) > 1:  # many pictures may be called so: what others are made from is a real one
            named = {i for i in named if not samples[i].label} or named
        if len(named) == 1 or len({samples[i].sha256 or samples[i].path for i in named}) == 1:
            found += [(child, parent) for parent in sorted(named)]
    return found


class _Forest:
    """Disjoint sets with path halving."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, i: int) -> int:
        above = self._above
        while above[i] != i:
            above[i] = above[above[i]]
            i = above[i]
        return i

    def join(self, i: int, j: int) -> None:
        self._above[self.root(j)] = self.root(i)

    def join_alike(self, values: Iterable[Hashable]) -> None:
        first: dict[Hashable, int] = {}
        for i, value in enumerate(values):
            if value:
                self.join(first.setdefault(value, i), i)

    def numbers(self) -> np.ndarray:
        seen: dict[int, int] = {}
        return np.asarray([seen.setdefault(self.root(i), len(seen)) for i in range(len(self._above))], dtype=np.int64)
