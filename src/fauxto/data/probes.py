"""The stupid probes of the leak audit: what each looks at, and what to do when it can tell the classes apart."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fauxto.data.measure import METADATA, Outside

_COMMON = 24
"""Values of a kind (formats, tables) that get a column of their own; the rest share one."""

_ENDINGS = {".jpg": "jpeg", ".jpeg": "jpeg", ".tif": "tiff", ".heic": "heif"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as the probes see it: its place and its outside."""

    path: str
    facts: Outside


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that must not give the label away. `columns` turns files into float features `(n, k)`;
    `applies` says which files it can look at at all.
    """

    name: str
    looks_at: str
    advice: str
    columns: Callable[[Sequence[Seen]], np.ndarray]
    applies: Callable[[Seen], bool] = lambda seen: True


def _kinds(values: Sequence[str]) -> np.ndarray:
    """One 0/1 column for each of the most common values. No label is looked at."""
    common = [value for value, _ in sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))[:_COMMON]]
    return np.asarray([[value == one for one in common] for value in values], dtype=np.float64)


def _container(files: Sequence[Seen]) -> np.ndarray:
    wrong = [_wrong_ending(seen) for seen in files]
    words = [
        f"{f.facts.format} {f.facts.mode} {f.facts.subsampling} {f.facts.progressive} {sorted(f.facts.habits)}"
        for f in files
    ]
    parts = [_kinds([f.facts.format for f in files]), _kinds([f.facts.mode for f in files]), _kinds(words)]
    rest = [[bad, f.facts.frames > 1, f.facts.trailing] for bad, f in zip(wrong, files, strict=True)]
    return np.hstack([*parts, np.asarray(rest, dtype=np.float64)])


def _wrong_ending(seen: Seen) -> bool:
    ending = os.path.splitext(seen.path)[1].lower()
    return bool(ending) and "#" not in seen.path and _ENDINGS.get(ending, ending[1:]) != seen.facts.format


def _size(files: Sequence[Seen]) -> np.ndarray:
    sides = np.asarray([[f.facts.width, f.facts.height] for f in files], dtype=np.float64)
    round_sides = np.stack([(sides % k == 0).all(1) for k in (8, 32, 64, 256)], axis=1)
    named = _kinds([f"{f.facts.width}x{f.facts.height}" for f in files])
    return np.hstack([sides, sides.min(1, keepdims=True), sides.prod(1, keepdims=True), round_sides, named])


def _aspect(files: Sequence[Seen]) -> np.ndarray:
    ratio = np.asarray([f.facts.width / f.facts.height for f in files])
    return np.stack([np.log(ratio), np.abs(np.log(ratio)), ratio == 1], axis=1)


def _bits(files: Sequence[Seen]) -> np.ndarray:
    """The rank of the bits per pixel among the files of the same format, so that no format is seen."""
    values = np.asarray([f.facts.bits_per_pixel for f in files])
    formats = np.asarray([f.facts.format for f in files])
    ranks = np.zeros((len(files), 1))
    for one in np.unique(formats):
        here = formats == one
        ranks[here, 0] = np.searchsorted(np.sort(values[here]), values[here]) / here.sum()
    return ranks


def _tables(files: Sequence[Seen]) -> np.ndarray:
    return _kinds([f.facts.tables for f in files])


def _quality(files: Sequence[Seen]) -> np.ndarray:
    return np.asarray([[f.facts.quality or 0.0, float(f.facts.quality is None)] for f in files])


def _metadata(files: Sequence[Seen]) -> np.ndarray:
    return np.asarray([[kind in f.facts.metadata for kind in METADATA] for f in files], dtype=np.float64)


def _is_jpeg(seen: Seen) -> bool:
    return seen.facts.format == "jpeg"


_ENCODE = "Decode both classes and encode them alike, each picture at a quality drawn from one law (60 to 98)."
_CUT = "Cut windows of one size at native resolution from both classes; never resize only one of them."

PROBES = (
    Probe("container", "format, pixel mode, chroma subsampling, progressive, wrong ending", _ENCODE, _container),
    Probe("tables", "which JPEG quantization tables (JPEG files only)", _ENCODE, _tables, _is_jpeg),
    Probe("quality", "the IJG quality of the tables (JPEG files only)", _ENCODE, _quality, _is_jpeg),
    Probe("size", "width and height", _CUT, _size),
    Probe("aspect", "width divided by height", _CUT, _aspect),
    Probe(
        "bits",
        "bits per pixel within one format",
        _ENCODE + " What remains is content: match the content, or crop.",
        _bits,
    ),
    Probe(
        "metadata",
        "presence of EXIF, XMP, ICC, C2PA, text and the like",
        "Drop every piece of metadata from both classes before training and before scoring.",
        _metadata,
    ),
)
"""Every probe, in the order of the report."""
