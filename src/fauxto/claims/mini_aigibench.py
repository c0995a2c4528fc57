"""Mini-AIGIBench: the groups of the benchmark in miniature, with exact truth, written to a folder as one manifest.

Reals are camera-world photographs. A fake is another photograph, redrawn through half its side: the resampler plays
the last up-sampling of a generator. Everything is a lossless PNG, so no format tells the classes apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.claims.resampled_corpus import SEEDS_APART, redraw
from fauxto.data.manifest import Sample
from fauxto.data.worlds.camera import photograph
from fauxto.launder import apply

SIDE = 64
"""Pixels a side of every picture."""
FIRST, SECOND = "family-a", "family-b"
"""The training generators of Setting I, and the one that Setting II adds."""

Make = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _redrawn(family: str) -> Make:
    return lambda pixels, rng: redraw(pixels, family, 1.0)  # type: ignore[arg-type]


def _pasted(family: str) -> Make:
    """A redrawn face-sized ellipse, blended into an untouched photograph: a tenth of the picture."""

    def make(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        yy, xx = np.mgrid[:SIDE, :SIDE]
        y, x = rng.uniform(0.35, 0.65, 2) * SIDE
        distance = np.hypot((yy - y) / (0.2 * SIDE), (xx - x) / (0.16 * SIDE))
        mask = np.clip((1.2 - distance) / 0.4, 0, 1)[..., None]
        other = redraw(pixels, family, 1.0).astype(np.float32)  # type: ignore[arg-type]
        return np.rint(mask * other + (1 - mask) * pixels).astype(np.uint8)

    return make


def _mixed(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return redraw(pixels, "nearest" if rng.random() < 0.5 else "lanczos", 1.0)


_FLAT, _SHARED = "contrast:0.4", "jpeg:80|jpeg:70"

SUBSETS: dict[str, tuple[str, Make, str]] = {
    FIRST: ("GAN", _redrawn("nearest"), ""),
    SECOND: ("text to image", _redrawn("lanczos"), ""),
    "bilinear": ("unseen", _redrawn("bilinear"), ""),
    "bicubic": ("unseen", _redrawn("bicubic"), ""),
    "swap-a": ("face swap", _pasted("nearest"), ""),
    "swap-b": ("face swap", _pasted("lanczos"), ""),
    "flat-b": ("personalised", _redrawn("lanczos"), _FLAT),
    "shared": ("open platform", _mixed, _SHARED),
}
"""Each subset: its group, how its fakes are made, and what happens to its reals and fakes alike (before or after)."""


def write(folder: Path, seed: int, *, train: int, test: int) -> list[Sample]:
    """`train` reals and as many of both training families, `test` reals and fakes of each subset; no scene twice."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = iter(range(seed * SEEDS_APART, (seed + 1) * SEEDS_APART))
    rng = np.random.default_rng((0xA161, seed))
    samples: list[Sample] = []

    def keep(pixels: np.ndarray, label: int, name: str, split: str) -> None:
        path = folder / f"{len(samples):06}.png"
        Image.fromarray(pixels).save(path, compress_level=1)
        generator, source = (name, "") if label else ("", name)
        samples.append(Sample(str(path), label, generator, source, family=_group(name), split=split))

    for pixels in _shoot(scenes, train):
        keep(pixels, 0, "", "train")
    for name in (FIRST, SECOND):
        for pixels in _shoot(scenes, train):
            keep(SUBSETS[name][1](pixels, rng), 1, name, "train")
    for name, (_, make, alike) in SUBSETS.items():
        for label in (0, 1):
            for pixels in _shoot(scenes, test):
                content = apply(pixels, alike) if alike == _FLAT else pixels
                made = make(content, rng) if label else content
                keep(apply(made, alike) if alike == _SHARED else made, label, name, "test")
    return samples


def _shoot(scenes: Iterator[int], count: int) -> Iterator[np.ndarray]:
    return (photograph(next(scenes), SIDE) for _ in range(count))


def _group(name: str) -> str:
    return SUBSETS[name][0] if name in SUBSETS else ""
