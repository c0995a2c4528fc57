"""Safetensors in and out, and the strict reading of other people's checkpoints. No pickle is ever executed."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fauxto.errors import WeightError

WRAPPERS = ("model", "state_dict", "netC")
"""Keys under which published checkpoints wrap their state dict."""

PAIRS = (("model", "classifier"),)
"""Keys of two networks that lie side by side in one file (ImagiNet's); they become the first word of every name."""


class _Dropped:
    """Stands in for the class of a training framework that a checkpoint names: nothing of it is imported or run."""


_NUMBER = np.float64().__reduce__()[0]  # the function that rebuilds a numpy number, under its old and new name
_CALLBACKS = "pytorch_lightning.callbacks"
HARMLESS: list[Any] = [
    argparse.Namespace,
    (_NUMBER, "numpy.core.multiarray.scalar"),
    (_NUMBER, "numpy._core.multiarray.scalar"),
    np.dtype,
    np.dtypes.Float64DType,
    (_Dropped, f"{_CALLBACKS}.model_checkpoint.ModelCheckpoint"),
    (_Dropped, f"{_CALLBACKS}.early_stopping.EarlyStopping"),
]
"""SAFE keeps its arguments in a Namespace; Lightning its schedules' numpy numbers, and its callbacks by class."""


def load_tensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a `.safetensors` file or of a legacy torch file, as a flat dict.

    A legacy file goes through torch's weights-only reader, which builds tensors and plain containers and refuses every
    other object; `HARMLESS` names those that published checkpoints hold beside the weights, which are dropped.
    Errors: WeightError when the file is missing, unreadable, or holds anything that would run code.
    """
    path = Path(path)
    return _flat(path, _read(path))


def load_part(path: str | Path, part: str) -> dict[str, Tensor] | None:
    """The state dict under the key `part` of a file that holds several, a GAN's `g_ema` say; None where it has none.

    A lone tensor comes under its own key. In safetensors `part` is the first word of the names. Read as by
    `load_tensors`. Errors: WeightError.
    """
    path = Path(path)
    loaded = _read(path)
    held = loaded.get(part) if isinstance(loaded, Mapping) else None
    if held is None and isinstance(loaded, Mapping):
        held = {key[len(part) + 1 :]: value for key, value in loaded.items() if str(key).startswith(f"{part}.")}
    if isinstance(held, Tensor):
        return {part: held}
    return _flat(path, held) if held else None


def _read(path: Path) -> object:
    """What the file holds, unsorted. Errors: WeightError."""
    if not path.is_file():
        raise WeightError(f"There is no weight file at {path}.", fix="Check the path.")
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise WeightError(f"{path} is not a safetensors file: {error}.", fix="Download it again.") from error
    try:
        with torch.serialization.safe_globals(HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise WeightError(
            f"{path} is not a checkpoint of plain tensors, and loading it could run code{_refused(error)}.",
            fix="Use the file that the authors published, or one saved as safetensors.",
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = re.split(r"\n|\. ", str(error))[0].rstrip(".") or "it ends early"
        raise WeightError(f"{path} is no whole checkpoint: {reason}.", fix="Download it again.") from error


def _refused(error: UnpicklingError) -> str:
    """What was refused. Torch's own words around it advise to load the file unsafely, and are left out.

    >>> _refused(UnpicklingError("Set weights_only to False.\\n\\nUnsupported operand 80\\n\\nSee the docs."))
    ': unsupported operand 80'
    >>> _refused(UnpicklingError("no reason"))
    ''
    """
    found = re.search(r"[Uu]nsupported (?:operand \w+|(?:GLOBAL|global:?(?: GLOBAL)?) [\w.]+)", str(error))
    return f": {found[0][0].lower()}{found[0][1:]}" if found else ""


def _flat(path: Path, loaded: object) -> dict[str, Tensor]:
    """The state dict itself, out of its wrapper; other entries (optimizer, epoch, args) are left behind."""
    if isinstance(loaded, Mapping):
        for pair in PAIRS:
            if all(isinstance(loaded.get(key), Mapping) for key in pair):
                parts = {key: _flat(path, loaded[key]) for key in pair}
                return {f"{key}.{name}": value for key, part in parts.items() for name, value in part.items()}
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


def load_strict(
    network: nn.Module, tensors: Mapping[str, Tensor], source: str | Path, own: Mapping[str, Tensor] | None = None
) -> None:
    """Fill `network` from `tensors`; every name and shape must fit those of `own`, by default the whole state dict.

    Errors: WeightError that lists what is missing, unexpected, or of another shape.
    """
    partial = own is not None
    own = network.state_dict() if own is None else own
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
    network.load_state_dict({name: tensors.get(name, own[name]) for name in own}, strict=not partial)


def trained_tensors(network: nn.Module) -> dict[str, Tensor]:
    """The part of the state dict that training made: all but frozen parameters and the buffers of frozen layers.

    A frozen backbone is told by its identity, not saved again with every head.
    """
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    for prefix, module in network.named_modules():
        own = list(module.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            frozen |= {f"{prefix}.{name}".lstrip(".") for name, _ in module.named_buffers(recurse=False)}
    return {name: tensor for name, tensor in network.state_dict().items() if name not in frozen}


def save_trained(path: str | Path, network: nn.Module, *, backbone: str, **metadata: object) -> str:
    """Write what was trained and the identity of the frozen backbone under it; returns the sha256 of the file."""
    return save(path, trained_tensors(network), backbone=backbone, **metadata)


def load_trained(network: nn.Module, path: str | Path, *, backbone: str) -> None:
    """Load what `save_trained` wrote into a network on the same backbone.

    Errors: WeightError when names or shapes do not fit, or the file says that it was trained on another backbone.
    """
    check_backbone(path, backbone)
    load_strict(network, load_tensors(path), path, trained_tensors(network))


def check_backbone(path: str | Path, backbone: str) -> None:
    """Refuse a file that says it was trained on another backbone than `backbone`; one that says nothing passes.

    Errors: WeightError.
    """
    stated = metadata_of(path).get("backbone")
    if stated not in (None, backbone):
        raise WeightError(
            f"{path} was trained on the backbone {stated}; this one is {backbone}.",
            fix="Give the same --backbone as in training.",
        )


def metadata_of(path: str | Path) -> dict[str, Any]:
    """What `save` wrote beside the tensors; empty for a legacy file."""
    if Path(path).suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, "pt") as opened:
            metadata = opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise WeightError(f"{path} is not a safetensors file: {error}.", fix="Check the path.") from error
    found = {}
    for key, text in metadata.items():
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text  # another program's metadata
    return found


def save(path: str | Path, tensors: Mapping[str, Tensor], **metadata: object) -> str:
    """Write safetensors with `metadata` as JSON strings; returns the sha256 of the file: one for one content."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".partial")
    save_file(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
        partial,
        metadata={key: json.dumps(value) for key, value in metadata.items()},
    )
    _sort_metadata(partial)
    partial.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sort_metadata(path: Path) -> None:
    """Put the words of the header in order: safetensors leaves it to chance, and one content would have many hashes."""
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        header["__metadata__"] = dict(sorted(header.get("__metadata__", {}).items()))
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        if len(text) <= length:  # the same words in another order; anything longer would run into the tensors
            file.seek(8)
            file.write(text.ljust(length))
