"""Patches with masks: native-resolution windows of pictures and of the masks beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample, fingerprint
from fauxto.data.patches import PatchStore
from fauxto.data.places import read_bytes
from fauxto.errors import InputError, ResourceError
from fauxto.media.decode import decode
from fauxto.media.squash import squash

FULL = 65535
"""The value of a pixel that is wholly new; masks are kept in 16 bits, because small changes vanish in 8."""


@dataclass(frozen=True)
class MaskStore(PatchStore):
    """A `PatchStore` whose `masks` are uint16 `(n, size, size)`: 0 = untouched, 65535 = new."""

    masks: np.ndarray

    def __reduce__(self) -> tuple[object, ...]:
        """Another process opens the files anew instead of getting a copy of all pixels."""
        files = [getattr(array, "filename", None) for array in (self.pixels, self.masks)]
        if None in files:
            return MaskStore, (self.pixels, self.picture, self.samples, self.masks)
        return _reopen, (*map(str, files), self.picture, self.samples)


def read_mask(path: str | Path, height: int, width: int) -> np.ndarray:
    """A mask as uint16 `(height, width)`, 0 = untouched, 65535 = new, from a bilevel, 8-bit or 16-bit grey PNG.

    A mask in colour counts by the mean of its channels. Errors: InputError when it cannot be read or has another size
    than its picture: a mask is never resized.
    """
    try:
        with Image.open(path) as opened:
            wide = opened.mode.startswith("I")
            values = np.asarray(opened if wide else opened.convert("RGB"), dtype=np.float64)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The mask {path} cannot be read: {error}.", fix="Correct the manifest's mask column."
        ) from error
    grey = values / FULL if wide else values.mean(-1) / 255
    if grey.shape != (height, width):
        raise InputError(
            f"The mask {path} is {grey.shape[1]} x {grey.shape[0]}; its picture is {width} x {height}.",
            fix="Masks have the size of their pictures; leave the row out, or find the right mask.",
        )
    return np.rint(grey * FULL).astype(np.uint16)


def build_masked(
    samples: Sequence[Sample],
    folder: str | Path,
    *,
    size: int = 192,
    per_picture: int = 4,
    seed: int = 0,
    whole: bool = False,
) -> MaskStore:
    """Cut up to `per_picture` random windows of every picture and its mask, and keep them in `folder`.

    A sample of label 1 needs a mask; one of label 0 has an empty one. With `whole` the one window of a picture is all
    of it, squeezed to the square, its mask with it. The same arguments give the same windows and are read back.
    Pictures that cannot be read are left out and named in `skipped.json`. Errors: InputError for a missing or unfit
    mask, or when nothing is left.
    """
    for sample in samples:
        if sample.label == 1 and not sample.mask:
            raise InputError(
                f"{sample.path} is labelled altered but has no mask.",
                fix="Fill in the mask column; a picture that is new as a whole has an all-white one.",
            )
    masks = "\n".join(sample.mask for sample in samples)
    count = 0 if whole else per_picture
    key = hashlib.sha256(f"{fingerprint(samples)}:{masks}:{size}:{count}:{seed}".encode()).hexdigest()[:16]
    base = Path(folder) / f"masked-{key}"
    if not (base / "index.json").exists():
        _cut_all(samples, base, size, count, seed)
    meta = json.loads((base / "index.json").read_text())
    return _reopen(
        str(base / "pixels.npy"),
        str(base / "masks.npy"),
        np.asarray(meta["picture"], np.int64),
        [samples[i] for i in meta["kept"]],
    )


def _reopen(pixels: str, masks: str, picture: np.ndarray, samples: list[Sample]) -> MaskStore:
    count = len(picture)
    return MaskStore(np.load(pixels, mmap_mode="r")[:count], picture, samples, np.load(masks, mmap_mode="r")[:count])


def _cut_all(samples: Sequence[Sample], base: Path, size: int, per_picture: int, seed: int) -> None:
    base.mkdir(parents=True, exist_ok=True)
    most = len(samples) * max(1, per_picture)
    pixels = np.lib.format.open_memmap(base / "pixels.npy", "w+", np.uint8, (most, size, size, 3))
    masks = np.lib.format.open_memmap(base / "masks.npy", "w+", np.uint16, (most, size, size))
    kept: list[int] = []
    picture: list[int] = []
    skipped: dict[str, str] = {}
    for index, sample in enumerate(samples):
        try:
            whole = decode(read_bytes(sample.path))
        except (InputError, ResourceError, OSError) as error:
            skipped[sample.path] = str(error)
            continue
        height, width = whole.shape[:2]
        mask = read_mask(sample.mask, height, width) if sample.label else np.zeros((height, width), np.uint16)
        if per_picture:
            pairs = _windows(whole, mask, size, per_picture, np.random.default_rng([seed, index]))
        else:
            squeezed = Image.fromarray(mask.astype(np.float32)).resize((size, size), Image.Resampling.BILINEAR)
            pairs = [(squash(whole, size), np.rint(np.asarray(squeezed)).astype(np.uint16))]
        for window, own in pairs:
            pixels[len(picture)], masks[len(picture)] = window, own
            picture.append(len(kept))
        kept.append(index)
    (base / "skipped.json").write_text(json.dumps(skipped, indent=1))
    if not kept:
        raise InputError("Not one picture of the manifest could be read.", fix=f"See {base / 'skipped.json'}.")
    pixels.flush()
    masks.flush()
    (base / "index.partial.json").write_text(json.dumps({"kept": kept, "picture": picture}))
    (base / "index.partial.json").replace(base / "index.json")  # last and whole: a store without it is cut again


def _windows(
    pixels: np.ndarray, mask: np.ndarray, size: int, count: int, rng: np.random.Generator
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random windows of a picture and its mask; one mirrored window where the picture is no larger."""
    height, width = mask.shape
    if min(height, width) <= size:
        top, left = max(0, height - size) // 2, max(0, width - size) // 2
        pixels, mask = pixels[top : top + size, left : left + size], mask[top : top + size, left : left + size]
        short = (0, size - mask.shape[0]), (0, size - mask.shape[1])
        return [(np.pad(pixels, (*short, (0, 0)), mode="symmetric"), np.pad(mask, short, mode="symmetric"))]
    windows = []
    for _ in range(count):
        top, left = int(rng.integers(height - size + 1)), int(rng.integers(width - size + 1))
        windows.append((pixels[top : top + size, left : left + size], mask[top : top + size, left : left + size]))
    return windows
