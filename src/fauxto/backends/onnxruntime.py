"""ONNX Runtime on one thread: for machines without OpenVINO, and as a second opinion on its arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fauxto.backends import Mapper
from fauxto.errors import ResourceError


class OnnxruntimeNetwork:
    """An ONNX Runtime session on the CPU; safe to call from several threads."""

    def __init__(self, onnx: Path) -> None:
        try:
            import onnxruntime  # noqa: PLC0415
        except ImportError as error:
            raise ResourceError(
                "The onnxruntime backend needs onnxruntime, which is not installed.",
                fix="Run: pip install onnxruntime; or leave out --backend.",
                code="missing_library",
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Logits `(k,)` of float32 pixels `(k, 3, s, s)` in [0, 1]."""
        return self.first(pixels).reshape(-1)

    def first(self, pixels: np.ndarray) -> np.ndarray:
        """The first output, as the network shapes it."""
        return np.asarray(self._session.run(None, {self._input: pixels})[0])


def open_network(onnx: Path) -> OnnxruntimeNetwork:
    """Open an ONNX file."""
    return OnnxruntimeNetwork(onnx)


def open_mapper(onnx: Path) -> Mapper:
    """Open an ONNX file whose first output is a map."""
    return OnnxruntimeNetwork(onnx).first
