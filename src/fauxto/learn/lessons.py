"""How classifiers of small pictures are taught: SGD whose rate falls in steps, on shifted and mirrored copies.

The recipe of wide residual networks on CIFAR (Zagoruyko and Komodakis, BMVC 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.errors import FauxtoError, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What is taught how long; `falls` are shares of the steps after which the rate is multiplied by `factor`.

    `shift` is by how many pixels a picture moves at most, over a black border; half of the pictures are mirrored.
    """

    steps: int
    batch: int = 128
    rate: float = 0.1
    momentum: float = 0.9
    weight_decay: float = 5e-4
    falls: tuple[float, ...] = (0.3, 0.6, 0.8)
    factor: float = 0.2
    shift: int = 4

    def rate_at(self, step: int) -> float:
        """The rate of step `step`, counted from 0."""
        return self.rate * self.factor ** sum(step >= share * self.steps for share in self.falls)


def teach(
    network: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    pixels: np.ndarray,
    labels: np.ndarray,
    lessons: Lessons,
    *,
    seed: int = 0,
) -> None:
    """Train `network` in place by `loss(pictures, labels)`, and leave it in evaluation mode; the last step is kept.

    `pixels` is uint8 `(n, h, w, 3)`, `labels` `(n,)`; the loss sees float32 `(batch, 3, h, w)` in [0, 1]. All that is
    random follows from `seed`. Errors: InputError for fewer pictures than a batch; FauxtoError with code "diverged".
    """
    if len(pixels) < lessons.batch:
        raise InputError(f"{len(pixels)} pictures are fewer than one batch of {lessons.batch}.", fix="Give more.")
    rng, wanted = np.random.default_rng(seed), [p for p in network.parameters() if p.requires_grad]
    decay, momentum = lessons.weight_decay, lessons.momentum
    optimizer = torch.optim.SGD(wanted, lr=lessons.rate, momentum=momentum, weight_decay=decay)
    network.train()
    order: np.ndarray = np.empty(0, np.int64)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for step in range(lessons.steps):
            if len(order) < lessons.batch:
                order = rng.permutation(len(pixels))
            chosen, order = order[: lessons.batch], order[lessons.batch :]
            optimizer.param_groups[0]["lr"] = lessons.rate_at(step)
            shown = torch.from_numpy(varied(pixels[chosen], lessons.shift, rng)).permute(0, 3, 1, 2).float() / 255
            value = loss(shown, torch.from_numpy(np.asarray(labels)[chosen]))
            if not bool(value.isfinite()):
                raise FauxtoError(
                    f"Training diverged at step {step + 1}.", fix="Lower the rate of the lessons.", code="diverged"
                )
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    network.eval()


def varied(pixels: np.ndarray, shift: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 `(n, h, w, 3)`, each moved by up to `shift` pixels both ways over black, and half of them mirrored."""
    count, height, width = pixels.shape[:3]
    framed = np.pad(pixels, ((0, 0), (shift, shift), (shift, shift), (0, 0)))
    corners: np.ndarray = rng.integers(0, 2 * shift + 1, (2, count, 1))
    rows: np.ndarray = corners[0] + np.arange(height)
    columns: np.ndarray = corners[1] + np.arange(width)
    columns = np.where(rng.random((count, 1)) < 0.5, columns[:, ::-1], columns)
    return framed[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
