"""OpenVINO on one thread of the CPU: the fastest for int8 convolutions, and the default."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from fauxto.backends import Mapper
from fauxto.errors import ContractError

SETTINGS = {
    "INFERENCE_NUM_THREADS": 1,
    "NUM_STREAMS": 1,
    "PERFORMANCE_HINT": "LATENCY",
    "INFERENCE_PRECISION_HINT": "f32",
    "ENABLE_CPU_PINNING": False,
}
"""One thread and one stream, because every core has a process of its own; no pinning, for the same reason.

The precision is set to f32 because OpenVINO would otherwise take bfloat16 on CPUs that have it, and the same
picture would get another logit on another machine. Layers that were exported as int8 stay int8.
"""

FORGETFUL = SETTINGS | {"CPU_RUNTIME_CACHE_CAPACITY": 0}
"""For what meets a new shape with nearly every picture: what is otherwise kept of each shape grew to gigabytes. 60
shapes take as long without it.
"""


class OpenvinoNetwork:
    """A compiled ONNX file; one call at a time, other threads wait."""

    def __init__(self, onnx: Path, settings: Mapping[str, Any] = SETTINGS) -> None:
        runtime = _runtime()
        core = runtime.Core()
        compiled = core.compile_model(core.read_model(onnx), "CPU", dict(settings))
        self._request, self._wanted = compiled.create_infer_request(), compiled.input(0).partial_shape
        self._shape_of = runtime.PartialShape
        self._one_at_a_time = threading.Lock()

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Logits `(k,)` of float32 pixels `(k, 3, s, s)` in [0, 1]."""
        return self.first(pixels).reshape(-1)

    def first(self, pixels: np.ndarray) -> np.ndarray:
        """A copy of the first output, as the network shapes it. Errors: ContractError for pixels that do not fit.

        The runtime would answer those with what it held before, where the batch is dynamic, or crash.
        """
        if not self._wanted.compatible(self._shape_of(list(pixels.shape))):
            raise ContractError(
                f"The network takes pixels of shape {self._wanted}; got {list(pixels.shape)}.",
                fix="Cut windows of the size that the description of the model names.",
            )
        with self._one_at_a_time:
            values: np.ndarray = self._request.infer({0: pixels})[0]
            return values.copy()


def open_network(onnx: Path) -> OpenvinoNetwork:
    """Compile an ONNX file for this CPU."""
    return OpenvinoNetwork(onnx)


def open_mapper(onnx: Path) -> Mapper:
    """Compile an ONNX file whose first output is a map."""
    return OpenvinoNetwork(onnx, FORGETFUL).first


def _runtime() -> ModuleType:
    """OpenVINO without its model converter, which brings along 0.1 s and a telemetry client."""
    converter = "openvino.tools.ovc"
    hide = "openvino" not in sys.modules and converter not in sys.modules
    if hide:
        sys.modules[converter] = None  # type: ignore[assignment]  # Python's own way to make an import fail
    try:
        import openvino  # noqa: PLC0415
    finally:
        if hide:
            del sys.modules[converter]
    runtime: ModuleType = openvino
    return runtime
