"""A set of whole pictures of one size, with a class each: what a generator is trained on."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample, fingerprint, read
from fauxto.data.places import read_bytes
from fauxto.data.training import HELD_OUT
from fauxto.data.walk import Problems, files, root_of
from fauxto.errors import InputError, ResourceError
from fauxto.media.decode import open_picture

Resize = Literal["exact", "crop", "squeeze"]
"""What becomes of pictures of another size: an error unless they are all square and alike; the middle square, then
Lanczos; or the whole picture, its aspect lost, by Lanczos."""

COLOURLESS = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "F")
TRANSPARENT = ("RGBA", "RGBa", "LA", "La", "PA")


@dataclass(frozen=True)
class PictureSet:
    """`pixels` is uint8 `(n, size, size, 3)`, on disk; `labels` int64 `(n,)` are indices into `classes`.

    `classes` is empty where the pictures have none; all labels are then 0. `key` tells one set from another.
    """

    pixels: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    key: str

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.labels)

    def __reduce__(self) -> tuple[object, ...]:
        """Another process opens the file anew instead of getting a copy of all pixels."""
        file = getattr(self.pixels, "filename", None)
        pixels = self.pixels if file is None else (str(file), self.pixels.shape)
        return _reopened, (pixels, self.labels, self.classes, self.key)


def samples_of(place: str | Path, problems: Problems | None = None) -> tuple[list[Sample], list[str]]:
    """The pictures to learn from and the class of each: from a manifest, or a folder.

    Of a manifest the real rows of no held-out split, with `content` as class; of a folder everything, with the
    folder below it as class. One class is none: the names are then all empty. What `walk.files` leaves out goes into
    `problems`. Errors: InputError when nothing is left.
    """
    place, problems = Path(place), problems if problems is not None else Problems()
    if place.is_dir():
        root = root_of(place)
        paths = list(files(root, problems))
        samples = [Sample(str(root / path), 0) for path in paths]
        names = [path.partition("/")[0] if "/" in path else "" for path in paths]
        if not samples:
            why = f"; {problems.count} left out, such as {': '.join(problems.shown[0])}" if problems.count else ""
            raise InputError(f"There are no pictures below {root}{why}.", fix="Give the folder that holds them.")
    elif not place.exists():
        raise InputError(f"There is nothing at {place}.", fix="Give a folder of pictures, or a manifest.")
    else:
        rows = read(place)
        samples = [row for row in rows if row.label == 0 and row.split not in HELD_OUT]
        names = [row.content for row in samples]
        if not samples:
            raise InputError(
                f"Of the {len(rows)} rows of {place} none is real and for training.",
                fix="A generator learns from rows labelled real whose split is not calibration or test.",
            )
    return samples, names if len(set(names)) > 1 else [""] * len(names)


def build(
    samples: Sequence[Sample],
    names: Sequence[str],
    folder: str | Path,
    *,
    size: int,
    resize: Resize = "exact",
    convert: bool = False,
    least: int = 2,
    step: Callable[[], object] = lambda: None,
) -> PictureSet:
    """Decode every picture once, to one size, into an array on disk in `folder`; the same again is read back.

    Grey and transparent pictures are refused, or taken as RGB (transparent ones over white) with `convert`. Files that
    cannot be read are left out and named in `skipped.json`. `step` is called after each picture. Errors: InputError
    for fewer than `least` pictures, for several sizes or other than square ones with "exact", for grey and transparent
    ones, for classes that some pictures have and others lack; ResourceError when the disk has no room.
    """
    classes = tuple(sorted(set(names))) if set(names) != {""} else ()
    if "" in classes:
        raise InputError(
            f"{names.count('')} of {len(names)} pictures have no class, the others have.",
            fix="Put every picture into the folder of its class (in a manifest: fill in content), or none.",
        )
    lines = "\n".join(names)
    key = hashlib.sha256(f"{fingerprint(samples)}:{size}:{resize}:{convert}:{lines}".encode()).hexdigest()[:16]
    base = Path(folder) / f"pictures-{key}"
    if not (base / "index.json").exists():
        _decode_all(samples, base, size=size, resize=resize, convert=convert, step=step)
    kept = json.loads((base / "index.json").read_text())["kept"]
    if len(kept) < least:
        lost = len(samples) - len(kept)
        left_out = f"; {lost} could not be read, see {base / 'skipped.json'}" if lost else ""
        raise InputError(
            f"{len(kept)} of {len(samples)} pictures can be learned from{left_out}; at least {least} are needed.",
            fix="Add pictures, or use a smaller batch.",
        )
    pixels = np.memmap(base / "pixels", np.uint8, "r", shape=(len(kept), size, size, 3))
    places = {name: index for index, name in enumerate(classes)}
    labels = np.asarray([places.get(names[i], 0) for i in kept], dtype=np.int64)
    return PictureSet(pixels, labels, classes, key)


def from_arrays(pixels: np.ndarray, labels: np.ndarray | None = None, classes: Sequence[str] = ()) -> PictureSet:
    """A set in memory: uint8 `(n, s, s, 3)` and labels `(n,)`. Errors: InputError for another shape or type."""
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] != pixels.shape[2] or pixels.shape[3] != 3:
        raise InputError(
            f"Expected uint8 pictures (n, s, s, 3); got {pixels.dtype} {pixels.shape}.", fix="Give RGB squares."
        )
    labels = np.zeros(len(pixels), np.int64) if labels is None else np.asarray(labels, np.int64)
    if not classes and labels.any():
        classes = [str(k) for k in range(int(labels.max()) + 1)]
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes() + labels.tobytes()).hexdigest()[:16]
    return PictureSet(pixels, labels, tuple(classes), digest)


def subset(pictures: PictureSet, chosen: np.ndarray, folder: str | Path) -> PictureSet:
    """The pictures of these numbers in their order; written to `folder` where the whole set lies on a disk.

    Errors: ResourceError when the disk has no room.
    """
    chosen = np.asarray(chosen, np.int64)
    key = hashlib.sha256(pictures.key.encode() + chosen.tobytes()).hexdigest()[:16]
    labels = pictures.labels[chosen]
    if not isinstance(pictures.pixels, np.memmap):
        return PictureSet(pictures.pixels[chosen], labels, pictures.classes, key)
    path = Path(folder) / f"pictures-{key}" / "pixels"
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            try:
                with partial.open("wb") as file:
                    for number in chosen:
                        file.write(pictures.pixels[number].tobytes())
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)
    except OSError as error:
        needed = len(chosen) * pictures.pixels[0].nbytes / 1e9
        raise ResourceError(
            f"The pictures need {needed:.2f} GB in {path.parent}, and writing failed: {error.strerror or error}.",
            fix="Make room, or give another folder.",
        ) from error
    shape = (len(chosen), *pictures.pixels.shape[1:])
    return PictureSet(np.memmap(path, np.uint8, "r", shape=shape), labels, pictures.classes, key)


def kept_pixels(folder: str | Path, key: str, size: int) -> np.ndarray:
    """The pixels uint8 `(n, size, size, 3)` of the set `key` that `build` or `subset` left in a folder.

    Errors: InputError when they are not there.
    """
    path = Path(folder) / f"pictures-{key}" / "pixels"
    if not path.is_file():
        raise InputError(
            f"The pictures that were learned from are not at {path}.",
            fix="Give the folder of the run as `fauxto generate train` left it.",
        )
    each = size * size * 3
    return np.memmap(path, np.uint8, "r", shape=(path.stat().st_size // each, size, size, 3))


def fitted(pixels: np.ndarray, size: int, resize: Resize) -> np.ndarray:
    """uint8 `(h, w, 3)` at `(size, size, 3)` by Pillow's Lanczos, after the middle square is cut with "crop"."""
    height, width = pixels.shape[:2]
    if resize == "crop" and height != width:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        pixels = np.ascontiguousarray(pixels[top : top + side, left : left + side])
    if pixels.shape[:2] == (size, size):
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS))


