"""Patches: native-resolution windows of every picture, decoded once and kept as one memory-mapped array."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from fauxto.data.manifest import Sample, fingerprint
from fauxto.data.places import read_bytes
from fauxto.errors import InputError, ResourceError
from fauxto.media.crops import Box, CropSpec, cut, take
from fauxto.media.decode import decode
from fauxto.media.squash import squash

SIGNATURE_MARGIN = 0.08
"""Share of the height and width at the bottom right that no patch touches: some generators sign pictures there."""
SHRINK_FROM, SHRINK_TO = 900, 420
"""Short sides in pixels: a picture that may be made smaller before it is cut, and what is left of it at least."""


@dataclass(frozen=True)
class PatchStore:
    """`pixels` is uint8 `(n, size, size, 3)`; `picture[i]` is the index into `samples` of patch i."""

    pixels: np.ndarray | Rows | Both
    picture: np.ndarray
    samples: list[Sample]

    def __reduce__(self) -> tuple[object, ...]:
        """Another process opens the file anew instead of getting a copy of all pixels."""
        file = getattr(self.pixels, "filename", None)
        if file is None:
            return PatchStore, (self.pixels, self.picture, self.samples)
        return _reopen, (str(file), self.picture, self.samples)

    @property
    def labels(self) -> np.ndarray:
        """The label of each patch, `(n,)`."""
        return np.asarray([s.label for s in self.samples], dtype=np.int64)[self.picture]

    def subset(self, paths: Collection[str]) -> PatchStore:
        """The patches of some samples only, named by path; the pixels stay where they are."""
        wanted = [sample.path in paths for sample in self.samples]
        rows = np.flatnonzero(np.asarray(wanted, dtype=bool)[self.picture])
        return PatchStore(Rows(self.pixels, rows), self.picture[rows], self.samples)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of an array, numbered anew from 0, without a copy."""

    array: np.ndarray | Rows | Both
    rows: np.ndarray

    def __getitem__(self, index: int) -> np.ndarray:
        """Row `index` of the chosen ones."""
        return self.array[int(self.rows[index])]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Both:
    """Two arrays of rows as one, without a copy."""

    first: np.ndarray | Rows | Both
    second: np.ndarray | Rows | Both

    def __getitem__(self, index: int) -> np.ndarray:
        """Row `index`; those of `second` follow those of `first`."""
        own = len(self.first)
        return self.first[index] if index < own else self.second[index - own]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.first) + len(self.second)


def join(first: PatchStore, second: PatchStore) -> PatchStore:
    """Two stores of patches of one size as one."""
    picture = np.concatenate((first.picture, second.picture + len(first.samples)))
    return PatchStore(Both(first.pixels, second.pixels), picture, first.samples + second.samples)


def build(
    samples: Sequence[Sample],
    folder: str | Path,
    *,
    size: int = 256,
    per_picture: int = 4,
    seed: int = 0,
    whole: bool = False,
    shrunk: bool = False,
) -> PatchStore:
    """Cut up to `per_picture` random windows of `size` pixels from every sample and keep them in `folder`.

    With `whole` the one patch of a picture is all of it, squeezed to the square. With `shrunk` only pictures of at
    least `SHRINK_FROM` pixels on the short side count, and each is made smaller first, by a random factor and kernel,
    as people and sites do: a camera original is soft until then, and softness must not tell it.

    The same samples, size, count and seed give the same patches and are read back instead of cut again. Pictures that
    cannot be read, and second copies of the same pixels, are left out and named in `skipped.json`. Errors: InputError
    when nothing could be read, or the same pixels stand under both labels.
    """
    kind = "whole" if whole else f"{per_picture}{'s' if shrunk else ''}"
    key = hashlib.sha256(f"{fingerprint(samples)}:{size}:{kind}:{seed}".encode()).hexdigest()[:16]
    base = Path(folder) / f"patches-{key}"
    if not (base / "index.json").exists():
        _cut_all(samples, base, size, 0 if whole else per_picture, seed, shrunk=shrunk)
    meta = json.loads((base / "index.json").read_text())
    kept = [samples[i] for i in meta["kept"]]
    pixels = np.load(base / "pixels.npy", mmap_mode="r")
    return PatchStore(pixels, np.asarray(meta["picture"], dtype=np.int64), kept)


