"""Which rows of a manifest are for training, and whether they can be trained on."""

from __future__ import annotations

from collections.abc import Sequence

from fauxto.data.manifest import Sample
from fauxto.errors import InputError

HELD_OUT = ("calibration", "test")
"""Splits that training never sees."""


def training_rows(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of no held-out split.

    Errors: InputError when there are none, when all are of one class, or when one of them is held out as well (the same
    path, or the same sha256 where the manifest has it): a score on it would be a memory.

    >>> [s.path for s in training_rows([Sample("a", 0), Sample("b", 1), Sample("c", 1, split="test")])]
    ['a', 'b']
    """
    rows = [sample for sample in samples if sample.split not in HELD_OUT]
    if not rows:
        raise InputError(
            f"None of the {len(samples)} rows is for training: the split of each is {' or '.join(HELD_OUT)}.",
            fix="Give the rows to train on the split 'train', or none.",
        )
    if len({sample.label for sample in rows}) == 1:
        word, other = ("generated", "real") if rows[0].label else ("real", "generated")
        raise InputError(
            f"All {len(rows)} rows for training are {word}; a detector needs both classes.",
            fix=f"Add {other} pictures: `fauxto data index FOLDER` reads folders called real and fake.",
        )
    held = [sample for sample in samples if sample.split in HELD_OUT]
    known = {sample.path: sample for sample in held} | {sample.sha256: sample for sample in held if sample.sha256}
    for sample in rows:
        twin = known.get(sample.path) or (known.get(sample.sha256) if sample.sha256 else None)
        if twin is not None:
            raise InputError(
                f"{sample.path} is for training and, as {twin.path}, in the split {twin.split!r} as well.",
                fix="Split again: `fauxto data split MANIFEST --out FILE` keeps copies together.",
            )
    return rows
