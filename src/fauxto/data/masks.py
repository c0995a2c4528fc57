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
from fauxto.media.crops import Box, CropSpec, cut, take
from fauxto.media.decode import decode

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
    samples: Sequence[Sample], folder: str | Path, *, size: int = 192, per_picture: int = 4, seed: int = 0
) -> MaskStore:
    """Cut up to `per_picture` random windows of every picture and its mask, and keep them in `folder`.

    A sample of label 1 needs a mask; one of label 0 has an empty one. The same arguments give the same windows and are
    read back. Pictures that cannot be read are left out and named in `skipped.json`. Errors: InputError for a missing
    or unfit mask, or when nothing is left.
    """
    for sample in samples:
        if sample.label == 1 and not sample.mask:
            raise InputError(
                f"{sample.path} is labelled altered but has no mask.",
                fix="Fill in the mask column; a picture that is new as a whole has an all-white one.",
            )
    masks = "\n".join(sample.mask for sample in samples)
    key = hashlib.sha256(f"{fingerprint(samples)}:{masks}:{size}:{per_picture}:{seed}".encode()).hexdigest()[:16]
    base = Path(folder) / f"masked-{key}"
    if not (base / "index.json").exists():
        _cut_all(samples, base, size, per_picture, seed)
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
    most = len(samples) * per_picture
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
        both = np.dstack([whole, mask.view(np.uint8).reshape(height, width, 2)])
        for window in _windows(both, size, per_picture, np.random.default_rng([seed, index])):
            pixels[len(picture)] = window[..., :3]
            masks[len(picture)] = np.ascontiguousarray(window[..., 3:]).view(np.uint16)[..., 0]
            picture.append(len(kept))
        kept.append(index)
    (base / "skipped.json").write_text(json.dumps(skipped, indent=1))
    if not kept:
        raise InputError("Not one picture of the manifest could be read.", fix=f"See {base / 'skipped.json'}.")
    pixels.flush()
    masks.flush()
    (base / "index.partial.json").write_text(json.dumps({"kept": kept, "picture": picture}))
    (base / "index.partial.json").replace(base / "index.json")  # last and whole: a store without it is cut again


def _windows(both: np.ndarray, size: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Random windows of the five planes; one mirrored window where the picture is no larger."""
    height, width = both.shape[:2]
    if min(height, width) <= size:
        planes = [np.repeat(both[..., i : i + 1], 3, axis=2) for i in range(5)]
        spec = CropSpec(size, 1)
        one = [take(width, height, spec, lambda box, plane=plane: cut(plane, box))[0, ..., 0] for plane in planes]  # type: ignore[misc]
        return [np.stack(one, -1)]
    places = [(int(rng.integers(width - size + 1)), int(rng.integers(height - size + 1))) for _ in range(count)]
    return [cut(both, Box(x, y, size, size)) for x, y in places]
