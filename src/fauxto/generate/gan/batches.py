"""Which real pictures make batch number k: a function of the seed and k alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fauxto.data.picture_set import PictureSet


class Batches:
    """Every picture once an epoch, in an order drawn anew for each; batches run on across the end of an epoch.

    Process `rank` of `world` gets its own part of each batch.
    """

    def __init__(
        self, pictures: PictureSet, size: int, seed: int, *, mirror: bool = True, rank: int = 0, world: int = 1
    ) -> None:
        self.pictures, self.size, self.seed, self.mirror = pictures, size, seed, mirror
        self.own = slice(rank * size // world, (rank + 1) * size // world)
        self._order: tuple[int, np.ndarray] = (-1, np.zeros(0, np.int64))

    def epoch(self, number: int) -> int:
        """How often all pictures were seen before batch `number`."""
        return number * self.size // len(self.pictures)

    def take(self, number: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Batch `number`: pictures `(n, 3, s, s)` in [-1, 1], and labels `(n,)` where there are classes."""
        places = np.arange(number * self.size, (number + 1) * self.size)[self.own]
        chosen = np.asarray([self._picture(int(place)) for place in places])
        pixels = torch.from_numpy(self.pictures.pixels[chosen]).to(device, non_blocking=True)
        pictures = pixels.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        if self.mirror:
            turned = np.random.default_rng([self.seed, 1, number]).random(self.size)[self.own] < 0.5
            turn = torch.from_numpy(turned).to(device)
            pictures = torch.where(turn[:, None, None, None], pictures.flip(-1), pictures)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        labels = torch.from_numpy(self.pictures.labels[chosen]).to(device) if self.pictures.classes else None
        return pictures, labels

    def _picture(self, place: int) -> int:
        epoch, position = divmod(place, len(self.pictures))
        if self._order[0] != epoch:
            rng = np.random.default_rng([self.seed, 0, epoch])
            self._order = (epoch, rng.permutation(len(self.pictures)))
        return int(self._order[1][position])
