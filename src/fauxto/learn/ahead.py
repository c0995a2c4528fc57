"""Training views made ahead of training, so that the network need not wait: launder once, read often."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fauxto.data.manifest import fingerprint
from fauxto.data.patches import PatchStore
from fauxto.learn.augment import Laundering, laundered_crop


def launder_ahead(
    store: PatchStore,
    folder: str | Path,
    *,
    versions: int = 3,
    size: int = 136,
    laundering: Laundering | None = None,
    seed: int = 0,
) -> PatchStore:
    """`versions` views of `size` pixels of every patch, each after a random history of its own, kept in `folder`.

    Train on the result with `Plan(laundering=None)` and a crop below `size`: random offsets and symmetries keep views
    fresh, and a crop costs microseconds instead of milliseconds. The same store, counts and seed are read back instead
    of made again; a process that dies leaves nothing that looks finished.
    """
    laundering = laundering or Laundering()
    given = (fingerprint(store.samples), store.picture.tolist(), versions, size, asdict(laundering), seed)
    target = Path(folder) / f"views-{hashlib.sha256(repr(given).encode()).hexdigest()[:16]}.npy"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".partial")
        shape = (versions * len(store.picture), size, size, 3)
        views = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        for place in range(len(views)):
            version, patch = divmod(place, len(store.picture))
            rng = np.random.default_rng([seed, version, patch])
            views[place] = laundered_crop(store.pixels[patch], size, laundering, rng)
        views.flush()
        partial.replace(target)
    return PatchStore(np.load(target, mmap_mode="r"), np.tile(store.picture, versions), store.samples)
