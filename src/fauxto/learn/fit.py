"""The fit loop: any Trainable detector, on Lightning Fabric, resumable, on one device or several."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.utils.data import DataLoader

from fauxto.contracts import Localizer, Trainable
from fauxto.data.masks import MaskStore
from fauxto.data.patches import PatchStore
from fauxto.errors import InputError, WeightError
from fauxto.learn.augment import Laundering
from fauxto.learn.batches import Balanced, TrainingCrops, TrainingMasks, generators_of
from fauxto.learn.meter import Meter
from fauxto.learn.resume import make_fabric, open_state, save_state
from fauxto.learn.schedule import make_optimizer, set_rate
from fauxto.learn.stage import Stage, stages_of
from fauxto.nn.views import through_views


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how to train. `crop` is the side of a training crop in pixels, `precision` a Fabric precision.

    The recipe of the detector gives what is None here: learning rate and batch size. `batch_size` is that of all
    `devices` together; `learning_rate` is that of the first stage where there are several. `workers` are processes that
    make crops, for each device.
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
    devices: int = 1


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a run gave: the loss of every step, and the seconds and rates of its last uninterrupted part.

    `network_rate` is crops a second through the network alone; `loader_rate` crops a second that the workers can make,
    from the time that each crop took them; `waited` the share of the time in which the network had nothing to do.
    """

    losses: list[float]
    seconds: float
    loader_rate: float = 0.0
    network_rate: float = 0.0
    waited: float = 0.0


def check_fittable(system: Any) -> None:
    """Errors: InputError, with what does train it, for a system that is no trainable detector or localizer."""
    if isinstance(system, Trainable | Localizer):
        return
    slug, name = system.card.slug, type(system).__name__
    if hasattr(system, "calibrate"):
        fix = f"Nothing of it is trained: {name}(...).calibrate(...) sets its threshold, which `fauxto train` can save."
    elif "benchmark" in system.card.kinds:
        fix = f"It trains and tests others: `fauxto bench {slug} --help`."
    elif "generator" in system.card.kinds:
        fix = f"`fauxto generate train` trains GANs by recipe; from Python, {name}(...).fit(...)."
    else:
        fix = f"It is used as it is; `fauxto systems {slug}` shows its card."
    raise InputError(f"{slug} has nothing that this verb could train.", fix=fix)


def fit(detector: Trainable, store: PatchStore, plan: Plan, folder: str | Path) -> Fitted:
    """Train the detector in place; `folder/last.ckpt` is written every `save_every` steps and resumed from.

    Batches hold as many real as generated crops, each source and generator equally often. A resumed run sees the same
    batches as an uninterrupted one, because batch k depends on the seed and k alone, and ends with the same bits on a
    CPU. Parameters that no stage trains are not in the checkpoint; they have to be the same when it is resumed. Errors:
    InputError without both classes; PolicyError when the folder holds a run of other data, another plan or other frozen
    parts; ResourceError when there are fewer devices; WeightError when the checkpoint is damaged.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    stages = _stages(detector, store, plan)
    _check_split(store, plan, stages)
    run = _run(detector, store, plan, stages)
    last = folder / "last.ckpt"
    open_state(last, run)
    fabric = make_fabric(plan.devices, plan.precision)
    if plan.devices == 1:
        fitted = _train(fabric, detector, store, plan, run=run, last=last)
    else:
        job = partial(_train_copy, detector=detector, store=store, plan=plan, run=run, last=last)
        fitted = Fitted(**fabric.launch(job))
        stages = _stages(detector, store, plan)
        _restore(stages[-1].network, open_state(last, run)["network"], never_trained(stages), last)
    detector.network().eval()
    return fitted


def initial_state(system: Callable[[], Trainable], seed: int) -> Trainable:
    """A new detector whose weights depend on the seed alone; the caller's random state is left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return system()


