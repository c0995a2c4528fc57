"""Training batches: which patches, in which order, and what happens to each; a function of the seed and the step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from fauxto.contracts import Trainable
from fauxto.data.masks import FULL, MaskStore
from fauxto.data.patches import PatchStore
from fauxto.errors import InputError
from fauxto.learn.augment import Laundering, laundered_crop, laundered_pair

Crop = tuple[Tensor, int, int, float]
"""uint8 pixels, label, index of the generator (-1 for real), and the seconds that the making took."""


def generators_of(store: PatchStore) -> list[str]:
    """The names of the generators in a store, sorted; an unnamed one goes by its source."""
    return sorted({sample.generator or sample.source for sample in store.samples if sample.label == 1})


class TrainingCrops(Dataset[Crop]):
    """Key `(patch, draw)` to an augmented uint8 crop and its label; the randomness is a function of the key."""

    def __init__(
        self, store: PatchStore, detector: Trainable, size: int, laundering: Laundering | None, seed: int
    ) -> None:
        self.store, self.detector = store, detector
        self.size, self.laundering, self.seed = size, laundering, seed
        self.labels = store.labels
        places = {name: index for index, name in enumerate(generators_of(store))}
        self.generators = [places[s.generator or s.source] if s.label == 1 else -1 for s in store.samples]

    def __getitem__(self, key: tuple[int, int]) -> Crop:
        """One crop, uint8 `(size, size, 3)`, or its views `(v, size, size, 3)`."""
        started = time.perf_counter()
        patch, draw = key
        rng = np.random.default_rng([self.seed, draw, patch])
        crop = laundered_crop(self.store.pixels[patch], self.size, self.laundering, rng)
        crop = getattr(self.detector, "views", self.detector.augment)(crop, rng)
        pixels = torch.from_numpy(np.array(crop, order="C"))  # a copy: the store is read-only
        generator = self.generators[self.store.picture[patch]]
        return pixels, int(self.labels[patch]), generator, time.perf_counter() - started

    def __len__(self) -> int:
        """The number of patches."""
        return len(self.labels)


class TrainingMasks(TrainingCrops):
    """As `TrainingCrops`, with the crop's mask, float32 `(size, size)` in [0, 1], in the place of its label."""

    store: MaskStore

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor, int, float]:  # type: ignore[override]
        """One crop, uint8 `(size, size, 3)`, and its mask."""
        started = time.perf_counter()
        patch, draw = key
        rng = np.random.default_rng([self.seed, draw, patch])
        mask = self.store.masks[patch].astype(np.float32) / np.float32(FULL)
        crop, mask = laundered_pair(self.store.pixels[patch], mask, self.size, self.laundering, rng)
        crop, mask = self.detector.augment(crop, mask, rng)  # type: ignore[call-arg,arg-type]  # a localizer's takes both
        pixels = torch.from_numpy(np.array(crop, order="C"))  # a copy: the store is read-only
        generator = self.generators[self.store.picture[patch]]
        return pixels, torch.from_numpy(np.ascontiguousarray(mask)), generator, time.perf_counter() - started


class Balanced(Sampler[list[tuple[int, int]]]):
    """Batches of half real, half generated; within a class every group (generator or source) is drawn alike.

    Groups are drawn with a probability that grows with the square root of their size: equal would repeat a group of
    twenty pictures as often as one of a thousand. Process `rank` of `world` gets its own run of each batch, again half
    real: batch norm sees both classes in every process. Errors: InputError when a class is missing.
    """

    def __init__(
        self, store: PatchStore, batch_size: int, seed: int, start: int, steps: int, *, rank: int = 0, world: int = 1
    ) -> None:
        names = [f"{s.label}:{s.generator or s.source}" for s in store.samples]
        groups: dict[str, list[int]] = {}
        for patch, picture in enumerate(store.picture):
            groups.setdefault(names[picture], []).append(patch)
        self.classes: Sequence[list[np.ndarray]] = [
            [np.asarray(patches) for name, patches in sorted(groups.items()) if name.startswith(f"{label}:")]
            for label in (0, 1)
        ]
        for groups_of_class, word in zip(self.classes, ("real", "generated"), strict=True):
            if not groups_of_class:
                raise InputError(
                    f"There is no {word} picture to train on; a detector needs both classes.",
                    fix=f"Add rows labelled {'real' if word == 'real' else 'fake'} to the manifest, or look at "
                    "skipped.json in the output folder if they could not be read.",
                )
        self.batch_size, self.seed, self.start, self.steps = batch_size, seed, start, steps
        self.own = slice(rank * batch_size // world, (rank + 1) * batch_size // world)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Batch k from the seed and k alone."""
        for step in range(self.start, self.steps):
            rng = np.random.default_rng([self.seed, step])
            batch = []
            for position in range(self.batch_size):
                groups = self.classes[position % 2]
                weights = np.sqrt([len(group) for group in groups])
                group = groups[rng.choice(len(groups), p=weights / weights.sum())]
                batch.append((int(rng.choice(group)), step * self.batch_size + position))
            yield batch[self.own]

    def __len__(self) -> int:
        """The number of batches still to come."""
        return self.steps - self.start
