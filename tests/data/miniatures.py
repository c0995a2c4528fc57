"""Small data sets on disk with one chosen flaw, or none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample

Save = Callable[[Image.Image, Path, np.random.Generator, int], Path]
"""How picture `i` of a class is written: `(image, path without ending, rng, i)` gives the path that it wrote."""


def scene(rng: np.random.Generator, width: int = 64, height: int = 64) -> Image.Image:
    """A smooth random picture with a little noise; no two look alike."""
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float64)
    return Image.fromarray(np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8))


def jpeg(low: int = 60, high: int = 98, **options: object) -> Save:
    """JPEG at a random quality."""

    def save(image: Image.Image, path: Path, rng: np.random.Generator, i: int) -> Path:
        path = path.with_suffix(".jpg")
        image.save(path, quality=int(rng.integers(low, high + 1)), **options)
        return path

    return save


def png(image: Image.Image, path: Path, rng: np.random.Generator, i: int) -> Path:
    """PNG."""
    path = path.with_suffix(".png")
    image.save(path)
    return path


def make(
    root: Path,
    real: Save,
    fake: Save,
    *,
    count: int = 60,
    seed: int = 0,
    real_size: Callable[[np.random.Generator], tuple[int, int]] = lambda rng: (64, 64),
    fake_size: Callable[[np.random.Generator], tuple[int, int]] = lambda rng: (64, 64),
) -> list[Sample]:
    """`count` pictures of each class below `root`; six sources and six generators, in turn."""
    rng = np.random.default_rng(seed)
    samples = []
    for label, save, size in ((0, real, real_size), (1, fake, fake_size)):
        folder = root / ("fake" if label else "real")
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(count):
            path = save(scene(rng, *size(rng)), folder / f"{i:04}", rng, i)
            name = f"{'gen' if label else 'cam'}-{i % 6}"
            samples.append(Sample(str(path), label, name if label else "", name))
    return samples


def any_size(rng: np.random.Generator) -> tuple[int, int]:
    """Sides from 48 to 95 pixels."""
    return int(rng.integers(48, 96)), int(rng.integers(48, 96))
