"""Frozen features, computed once: a cache keyed by what the backbone sees and by which backbone it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fauxto.nn.backbone import Tower

KINDS: dict[str, Callable[[Tower, Tensor], Tensor]] = {
    "feature": lambda tower, pixels: tower(pixels),
    "layers": lambda tower, pixels: tower.layers(pixels),
}
"""What can be kept: the final feature `(feature_width,)`, or one vector a block `(depth, width)`."""


def features(
    tower: Tower, windows: Iterable[np.ndarray], *, kind: str = "feature", cache: Path | None = None, batch: int = 32
) -> np.ndarray:
    """The features of preprocessed float32 `(3, size, size)` windows, `(n, ...)` float32, in their order.

    With a `cache` folder each is computed once. Its key is the sha256 of the window itself, so of the content and of
    all preprocessing, with the identity of the tower and the kind; a damaged entry is computed again. Frozen towers
    only: random crops and augmentations make a new window, and so a new key, each time.
    """
    found: list[np.ndarray | None] = []
    waiting: list[tuple[int, np.ndarray, Path | None]] = []
    for index, window in enumerate(windows):
        file = cache / entry(tower, window, kind) if cache is not None else None
        known = _read(file) if file is not None else None
        found.append(known)
        if known is None:
            waiting.append((index, window, file))
        if len(waiting) == batch:
            _compute(tower, kind, waiting, found)
            waiting = []
    if waiting:
        _compute(tower, kind, waiting, found)
    return np.stack([row for row in found if row is not None]) if found else np.empty((0, tower.feature_width), "f4")


def entry(tower: Tower, window: np.ndarray, kind: str) -> str:
    """The file name of one feature inside the cache."""
    digest = sha256(f"{tower.identity}|{kind}|{window.dtype}|{window.shape}|".encode())
    digest.update(np.ascontiguousarray(window).tobytes())
    name = digest.hexdigest()
    return f"{name[:2]}/{name[2:]}.npy"


def _compute(
    tower: Tower, kind: str, waiting: list[tuple[int, np.ndarray, Path | None]], found: list[np.ndarray | None]
) -> None:
    with torch.inference_mode():
        values = KINDS[kind](tower, torch.from_numpy(np.stack([window for _, window, _ in waiting]))).float().numpy()
    for (index, _, file), value in zip(waiting, values, strict=True):
        found[index] = value
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial = file.with_suffix(f".{os.getpid()}.partial")
            with partial.open("wb") as opened:
                np.save(opened, value, allow_pickle=False)
            partial.replace(file)


def _read(file: Path) -> np.ndarray | None:
    try:
        value = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return value if isinstance(value, np.ndarray) and value.dtype == np.float32 and np.isfinite(value).all() else None
