"""What a platform does, measured: a chain fitted to one's own pictures before they were posted and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from fauxto.errors import InputError
from fauxto.launder.chain import apply
from fauxto.launder.codecs import SUBSAMPLINGS
from fauxto.launder.geometry import KERNELS
from fauxto.launder.jpeg_tables import text_of
from fauxto.launder.pipelines import Pipeline
from fauxto.media.decode import decode
from fauxto.media.jpeg import JpegHeader, read_header
from fauxto.media.quantization import STANDARD_CHROMA, STANDARD_LUMA, quality_of, scaled

AMOUNTS = (0, 20, 30, 40, 60, 80, 120)
"""Percentages of sharpening that are tried, at a radius of one pixel; 0 is none."""

MOST = 4
"""Kernel and sharpening are looked for on the so many smallest copies that were resized, or on the smallest of all."""

_SLIP = 1
"""Platforms round sides up, down or to even numbers: a pixel more or less is the same size."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A chain that repeats what was done, and how well: the rest of a mean absolute difference, in grey levels.

    `residual` is that of the chain over the pairs it was fitted on, `runner_up` that of the best chain with another
    kernel or amount (equal to `residual`: the pairs do not tell the two apart), `untouched` that of doing nothing but
    the encoding. `agreement` is the share of the `pairs` whose files have the tables, subsampling and scans of the
    chain; below 1, the platform encodes by rules that one chain cannot hold.
    """

    chain: str
    pairs: int
    agreement: float
    residual: float
    runner_up: float
    untouched: float

    def pipeline(self, name: str) -> Pipeline:
        """The chain under a name, with what it was fitted to as its provenance."""
        words = f"Fitted to {self.pairs} pairs, {self.agreement:.0%} encoded so; {self.residual:.2f} grey levels apart."
        return Pipeline(name, self.chain, "high" if self.agreement == 1 and self.residual < 0.5 else "low", words)


@dataclass(frozen=True, slots=True)
class _Pair:
    name: str
    before: np.ndarray
    after: np.ndarray
    header: JpegHeader


def calibrate(before: str | Path, after: str | Path) -> Fitted:
    """The chain that turns the pictures of one folder into those of the same names (endings aside) in another.

    The size rule is a longest side (`fit`) or a factor (`resize`); tables, subsampling and scans are read from the
    files, the commonest counting; kernel and sharpening are those of the smallest squared difference. Only JPEG copies
    can be fitted: other files do not say how they were encoded. Errors: InputError without pairs, for a copy that is
    cropped or no JPEG, for sizes that follow neither rule, and what decoding raises.
    """
    pairs = list(_pairs(Path(before), Path(after)))
    encoding, share = _commonest([_encoding(pair) for pair in pairs])
    rule = _size_rule(pairs)
    resized = [pair for pair in pairs if pair.before.shape != pair.after.shape]
    probes = sorted(resized or pairs, key=lambda pair: pair.before.size)[:MOST]
    found = []
    for kernel in KERNELS if rule else ("",):
        for amount in AMOUNTS:
            steps = [f"{rule},{kernel}" if rule else "", f"sharpen:1,{amount}" if amount else "", encoding]
            chain = "|".join(step for step in steps if step)
            found.append((*_difference(probes, chain), chain))
    found.sort(key=lambda one: one[0])
    untouched = _difference(probes, f"{rule}|{encoding}" if rule else encoding)[1]
    return Fitted(found[0][2], len(pairs), share, found[0][1], found[1][1], untouched)


def _pairs(before: Path, after: Path) -> Iterator[_Pair]:
    """The pictures that lie in both folders under one name, decoded."""
    originals, copies = _by_name(before), _by_name(after)
    names = sorted(originals.keys() & copies.keys())
    if not names:
        raise InputError(
            f"No picture of {before} has a copy of the same name in {after}.",
            fix="Name each downloaded copy like its original; the endings may differ.",
        )
    for name in names:
        data = copies[name].read_bytes()
        if data[:2] != b"\xff\xd8":
            raise InputError(
                f"{copies[name]} is no JPEG, and no other file says how it was encoded.", fix="Leave it out."
            )
        yield _Pair(name, decode(originals[name].read_bytes()), decode(data), read_header(data))


def _by_name(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", fix="Give a folder of pictures.")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            if path.stem in found:
                raise InputError(
                    f"{found[path.stem].name} and {path.name} have one name.", fix="Rename or remove one of them."
                )
            found[path.stem] = path
    return found


def _size_rule(pairs: Sequence[_Pair]) -> str:
    """`fit:L`, `resize:F`, or nothing where no copy has another size."""
    sizes = [(pair.before.shape[1::-1], pair.after.shape[1::-1]) for pair in pairs]
    for pair, ((width, height), (new_width, new_height)) in zip(pairs, sizes, strict=True):
        factor = max(new_width, new_height) / max(width, height)
        if abs(width * factor - new_width) > _SLIP or abs(height * factor - new_height) > _SLIP:
            raise InputError(
                f"The copy of {pair.name} has another shape: {width} x {height} became {new_width} x {new_height}.",
                fix="Leave out what the platform crops or turns.",
            )
    changed = [(max(old), max(new)) for old, new in sizes if old != new]
    if not changed:
        return ""
    longest, _ = _commonest([new for _, new in changed])
    if all(abs(min(max(old), longest) - max(new)) <= _SLIP for old, new in sizes):
        return f"fit:{longest}"
    factors = [new / old for old, new in changed]
    factor = round(float(np.median(factors)), 3)
    if len(changed) == len(sizes) and all(abs(old * factor - new) <= _SLIP for old, new in changed):
        return f"resize:{factor:g}"
    listed = ", ".join(f"{old} to {new}" for old, new in sorted(set(changed))[:5])
    raise InputError(
        f"The sizes follow neither a longest side nor a factor: {listed} pixels.",
        fix="Calibrate on pictures of one kind at a time: by size, or by shape.",
    )


def _encoding(pair: _Pair) -> str:
    """The last step of the chain: `jpeg` where the tables are the standard ones, else `jpeg_tables`."""
    header = pair.header
    words = {theirs: ours for ours, theirs in SUBSAMPLINGS.items()}
    if header.subsampling not in words or any(plane.table not in header.quantization for plane in header.components):
        raise InputError(
            f"The copy of {pair.name} has planes that no step writes: {header.subsampling}.", fix="Leave it out."
        )
    rest = f"{words[header.subsampling]},{'progressive' if header.progressive else 'baseline'}"
    tables = [header.quantization[plane.table] for plane in header.components]
    quality = quality_of(tables[0], tables[1])
    if quality is not None and quality == round(quality):
        luma, chroma = scaled(STANDARD_LUMA, round(quality)), scaled(STANDARD_CHROMA, round(quality))
        if tables == [luma, chroma, chroma]:
            return f"jpeg:{round(quality)},{rest}"
    return f"jpeg_tables:{text_of(tables if tables[1] != tables[2] else tables[:2])},{rest}"


def _difference(pairs: Sequence[_Pair], chain: str) -> tuple[float, float]:
    """Mean squared and mean absolute difference between what the chain gives and what came back."""
    squared, absolute = [], []
    for pair in pairs:
        made = apply(pair.before, chain)
        height, width = (min(a, b) for a, b in zip(made.shape[:2], pair.after.shape[:2], strict=True))
        apart = made[:height, :width].astype(np.float32) - pair.after[:height, :width]
        squared.append(float((apart**2).mean()))
        absolute.append(float(np.abs(apart).mean()))
    return float(np.mean(squared)), float(np.mean(absolute))


def _commonest(values: Sequence[T]) -> tuple[T, float]:
    value, count = Counter(values).most_common(1)[0]
    return value, count / len(values)
