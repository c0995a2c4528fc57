"""Who is trained on what and tested on what: train on A and test on B, or leave one out. No relative on both sides."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fauxto.bench.evaluate import TestSet
from fauxto.data.groups import groups
from fauxto.data.manifest import Sample
from fauxto.errors import InputError

HELD_OUT = ("test", "val", "calibration", "unused")
"""Splits that no protocol trains on."""
Column = Literal["generator", "family", "source", "content"]
FEWEST = 20
"""Pictures that a generator or a source needs, to be tested on; smaller ones are trained on only."""
TEST_SHARE = 1 / 3
"""Of the reals (and in a matrix of the fakes) that are kept for testing where the manifest has no split "test"."""


@dataclass(frozen=True, slots=True)
class Fold:
    """One training set by name, and the test sets for what is trained on it."""

    trained_on: str
    train: list[Sample]
    tests: list[TestSet]


@dataclass(frozen=True, slots=True)
class Sides:
    """The samples divided once for all folds, whole groups (parent, duplicate) at a time."""

    train: list[Sample]
    test: list[Sample]


def sides(samples: Sequence[Sample], by: Column, held_out_reals: Collection[str] = ()) -> Sides:
    """What may be trained on and what is tested on.

    Reals whose column `by` is in `held_out_reals` are the test reals, all others are trained on. Without it the split
    "test" of the manifest is, and where there is none a third of the groups, drawn by a hash of a path. Errors:
    InputError when a name is unknown or a side lacks reals.
    """
    known = {getattr(sample, by) for sample in samples if not sample.label}
    if unknown := set(held_out_reals) - known:
        raise InputError(
            f"No real picture has the {by} {', '.join(sorted(unknown))}.",
            fix=f"Choose among: {', '.join(sorted(known))}.",
        )
    numbers = groups(samples)
    named = any(sample.split == "test" for sample in samples)
    if held_out_reals:
        chosen = [not s.label and getattr(s, by) in held_out_reals for s in samples]
    elif named:
        chosen = [sample.split == "test" for sample in samples]
    else:  # one draw a group, or nearly all groups of many relatives would be tested on
        speakers: dict[int, Sample] = {}
        for sample, number in sorted(
            zip(samples, numbers.tolist(), strict=True), key=lambda p: (p[0].label, p[0].path)
        ):
            speakers.setdefault(number, sample)
        chosen = [_order(speakers[number]) < TEST_SHARE for number in numbers.tolist()]
    tested = {number for number, wanted in zip(numbers.tolist(), chosen, strict=True) if wanted}
    found = Sides(
        [s for s, number in zip(samples, numbers.tolist(), strict=True) if number not in tested],
        [s for s, number in zip(samples, numbers.tolist(), strict=True) if number in tested],
    )
    for name, part in (("train on", found.train), ("test on", found.test)):
        if not any(not sample.label for sample in part):
            raise InputError(f"There is no real picture to {name}.", fix="fauxto data split, or add pictures.")
    return found


def for_training(samples: Sequence[Sample]) -> list[Sample]:
    """The rows of no held-out split, less the relatives of what is tested or calibrated on."""
    numbers = groups(samples).tolist()
    tested = {n for n, sample in zip(numbers, samples, strict=True) if sample.split in ("test", "calibration")}
    return [s for n, s in zip(numbers, samples, strict=True) if s.split not in HELD_OUT and n not in tested]


def matrix(samples: Sequence[Sample], by: Column, *, held_out_reals: Collection[str] = (), most: int = 0) -> list[Fold]:
    """Train on each generator alone, test on every one: fakes that were not trained on, against the test reals."""
    parts = sides(samples, by, held_out_reals)
    if held_out_reals:  # then no fake was put aside yet
        apart = sides([s for s in parts.train if s.label] + [s for s in parts.test if not s.label], by).test
        fakes = [s for s in apart if s.label]
        paths = {s.path for s in fakes}
        parts = Sides([s for s in parts.train if s.path not in paths], parts.test + fakes)
    names = _names(parts.test, by, label=1)
    tests = [_test_set(name, _of(parts.test, by, name), parts, most) for name in names]
    reals = [s for s in parts.train if not s.label]
    return [Fold(name, reals + _of(parts.train, by, name), tests) for name in _names(parts.train, by, label=1)]


def leave_generators_out(
    samples: Sequence[Sample],
    by: Column,
    *,
    held_out_reals: Collection[str] = (),
    together: Sequence[Collection[str]] = (),
    most: int = 0,
) -> list[Fold]:
    """Train on all generators but one, test on that one against the test reals.

    `together` holds several out in the same run, to save training; each is still a test set of its own.
    """
    parts = sides(samples, by, held_out_reals)
    fakes = [s for s in samples if s.label]
    names = _names(fakes, by, label=1)
    if unknown := {name for some in together for name in some} - set(names):
        raise InputError(
            f"No {by} with {FEWEST} fakes or more is called {', '.join(sorted(unknown))}.",
            fix=f"Choose among: {', '.join(names)}.",
        )
    related = groups(samples)
    number = {sample.path: int(n) for sample, n in zip(samples, related, strict=True)}
    folds = []
    for some in together or [(name,) for name in names]:
        held = [s for s in fakes if getattr(s, by) in some]
        apart = {number[s.path] for s in held}
        train = [s for s in parts.train if number[s.path] not in apart]
        tests = [_test_set(name, _of(held, by, name), parts, most) for name in some]
        folds.append(Fold(f"all but {' '.join(some)}", train, tests))
    return folds


def leave_sources_out(samples: Sequence[Sample], by: Column = "source", *, most: int = 0) -> list[Fold]:
    """Train on all sources of real pictures but one, test on that one against the fakes that were put aside."""
    parts = sides(samples, by)
    number = {sample.path: int(n) for sample, n in zip(samples, groups(samples), strict=True)}
    fakes = [s for s in parts.test if s.label]
    folds = []
    for name in _names([s for s in samples if not s.label], by, label=0):
        held = [s for s in samples if not s.label and getattr(s, by) == name]
        apart = {number[s.path] for s in held} | {number[s.path] for s in fakes}
        train = [s for s in samples if number[s.path] not in apart]
        folds.append(Fold(f"all but {name}", train, [TestSet(name, first(held, most) + first(fakes, most))]))
    return folds


def _names(samples: Sequence[Sample], by: Column, label: int) -> list[str]:
    """The values of a column with enough pictures of a class, by name."""
    counts = Counter(getattr(sample, by) for sample in samples if sample.label == label)
    found = sorted(name for name, count in counts.items() if name and count >= FEWEST)
    if not found:
        word = "fakes" if label else "reals"
        raise InputError(
            f"No {by} has {FEWEST} {word} or more.",
            fix=f"Fill in the column {by} (fauxto data describe), or use another one with --by.",
        )
    return found


def _of(samples: Sequence[Sample], by: Column, name: str) -> list[Sample]:
    """The fakes of one generator."""
    return [sample for sample in samples if sample.label and getattr(sample, by) == name]


def _test_set(name: str, fakes: list[Sample], parts: Sides, most: int) -> TestSet:
    reals = first([s for s in parts.test if not s.label], most)
    return TestSet(name, reals + first(fakes, most), group=fakes[0].family)


def first(samples: Sequence[Sample], most: int) -> list[Sample]:
    """The first `most` (0 = all) in an order that has nothing to do with names or folders."""
    ordered = sorted(samples, key=_order)
    return ordered[:most] if most else ordered


def _order(sample: Sample) -> float:
    """A number from 0 to 1, the same wherever the folder lies: a hash of the content, or of the file's name."""
    name = sample.sha256 or "/".join(sample.path.split("/")[-2:])
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "big") / 2**64


def unique_paths(folds: Sequence[Fold]) -> list[Sample]:
    """Every sample that any fold trains on, once, in the order of its path."""
    found = {sample.path: sample for fold in folds for sample in fold.train}
    return [found[path] for path in sorted(found)]


def overlap(fold: Fold) -> int:
    """Groups that lie on both sides of a fold; 0, or the fold is wrong."""
    tested = [sample for one in fold.tests for sample in one.samples]
    numbers = groups([*fold.train, *tested])
    return len(np.intersect1d(numbers[: len(fold.train)], numbers[len(fold.train) :]))
