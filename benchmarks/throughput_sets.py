"""The four sets of pictures that throughput is measured on, made from real photographs at typical qualities."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from fauxto.data.manifest import PICTURES, read


@dataclass(frozen=True, slots=True)
class Kind:
    """A set: what it stands for, its size, and how Pillow is to save it."""

    name: str
    width: int
    height: int
    suffix: str
    save: dict[str, object]
    count: int


KINDS = (
    Kind("500x375 jpeg", 500, 375, ".jpg", {"quality": 95, "subsampling": "4:2:0"}, 24),  # photographs on the web
    Kind("1080x1350 jpeg", 1080, 1350, ".jpg", {"quality": 80, "subsampling": "4:2:0"}, 24),  # social networks
    Kind("4000x3000 jpeg", 4000, 3000, ".jpg", {"quality": 93, "subsampling": "4:2:2"}, 12),  # cameras
    Kind("1024x1024 png", 1024, 1024, ".png", {"compress_level": 6}, 16),  # what generators hand out
)


def sources(pictures: Path, seed: int = 0) -> list[Path]:
    """Real photographs of a manifest, or all pictures below a folder, in a random but fixed order."""
    if pictures.is_file():
        found = [Path(sample.path) for sample in read(pictures) if sample.label == 0]
    else:
        found = sorted(path for path in pictures.rglob("*") if path.suffix.lower() in PICTURES)
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]


def make(kind: Kind, paths: list[Path], folder: Path, count: int | None = None) -> list[Path]:
    """Write `count` pictures of a kind: photographs of at least its size, cut to its shape and shrunk to it.

    Where too few are that large, smaller ones are enlarged, the largest first, and get a sensor's noise back, without
    which they would be small files and quick to decode; their names say so.
    """
    folder.mkdir(parents=True)
    wanted = count or kind.count
    large, small = [], []
    for path, size in _sizes(paths):
        upright = (size[0] < size[1]) == (kind.width < kind.height)
        scale = min(size) / min(kind.width, kind.height)
        (large if upright and scale >= 1 else small).append((scale, path))
        if len(large) == wanted:
            break
    chosen = large + sorted(small, key=lambda item: -item[0])
    written = []
    for number, (scale, path) in enumerate(chosen[:wanted]):
        with Image.open(path) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        picture = ImageOps.fit(picture, (kind.width, kind.height), Image.Resampling.LANCZOS)
        if scale < 1:
            picture = _grainy(picture, number)
        target = folder / f"{number:03}{'' if scale >= 1 else '-enlarged'}{kind.suffix}"
        picture.save(target, **kind.save)
        written.append(target)
    return written


def _grainy(picture: Image.Image, seed: int) -> Image.Image:
    noise = np.random.default_rng(seed).standard_normal((picture.height, picture.width, 1), dtype=np.float32)
    return Image.fromarray((np.asarray(picture, np.float32) + 3 * noise).clip(0, 255).astype(np.uint8))


def _sizes(paths: list[Path]) -> Iterator[tuple[Path, tuple[int, int]]]:
    for path in paths:
        try:
            with Image.open(path) as image:
                yield path, image.size
        except OSError:
            continue
