"""What every training loop shares: its devices, and a checkpoint that belongs to one run and is written whole.

A run is what decides its result: a flat dict of plain values, stored in the checkpoint and compared on the way back in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError
from torch import nn

from fauxto.errors import InputError, PolicyError, ResourceError, WeightError

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true", "bf16-true", "16-true")
"""Those of Lightning Fabric that need no other package."""


def make_fabric(devices: int, precision: str) -> Fabric:
    """One process, or as many as devices; those are spawned, so that any program may call a fit.

    Errors: ResourceError when there are fewer GPUs than devices asked for (and any at all); InputError for a precision
    that is none of `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise InputError(f"There is no precision {precision!r}.", fix=f"Use one of {', '.join(PRECISIONS)}.")
    if devices == 1:
        return Fabric(accelerator="auto", devices=1, precision=precision)
    gpus = torch.cuda.device_count()
    if gpus and gpus < devices:
        raise ResourceError(
            f"There are {gpus} GPUs; {devices} devices were asked for.", fix=f"Use --devices {gpus} or fewer."
        )
    kind = "cuda" if gpus else "cpu"
    return Fabric(accelerator=kind, devices=devices, strategy="ddp_spawn", precision=precision)


def save_state(fabric: Fabric, path: Path, state: dict[str, Any], *, without: Collection[str] = ()) -> None:
    """Replace the checkpoint whole: a process that dies while writing, or a full disk, leaves the one before.

    `state["run"]` is the run that it belongs to; tensors of `state["network"]` whose names are in `without` are left
    out. Errors: ResourceError when it cannot be written.
    """
    partial = path.with_suffix(".partial")
    kept = {"network": lambda name, _: name not in without} if without else None
    with whole_or_not(path, partial):
        fabric.save(partial, state, filter=kept)
        if fabric.is_global_zero:
            partial.replace(path)
    fabric.barrier()


@contextmanager
def whole_or_not(path: Path, partial: Path) -> Iterator[None]:
    """Inside, `partial` is written and put in the place of `path`. Errors: ResourceError when that fails."""
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:  # torch and safetensors say "disk full" in their own way
        partial.unlink(missing_ok=True)
        kept = "what lay there before is untouched" if path.exists() else "nothing was written"
        raise ResourceError(
            f"{path} could not be written ({error}); {kept}.", fix="Make room on the disk and run the same again."
        ) from error


def average_gradients(fabric: Fabric, parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes, in one reduction.

    For loops that pass a network several times before one backward pass, and differentiate it twice, which DDP's own
    hooks do not allow. Every process must have the same gradients.
    """
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if fabric.world_size == 1 or not gradients:
        return
    flat: Any = fabric.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]), reduce_op="mean")
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))


def open_state(path: Path, run: dict[str, Any]) -> dict[str, Any]:
    """The checkpoint, empty where there is none. Errors: PolicyError when another run lies there; WeightError."""
    if not path.exists():
        return {}
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        there = saved["run"]
    except Exception as error:  # whatever torch or a foreign file raises: the file is not a checkpoint of ours
        raise WeightError(
            f"{path} is not a checkpoint of a training run.", fix="Remove it, or use another --out."
        ) from error
    other = [
        f"{name} {there.get(name)!r} there, {value!r} now" for name, value in run.items() if there.get(name) != value
    ]
    if other:
        raise PolicyError(
            f"{path.parent} holds another run: {'; '.join(other[:3])}.",
            fix="Resume with the same arguments, or start afresh with another --out.",
        )
    return saved
