"""What of a manifest is for training, whether it can be trained on, and how it is cut for a system."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fauxto.contracts import Detector, Localizer
from fauxto.data.manifest import Sample
from fauxto.data.masks import build_masked
from fauxto.data.patches import PatchStore, build
from fauxto.errors import InputError

HELD_OUT = ("calibration", "test")
"""Splits that training never sees."""

STORED = 256
"""The side in pixels of a stored window; crops of any smaller side are taken out of it."""


def training_rows(samples: Sequence[Sample], *, both: bool = True) -> list[Sample]:
    """The samples of no held-out split.

    Errors: InputError when there are none, when `both` classes are needed and all are of one, or when one of them is
    held out as well (the same path, or the same sha256 where the manifest has it): a score on it would be a memory.

    >>> [s.path for s in training_rows([Sample("a", 0), Sample("b", 1), Sample("c", 1, split="test")])]
    ['a', 'b']
    """
    rows = [sample for sample in samples if sample.split not in HELD_OUT]
    if not rows:
        raise InputError(
            f"None of the {len(samples)} rows is for training: the split of each is {' or '.join(HELD_OUT)}.",
            fix="Give the rows to train on the split 'train', or none.",
        )
    if both and len({sample.label for sample in rows}) == 1:
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


def reads_masks(system: Detector | Localizer) -> bool:
    """Whether a system is trained on masks: a localizer, which reads tiles."""
    return "localizer" in system.card.kinds and hasattr(system, "tile")


def reads_whole(system: Detector | Localizer) -> bool:
    """Whether a system reads whole pictures, made smaller, instead of windows."""
    return system.card.input.resize == "required"


def side_read(system: Detector | Localizer) -> int:
    """The side in pixels of what its network reads."""
    side: int = system.tile if reads_masks(system) else system.crop.size  # type: ignore[union-attr]
    return side


def training_store(
    system: Detector | Localizer, samples: Sequence[Sample], folder: str | Path, *, per_picture: int = 4
) -> PatchStore:
    """What a system is trained on, cut once and kept in `folder`.

    Up to `per_picture` windows of each picture, or all of it at `side_read` where that is what the system reads; with
    the masks beside them for one that reads masks. Errors: those of `patches.build` and `masks.build_masked`.
    """
    if per_picture < 1:
        raise InputError(f"{per_picture} windows of a picture are none.", fix="Give --patches 1 or more.")
    whole = reads_whole(system)
    cut = build_masked if reads_masks(system) else build
    return cut(
        samples, folder, size=side_read(system) if whole else STORED, per_picture=per_picture, seed=0, whole=whole
    )
