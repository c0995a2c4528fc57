"""NVIDIA's pickles of generators, read for their tensors alone: the source code that lies in them is never run.

Their classes pickle themselves as a call of one function with a dict: source, class name, and the module's `__dict__`.
Here that function is a stand-in that keeps the dict, and everything that is not on the list below is refused.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fauxto.errors import WeightError
from fauxto.learn.checkpoint import load_tensors


class Persistent:
    """What stands in for an object of NVIDIA's classes: its class name and its state, nothing else."""

    def __init__(self, told: Any = None) -> None:
        told = told if isinstance(told, Mapping) else {}
        self.name, self.state = str(told.get("class_name", "")), told.get("state")


class TorchModule(Persistent):
    """What stands in for a module of torch's own, the embedding of classes beside HP-GAN: its state."""

    def __setstate__(self, state: Any) -> None:
        self.name, self.state = "", state


class EasyDict(dict[str, Any]):
    """NVIDIA's dict whose keys are attributes too; here a dict."""


def _storage(data: bytes) -> Any:
    """A tensor's numbers, by torch's weights-only reader instead of its own pickle."""
    return torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)


def _type(name: str) -> Any:
    """What dill pickles a builtin type by. Errors: UnpicklingError for any but the set."""
    if name != "set":
        raise pickle.UnpicklingError(f"it wants the type {name}")
    return set


def _parameter(data: Tensor, *_: object) -> Tensor:
    return data


_ARRAY = np.zeros(0).__reduce__()[0]
_NUMBER = np.float64().__reduce__()[0]
ALLOWED: dict[str, Any] = {
    "torch_utils.persistence._reconstruct_persistent_obj": Persistent,
    "dnnlib.util.EasyDict": EasyDict,
    "torch.nn.modules.sparse.Embedding": TorchModule,
    "dill._dill._load_type": _type,
    "collections.OrderedDict": OrderedDict,
    "builtins.set": set,
    "torch._utils._rebuild_tensor_v2": torch._utils._rebuild_tensor_v2,
    "torch._utils._rebuild_parameter": _parameter,
    "torch.storage._load_from_bytes": _storage,
    "torch.float32": torch.float32,
    "torch.float16": torch.float16,
    "numpy.ndarray": np.ndarray,
    "numpy.dtype": np.dtype,
    **{f"{room}.multiarray._reconstruct": _ARRAY for room in ("numpy.core", "numpy._core")},
    **{f"{room}.multiarray.scalar": _NUMBER for room in ("numpy.core", "numpy._core")},
}
"""Everything that a generator's pickle may call, by its own name, and what is called instead."""


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (full := f"{module}.{name}") not in ALLOWED:
            raise pickle.UnpicklingError(f"it wants {full}")
        return ALLOWED[full]

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to something outside")


def load_nvidia_pickle(path: str | Path, part: str = "G_ema") -> dict[str, Tensor]:
    """The state dict of one network of a file, under NVIDIA's names; `G_ema` is the generator to draw from.

    Nothing of the file is executed: objects other than tensors, numbers and plain containers are refused. Errors:
    WeightError when the file is missing, holds anything else, or has no such part.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightError(f"There is no weight file at {path}.", fix="Check the path.")
    try:
        with path.open("rb") as file:
            held = _Restricted(file).load()
        whole = held.get(part) if isinstance(held, Mapping) else None
        tensors = dict(_tensors(whole)) if isinstance(whole, Persistent) else {}
    except Exception as error:  # whatever a crafted file raises, it is not a generator
        raise WeightError(
            f"{path} is not a pickle of a StyleGAN, and opening it could run code: {error}.",
            fix="Use the file that the authors published, or its state dict as safetensors.",
        ) from error
    if not tensors:
        names = ", ".join(map(str, held)) if isinstance(held, Mapping) else "no dict"
        raise WeightError(f"{path} holds no network {part!r} (it holds {names}).", fix="Name another part, or file.")
    return tensors


def open_nvidia(path: str | Path) -> dict[str, Tensor]:
    """G_ema's state dict of an official pickle (.pkl), or any other file's own. Errors: WeightError."""
    return load_nvidia_pickle(path) if Path(path).suffix == ".pkl" else load_tensors(path)


def _tensors(module: Persistent, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Parameters and buffers of a module and of those in it, in the order of a state dict."""
    state = module.state
    if not isinstance(state, Mapping):
        raise pickle.UnpicklingError(f"{module.name or 'a module'} has no state")
    passing = state.get("_non_persistent_buffers_set", ())
    for kind in ("_parameters", "_buffers"):
        for name, value in dict(state.get(kind, {})).items():
            if isinstance(value, Tensor) and name not in passing:
                yield f"{prefix}{name}", value.detach().float()
    for name, inner in dict(state.get("_modules", {})).items():
        if isinstance(inner, Persistent):
            yield from _tensors(inner, f"{prefix}{name}.")