def _reopened(pixels: Any, labels: np.ndarray, classes: tuple[str, ...], key: str) -> PictureSet:
    opened = np.memmap(pixels[0], np.uint8, "r", shape=pixels[1]) if isinstance(pixels, tuple) else pixels
    return PictureSet(opened, labels, classes, key)


def _decode_all(
    samples: Sequence[Sample], base: Path, *, size: int, resize: Resize, convert: bool, step: Callable[[], object]
) -> None:
    """Rows are written one by one, not through a map of memory: a full disk is then an error, and no signal."""
    sides: Counter[tuple[int, int]] = Counter()
    kept: list[int] = []
    skipped: dict[str, str] = {}
    partial = base / "pixels.partial"
    try:
        base.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            for i, sample in enumerate(samples):
                step()
                try:
                    opened = open_picture(read_bytes(sample.path))
                    pixels = opened.read()
                except (InputError, ResourceError, OSError) as error:
                    skipped[sample.path] = str(error)
                    continue
                if not convert:
                    _check_mode(sample.path, opened.header.mode)
                sides[pixels.shape[1], pixels.shape[0]] += 1
                if resize == "exact" and (len(sides) > 1 or pixels.shape[0] != pixels.shape[1]):
                    _refuse_sizes(sample.path, sides)
                file.write(np.ascontiguousarray(fitted(pixels, size, resize)).tobytes())
                kept.append(i)
        (base / "skipped.json").write_text(json.dumps(skipped, indent=1))
        partial.replace(base / "pixels")
        (base / "index.partial").write_text(json.dumps({"kept": kept}))
        (base / "index.partial").replace(base / "index.json")  # last and whole: a set without it is read again
    except OSError as error:
        needed = len(samples) * size * size * 3 / 1e9
        raise ResourceError(
            f"The pictures need {needed:.2f} GB in {base}, and writing failed: {error.strerror or error}.",
            fix="Make room, or give --out on another disk; what was trained is untouched.",
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _check_mode(path: str, mode: str) -> None:
    for word, modes in (("transparent", TRANSPARENT), ("grey", COLOURLESS)):
        if mode in modes:
            raise InputError(
                f"{path} is {word} (mode {mode}); the generator makes RGB.",
                fix="Take such pictures as RGB, transparent ones over white, with --convert, or remove them.",
            )


def _refuse_sizes(path: str, sides: Counter[tuple[int, int]]) -> None:
    seen = ", ".join(f"{count} of {w}x{h}" for (w, h), count in sides.most_common(3))
    raise InputError(
        f"The pictures are not squares of one size: {seen}, the last one {path}.",
        fix="Use --resize crop (the middle square) or --resize squeeze (the whole picture, aspect lost).",
    )
