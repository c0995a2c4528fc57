"""Safetensors in and out, and the strict reading of other people's checkpoints. No pickle is ever executed."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fauxto.errors import WeightError

WRAPPERS = ("model", "state_dict", "netC")
"""Keys under which published checkpoints wrap their state dict."""


def load_tensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a `.safetensors` file or of a legacy torch file, as a flat dict.

    A legacy file goes through torch's weights-only reader, which builds tensors and plain containers and refuses every
    other object (an `argparse.Namespace`, which SAFE's training checkpoint holds, is let through and dropped).
    Errors: WeightError when the file is missing, unreadable, or holds anything that would run code.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"There is no weight file at {path}.", fix="Check the path.")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightError(f"{path} is not a safetensors file: {error}.", fix="Download it again.") from error
    try:
        with torch.serialization.safe_globals([argparse.Namespace]):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightError(
            f"{path} is not a checkpoint of plain tensors, and loading it could run code: {reason}",
            fix="Use the file that the authors published, or one saved as safetensors.",
        ) from error
    return _flat(path, loaded)


def _flat(path: Path, loaded: object) -> dict[str, Tensor]:
    """The state dict itself, out of its wrapper; other entries (optimizer, epoch, args) are left behind."""
    if isinstance(loaded, Mapping):
        for key in WRAPPERS:
            if isinstance(loaded.get(key), Mapping):
                loaded = loaded[key]
                break
    if not isinstance(loaded, Mapping) or not loaded or not all(isinstance(v, Tensor) for v in loaded.values()):
        raise WeightError(
            f"{path} holds no state dict: expected names mapped to tensors, flat or under one of {WRAPPERS}.",
            fix="Give the checkpoint of the network, not of the whole training run.",
        )
    return {str(key).removeprefix("module."): value for key, value in loaded.items()}


def load_strict(network: nn.Module, tensors: Mapping[str, Tensor], source: str | Path) -> None:
    """Fill `network` from `tensors`; every name and shape must fit.

    Errors: WeightError that lists what is missing, unexpected, or of another shape.
    """
    own = network.state_dict()
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    missing = sorted(own.keys() - tensors.keys() - counters)
    extra = sorted(tensors.keys() - own.keys())
    shapes = [
        f"{name}: expected {tuple(own[name].shape)}, got {tuple(tensors[name].shape)}"
        for name in own.keys() & tensors.keys()
        if own[name].shape != tensors[name].shape
    ]
    if missing or extra or shapes:
        parts = []
        for label, names in (("missing", missing), ("unexpected", extra), ("wrong shape", sorted(shapes))):
            if names:
                more = f" and {len(names) - 4} more" if len(names) > 4 else ""
                parts.append(f"{label}: {', '.join(names[:4])}{more}")
        raise WeightError(
            f"{source} does not fit {type(network).__name__} ({'; '.join(parts)}).",
            fix="Check that the file belongs to this system and variant.",
        )
    network.load_state_dict({name: tensors.get(name, own[name]) for name in own})


def save(path: str | Path, tensors: Mapping[str, Tensor], **metadata: object) -> str:
    """Write safetensors with `metadata` as JSON strings; returns the sha256 of the file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".partial")
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
        partial,
        metadata={key: json.dumps(value) for key, value in metadata.items()},
    )
    partial.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()