def _train_copy(
    fabric: Fabric, detector: Trainable, store: PatchStore, plan: Plan, *, run: dict[str, Any], last: Path
) -> dict[str, Any]:
    """As `_train`, on weights of this process's own: those that a spawned process is handed lie in shared memory.

    Gives the fields of the result, because Fabric carries no frozen dataclass from one process to another.
    """
    return asdict(_train(fabric, copy.deepcopy(detector), store, plan, run=run, last=last))


def _train(
    fabric: Fabric, detector: Trainable, store: PatchStore, plan: Plan, *, run: dict[str, Any], last: Path
) -> Fitted:
    """Every stage that is not done yet; runs once in each process."""
    stages = _stages(detector, store, plan)
    frozen = never_trained(stages)
    saved = open_state(last, run)
    losses: list[float] = saved.get("losses", [])
    ends = [round(end * plan.steps) for end in accumulate(stage.share for stage in stages)]
    made = TrainingMasks if isinstance(store, MaskStore) else TrainingCrops
    crops = made(store, detector, plan.crop, plan.laundering, plan.seed)
    meter = Meter(max(1, plan.workers) * plan.devices, plan.devices)
    for number, (stage, first, end) in enumerate(zip(stages, [0, *ends[:-1]], ends, strict=True)):
        if saved and saved["stage"] > number:
            continue
        batch_size = _batch_of(plan, stage)
        peak = (plan.learning_rate if number == 0 else None) or stage.recipe["learning_rate"]
        if saved:
            _restore(stage.network, saved["network"], frozen, last)
        network = stage.network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        asked = [parameter for parameter in network.parameters() if parameter.requires_grad]
        moving = {id(parameter) for parameter in stage.trained.parameters()}
        for parameter in asked:
            parameter.requires_grad_(id(parameter) in moving)
        optimizer = make_optimizer(network, stage.recipe, peak)
        wrapped, optimizer = fabric.setup(network, optimizer)
        step = first
        if saved:
            optimizer.load_state_dict(saved["optimizer"])
            step, saved = saved["step"], {}
        sampler = Balanced(store, batch_size, plan.seed, step, end, rank=fabric.global_rank, world=fabric.world_size)
        batches: Any = DataLoader(
            crops, batch_sampler=sampler, num_workers=plan.workers, prefetch_factor=4 if plan.workers else None
        )
        batches = fabric.setup_dataloaders(batches, use_distributed_sampler=False)  # the sampler has split the batch
        for pixels, labels, generators, seconds in meter.watch(batches):
            set_rate(optimizer, stage.recipe["schedule"], step - first, end - first, peak=peak, warmup=plan.warmup)
            # dropout of batch k, too, depends on k alone, and on the process
            torch.manual_seed(plan.seed * 1_000_003 + step + fabric.global_rank * 2**40)
            images = pixels.movedim(-1, -3).float().div(255)  # (n, 3, h, w), or (n, views, 3, h, w)
            if images.ndim == 4:
                images = images.contiguous(memory_format=torch.channels_last)
            output: Any = through_views(wrapped, images)
            output = output.float() if isinstance(output, torch.Tensor) else tuple(part.float() for part in output)
            loss = stage.loss(output, labels.float(), generators)
            fabric.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            mean: Any = fabric.all_reduce(loss.detach(), reduce_op="mean")
            losses.append(round(float(mean), 5))
            meter.count(len(labels), float(seconds.sum()))
            if step % plan.save_every == 0 or step == end:
                state = {"run": run, "stage": number, "step": step, "losses": losses}
                state |= {"network": wrapped, "optimizer": optimizer}
                save_state(fabric, last, state, without=_names(network, frozen))
                done = np.mean(losses[-plan.save_every :])
                fabric.print(f"{stage.name} step {step}/{end}  loss {done:.4f}  {meter}", flush=True)
        for parameter in asked:
            parameter.requires_grad_(True)
    return Fitted(losses, meter.seconds, meter.loader_rate, meter.network_rate, meter.waited)