def _reopen(file: str, picture: np.ndarray, samples: list[Sample]) -> PatchStore:
    return PatchStore(np.load(file, mmap_mode="r"), picture, samples)


def _cut_all(samples: Sequence[Sample], base: Path, size: int, per_picture: int, seed: int, *, shrunk: bool) -> None:
    """Windows of every picture; `per_picture` 0 means the whole of each."""
    base.mkdir(parents=True, exist_ok=True)
    limit = len(samples) * max(1, per_picture)
    target = np.lib.format.open_memmap(
        base / "pixels.partial.npy", mode="w+", dtype=np.uint8, shape=(limit, size, size, 3)
    )
    kept: list[int] = []
    picture: list[int] = []
    skipped: dict[str, str] = {}
    seen: dict[bytes, Sample] = {}
    for i, sample in enumerate(samples):
        try:
            pixels = decode(read_bytes(sample.path))
        except (InputError, ResourceError, OSError) as error:
            skipped[sample.path] = str(error)
            continue
        digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).digest()
        first = seen.setdefault(digest, sample)
        if first.label != sample.label:
            raise InputError(
                f"{first.path} and {sample.path} are the same picture, labelled real once and generated once.",
                fix="Remove the wrong row from the manifest; `fauxto data audit` lists all such pairs.",
            )
        if first is not sample:
            skipped[sample.path] = f"the same pixels as {first.path}"
            continue
        rng = np.random.default_rng([seed, int.from_bytes(hashlib.sha256(pixels.tobytes()).digest()[:8], "big")])
        if shrunk:
            if min(pixels.shape[:2]) < SHRINK_FROM:
                skipped[sample.path] = f"less than {SHRINK_FROM} pixels on the short side"
                continue
            pixels = _shrink(pixels, rng)
        patches = _patches(pixels, size, per_picture, rng) if per_picture else [squash(pixels, size)]
        for patch in patches:
            target[len(picture)] = patch
            picture.append(len(kept))
        kept.append(i)
    (base / "skipped.json").write_text(json.dumps(skipped, indent=1))
    if not kept:
        raise InputError("Not one picture of the manifest could be read.", fix=f"See {base / 'skipped.json'}.")
    target.flush()
    trimmed = np.lib.format.open_memmap(
        base / "pixels.npy", mode="w+", dtype=np.uint8, shape=(len(picture), size, size, 3)
    )
    for start in range(0, len(picture), 256):
        trimmed[start : start + 256] = target[start : min(start + 256, len(picture))]
    trimmed.flush()
    (base / "pixels.partial.npy").unlink()
    (base / "index.partial.json").write_text(json.dumps({"kept": kept, "picture": picture}))
    (base / "index.partial.json").replace(base / "index.json")  # last and whole: a store without it is cut again


def _shrink(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All of a picture, smaller by a random factor: its short side becomes at least `SHRINK_TO` pixels."""
    height, width = pixels.shape[:2]
    least = max(0.2, SHRINK_TO / min(height, width))
    factor = math.exp(rng.uniform(math.log(least), math.log(0.78)))
    kernel = Resampling(int(rng.choice([Resampling.LANCZOS, Resampling.BICUBIC, Resampling.BILINEAR, Resampling.BOX])))
    return np.asarray(Image.fromarray(pixels).resize((round(width * factor), round(height * factor)), kernel))


def _patches(pixels: np.ndarray, size: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random windows that avoid the bottom right corner; one mirrored window when the picture is too small."""
    height, width = pixels.shape[:2]
    if min(height, width) <= size:
        return list(take(width, height, CropSpec(size, 1), lambda box: cut(pixels, box)))
    unsigned_width, unsigned_height = int(width * (1 - SIGNATURE_MARGIN)), int(height * (1 - SIGNATURE_MARGIN))
    patches: list[np.ndarray] = []
    while len(patches) < count:
        x, y = int(rng.integers(0, width - size + 1)), int(rng.integers(0, height - size + 1))
        if x + size > unsigned_width and y + size > unsigned_height and min(height, width) > 1.2 * size:
            continue
        patches.append(cut(pixels, Box(x, y, size, size)))
    return patches
