"""What every training loop shares: its devices, and a checkpoint that belongs to one run and is written whole.

A run is what decides its result: a flat dict of plain values, stored in the checkpoint and compared on the way back in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric

from fauxto.errors import PolicyError, ResourceError, WeightError


def make_fabric(devices: int, precision: str) -> Fabric:
    """One process, or as many as devices; those are spawned, so that any program may call a fit.

    Errors: ResourceError when there are fewer GPUs than devices asked for (and any at all).
    """
    if devices == 1:
        return Fabric(accelerator="auto", devices=1, precision=precision)
    gpus = torch.cuda.device_count()
    if gpus and gpus < devices:
        raise ResourceError(
            f"There are {gpus} GPUs; {devices} devices were asked for.", fix=f"Use --devices {gpus} or fewer."
        )
    kind = "cuda" if gpus else "cpu"
    return Fabric(accelerator=kind, devices=devices, strategy="ddp_spawn", precision=precision)


def save_state(fabric: Fabric, path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint whole: a process that dies while writing, or a full disk, leaves the one before.

    `state["run"]` is the run that it belongs to.
    """
    partial = path.with_suffix(".partial")
    fabric.save(partial, state)
    if fabric.is_global_zero:
        partial.replace(path)
    fabric.barrier()


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