def _stages(detector: Trainable, store: PatchStore, plan: Plan) -> Sequence[Stage]:
    """The stages of the detector; parts that only come with the data get their weights from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(plan.seed)
        return stages_of(detector, generators_of(store))


LEAST = {"steps": 1, "devices": 1, "batch_size": 2, "crop": 8, "workers": 0, "save_every": 1, "seed": 0}
"""The least that the numbers of a plan can be; a batch holds one picture of each class."""


def _check_plan(plan: Plan, stored: int) -> None:
    """Errors: InputError for numbers that no run can have; `stored` is the side of what crops are cut from."""
    for name, least in LEAST.items():
        value = getattr(plan, name)
        if value is not None and value < least:
            raise InputError(
                f"{name} is {value}; expected at least {least}.", fix=f"Correct --{name.replace('_', '-')}."
            )
    if plan.crop > 2 * stored:  # up to there the missing part is the window's own mirror image
        raise InputError(
            f"A crop of {plan.crop} pixels is more than twice the {stored} that are kept of a picture.",
            fix=f"Use a --crop of up to {stored}.",
        )
    if plan.learning_rate is not None and not 0 < plan.learning_rate < math.inf:
        raise InputError(f"The learning rate is {plan.learning_rate:g}.", fix="Give a positive one, such as 0.0002.")


def _batch_of(plan: Plan, stage: Stage) -> int:
    """Pictures of a batch: the plan's, else the published ones."""
    size: int = stage.recipe["batch_size"] if plan.batch_size is None else plan.batch_size
    return size


def _check_split(store: PatchStore, plan: Plan, stages: Sequence[Stage]) -> None:
    """Both classes are there, and every process gets both. Errors: InputError."""
    _check_plan(plan, len(store.pixels[0]))
    for stage in stages:
        batch_size = _batch_of(plan, stage)
        Balanced(store, batch_size, plan.seed, 0, 0)
        if plan.devices > 1 and batch_size % (2 * plan.devices):
            raise InputError(
                f"A batch of {batch_size} cannot be split into {plan.devices} parts of half real, half generated.",
                fix=f"Use a --batch-size that is a multiple of {2 * plan.devices}.",
            )


def never_trained(stages: Sequence[Stage]) -> set[int]:
    """The identities (`id`) of the parameters of all stages that none of them trains: frozen backbones."""
    every = [parameter for stage in stages for parameter in stage.network.parameters()]
    return {id(parameter) for parameter in every if not parameter.requires_grad}


def _names(network: nn.Module, chosen: set[int]) -> set[str]:
    return {name for name, p in network.named_parameters(remove_duplicate=False) if id(p) in chosen}


def _restore(network: nn.Module, tensors: dict[str, Any], frozen: set[int], path: Path) -> None:
    """Put a checkpoint's tensors back beside the frozen ones. Errors: WeightError when others are missing or extra."""
    found = network.load_state_dict(tensors, strict=False)
    if wrong := [*(set(found.missing_keys) - _names(network, frozen)), *found.unexpected_keys]:
        raise WeightError(f"{path} does not fit: {sorted(wrong)[0]}.", fix="Remove it, or use another --out.")


def _run(detector: Trainable, store: PatchStore, plan: Plan, stages: Sequence[Stage]) -> dict[str, Any]:
    """What decides the result of a run: the system, the plan, the data, and what is frozen."""
    aside = ("workers", "save_every")
    chosen = {name: value for name, value in asdict(plan).items() if name not in aside}
    rows = "\n".join(f"{s.label}\t{s.generator}\t{s.source}\t{s.path}" for s in store.samples)
    data = hashlib.sha256(store.picture.tobytes() + rows.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    run = {"system": detector.card.slug, "data": data, **chosen}
    network = stages[-1].network
    digest = hashlib.blake2b(digest_size=8)
    for name in (names := sorted(_names(network, never_trained(stages)))):
        digest.update(name.encode())
        digest.update(network.get_parameter(name).detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return run | {"frozen": digest.hexdigest()} if names else run
