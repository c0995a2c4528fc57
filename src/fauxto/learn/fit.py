"""The fit loop: any Trainable detector, on Lightning Fabric, resumable, on a GPU when there is one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler

from fauxto.contracts import Trainable
from fauxto.data.patches import PatchStore
from fauxto.learn.augment import Laundering, laundered_crop
from fauxto.nn.views import through_views


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train. `crop` is the side of a training crop in pixels, `precision` a Fabric precision.

    The recipe of the detector gives what is None here: optimizer, learning rate, weight decay, batch size, schedule.
    """

    steps: int = 1000
    crop: int = 128
    seed: int = 0
    batch_size: int | None = None
    learning_rate: float | None = None
    warmup: float = 0.05
    precision: str = "32-true"
    workers: int = 1
    laundering: Laundering | None = field(default_factory=Laundering)
    save_every: int = 200


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a run gave: the loss of every step, and the seconds it took (of the last uninterrupted part)."""

    losses: list[float]
    seconds: float


def fit(detector: Trainable, store: PatchStore, plan: Plan, folder: str | Path) -> Fitted:
    """Train the detector in place; `folder/last.ckpt` is written every `save_every` steps and resumed from.

    Batches hold as many real as generated crops, each source and generator equally often. A resumed run sees the same
    batches as an uninterrupted one, because batch k depends on the seed and k alone.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    fabric = Fabric(accelerator="auto", devices=1, precision=plan.precision)  # type: ignore[arg-type]
    recipe = detector.recipe
    batch_size = plan.batch_size or recipe["batch_size"]
    network = detector.network().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = _optimizer(network, recipe, plan.learning_rate or recipe["learning_rate"])
    wrapped, optimizer = fabric.setup(network, optimizer)
    state: dict[str, Any] = {"network": wrapped, "optimizer": optimizer, "step": 0, "losses": []}
    last = folder / "last.ckpt"
    if last.exists():
        fabric.load(last, state, weights_only=True)
    crops = TrainingCrops(store, detector, plan)
    loader = DataLoader(
        crops,
        batch_sampler=Balanced(store, batch_size, plan.seed, state["step"], plan.steps),
        num_workers=plan.workers,
        persistent_workers=False,
        prefetch_factor=4 if plan.workers else None,
    )
    started = time.perf_counter()
    for pixels, labels in fabric.setup_dataloaders(loader):
        _set_rate(optimizer, recipe["schedule"], state["step"], plan, plan.learning_rate or recipe["learning_rate"])
        torch.manual_seed(plan.seed * 1_000_003 + state["step"])  # dropout of batch k, too, depends on k alone
        images = pixels.movedim(-1, -3).float().div(255)  # (n, 3, h, w), or (n, views, 3, h, w)
        if images.ndim == 4:
            images = images.contiguous(memory_format=torch.channels_last)
        loss = detector.loss(through_views(wrapped, images).float(), labels.float())
        fabric.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        state["step"] += 1
        state["losses"].append(round(float(loss.detach()), 5))
        if state["step"] % plan.save_every == 0 or state["step"] == plan.steps:
            fabric.save(last, state)
            done = np.mean(state["losses"][-plan.save_every :])
            rate = len(state["losses"]) * batch_size / (time.perf_counter() - started)
            fabric.print(f"step {state['step']}/{plan.steps}  loss {done:.4f}  {rate:.0f} crops/s", flush=True)
    network.eval()
    return Fitted(state["losses"], time.perf_counter() - started)


def initial_state(system: Callable[[], Trainable], seed: int) -> Trainable:
    """A new detector whose weights depend on the seed alone; the caller's random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return system()


class TrainingCrops(Dataset[tuple[Tensor, int]]):
    """Key `(patch, draw)` to an augmented uint8 crop and its label; the randomness is a function of the key."""

    def __init__(self, store: PatchStore, detector: Trainable, plan: Plan) -> None:
        self.store, self.detector, self.plan = store, detector, plan
        self.labels = store.labels

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, int]:
        """One crop, uint8 `(crop, crop, 3)`, or its views `(v, crop, crop, 3)`, and its label."""
        patch, draw = key
        rng = np.random.default_rng([self.plan.seed, draw, patch])
        crop = laundered_crop(self.store.pixels[patch], self.plan.crop, self.plan.laundering, rng)
        crop = getattr(self.detector, "views", self.detector.augment)(crop, rng)
        return torch.from_numpy(np.ascontiguousarray(crop)), int(self.labels[patch])

    def __len__(self) -> int:
        """The number of patches."""
        return len(self.labels)


class Balanced(Sampler[list[tuple[int, int]]]):
    """Batches of half real, half generated; within a class every group (generator or source) is drawn alike.

    Groups are drawn with a probability that grows with the square root of their size: equal would repeat a group of
    twenty pictures as often as one of a thousand.
    """

    def __init__(self, store: PatchStore, batch_size: int, seed: int, start: int, steps: int) -> None:
        names = [f"{s.label}:{s.generator or s.source}" for s in store.samples]
        groups: dict[str, list[int]] = {}
        for patch, picture in enumerate(store.picture):
            groups.setdefault(names[picture], []).append(patch)
        self.classes = [
            [np.asarray(patches) for name, patches in sorted(groups.items()) if name.startswith(f"{label}:")]
            for label in (0, 1)
        ]
        self.batch_size, self.seed, self.start, self.steps = batch_size, seed, start, steps

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
            yield batch

    def __len__(self) -> int:
        """The number of batches still to come."""
        return self.steps - self.start


def _optimizer(network: nn.Module, recipe: dict[str, Any], rate: float) -> torch.optim.Optimizer:
    if recipe["optimizer"] == "adam":
        return torch.optim.Adam(network.parameters(), lr=rate)
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe["weight_decay"]}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate)


def _set_rate(optimizer: torch.optim.Optimizer, schedule: str, step: int, plan: Plan, peak: float) -> None:
    """Linear warm-up, then half a cosine or a constant."""
    warm = max(1, round(plan.warmup * plan.steps))
    rate = peak * min(1.0, (step + 1) / warm)
    if schedule == "cosine" and step >= warm:
        rate = peak * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, plan.steps - warm)))
    for group in optimizer.param_groups:
        group["lr"] = rate
