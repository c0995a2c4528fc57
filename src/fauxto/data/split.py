"""Splitting a manifest so that nothing that belongs together lies on both sides."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fauxto.data.groups import groups
from fauxto.data.manifest import Sample
from fauxto.errors import InputError

SHARES = {"train": 0.8, "calibration": 0.1, "test": 0.1}
"""Splits and their shares where none are asked for."""

TOLERANCE = 0.1
"""How far the share of a class in a split may lie from what was asked for, in parts of the class."""

UNUSED = "unused"
"""The split of samples that no split may have: relatives of a held-out generator, by name."""

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Splitting:
    """The samples with their splits; how many groups there were, and the largest one by its first picture and size."""

    samples: list[Sample]
    groups: int
    largest: tuple[str, int]


def split(
    samples: Sequence[Sample],
    *,
    shares: Mapping[str, float] = SHARES,
    by: Iterable[str] = ("source", "parent", "duplicate"),
    held_out: Iterable[str] = (),
    held_out_split: str = "test",
    pairs: Iterable[tuple[int, int]] = (),
    seed: int = 0,
) -> Splitting:
    """Give every sample a split, whole groups at a time (`groups.groups` has the keys of `by`).

    Every generator named in `held_out` goes to `held_out_split` alone, with all that its groups hold; a generator whose
    name only contains such a name (a fine-tune, a sibling) is `UNUSED`. The rest is divided by `shares`, real and fake
    alike. The same samples and seed give the same splits. Errors: InputError for what cannot be done, and why.
    """
    by = tuple(by)
    total = sum(shares.values())
    if not shares or any(share <= 0 for share in shares.values()) or abs(total - 1) > 1e-6:
        told = ", ".join(f"{name} {share:g}" for name, share in shares.items()) or "none"
        raise InputError(
            f"The shares ({told}) are not positive numbers of sum 1.",
            fix="Give all of them, as --share train=0.8 --share test=0.2.",
        )
    numbers = groups(samples, by, pairs)
    wanted, relatives = _held_out(samples, held_out)
    if (wanted or relatives) and held_out_split not in shares:
        raise InputError(f"There is no split {held_out_split!r}.", fix=f"Choose among: {', '.join(shares)}.")
    fixed = {int(numbers[i]) for i in wanted}
    unused = {int(numbers[i]) for i in relatives}
    if clash := fixed & unused:
        i = next(i for i in relatives if int(numbers[i]) in clash)
        raise InputError(
            f"{samples[i].generator} is a relative of a held-out generator and shares a group with it.",
            fix="Hold it out by name as well, or group by fewer things (--by parent,duplicate).",
        )
    free = np.asarray([number not in fixed | unused for number in numbers.tolist()], dtype=bool)
    placed = _divide(samples, numbers, free, shares, by, seed=seed) if free.any() else {}
    names = [
        held_out_split if number in fixed else UNUSED if number in unused else placed[number]
        for number in numbers.tolist()
    ]
    done = [replace(sample, split=name) for sample, name in zip(samples, names, strict=True)]
    _check_classes(done, shares)
    values, counts = np.unique(numbers, return_counts=True)
    largest = int(values[counts.argmax()])
    first = samples[int(np.flatnonzero(numbers == largest)[0])].path
    return Splitting(done, len(values), (first, int(counts.max())))


def _held_out(samples: Sequence[Sample], held_out: Iterable[str]) -> tuple[list[int], list[int]]:
    """The samples of held-out generators, and of generators that only contain one of the names."""
    names = {name.lower() for name in held_out}
    known = {sample.generator.lower(): sample.generator for sample in samples if sample.generator}
    for name in sorted(names):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or sorted(known)[:8]
            raise InputError(
                f"There is no generator {name!r} to hold out.",
                fix=f"Choose among: {', '.join(known[n] for n in near) or 'none (no generator is named)'}.",
            )
    wanted = [i for i, sample in enumerate(samples) if sample.generator.lower() in names]
    taken = set(wanted)
    relatives = [
        i for i, s in enumerate(samples) if i not in taken and any(name in s.generator.lower() for name in names)
    ]
    return wanted, relatives


def _divide(
    samples: Sequence[Sample],
    numbers: np.ndarray,
    free: np.ndarray,
    shares: Mapping[str, float],
    by: tuple[str, ...],
    *,
    seed: int,
) -> dict[int, str]:
    """The split of each free group: greedily where its class counts are missed most, over a few random orders."""
    labels = np.asarray([sample.label for sample in samples])[free]
    values, inside = np.unique(numbers[free], return_inverse=True)
    counts = np.stack([np.bincount(inside, labels == label, len(values)) for label in (0, 1)], axis=1)
    total = np.maximum(counts.sum(axis=0), 1)
    target = np.asarray(list(shares.values()))[:, None] * (counts.sum(axis=0) > 0)
    rng = np.random.default_rng(seed)
    best, least = np.zeros(len(values), dtype=int), np.inf
    for _ in range(_ATTEMPTS):
        # large groups first, in an order that the seed changes where sizes are alike
        order = np.argsort(-(counts.sum(axis=1) * rng.uniform(0.5, 1.5, len(values))), kind="stable")
        filled = np.zeros_like(target, dtype=np.float64)
        at = np.zeros(len(values), dtype=int)
        for group, part in zip(order, counts[order] / total, strict=True):
            lack = ((target - filled) / target.clip(1e-12)) @ part
            at[group] = int(np.argmax(lack))
            filled[at[group]] += part
        miss = float(np.abs(filled - target).max())
        if miss < least:
            best, least = at, miss
        if least <= 0.01:
            break
    if least > TOLERANCE:
        raise _impossible(samples, numbers, free, shares, by)
    words = list(shares)
    return {int(value): words[place] for value, place in zip(values, best, strict=True)}


def _impossible(
    samples: Sequence[Sample], numbers: np.ndarray, free: np.ndarray, shares: Mapping[str, float], by: tuple[str, ...]
) -> InputError:
    """Say which group is too large to be divided as asked."""
    values, counts = np.unique(numbers[free], return_counts=True)
    members = [samples[i] for i in np.flatnonzero(free & (numbers == values[counts.argmax()])).tolist()]
    sources = sorted({sample.source for sample in members if sample.source})
    held = f" of source {', '.join(sources[:4])}" if "source" in by and sources else ""
    fewer = ",".join(key for key in by if key != "source")
    less = f"Group by less (--by {fewer}), ask" if "source" in by and fewer else "Ask"
    asked = ", ".join(f"{name} {share:g}" for name, share in shares.items())
    count = "One group" if len(values) == 1 else f"{len(values)} groups"
    return InputError(
        f"{count} cannot be divided into {asked} within {TOLERANCE:.0%} of each class: the largest "
        f"holds {len(members)} of {int(free.sum())} pictures{held}, and no {', '.join(by)} may be in two splits.",
        fix=f"{less} for other shares, or add {'sources' if 'source' in by else 'pictures'}.",
    )


def _check_classes(samples: Sequence[Sample], shares: Mapping[str, float]) -> None:
    """Every split needs every class that there is."""
    present = {sample.label for sample in samples}
    for name in shares:
        here = {sample.label for sample in samples if sample.split == name}
        if missing := present - here:
            word = "fake" if 1 in missing else "real"
            raise InputError(
                f"The split {name!r} would have no {word} picture.",
                fix="Hold out fewer generators, group by less (--by parent,duplicate), or add sources.",
            )
