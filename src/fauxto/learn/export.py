"""From a trained network to the file that scans: ONNX, then int8 with static calibration on real crops."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime import InferenceSession
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from fauxto.errors import ContractError

OPSET = 17
INPUT, OUTPUT = "pixels", "logit"


def export_onnx(network: nn.Module, path: str | Path, size: int) -> None:
    """Write the network as ONNX: input `pixels` float32 `(n, 3, size, size)` in [0, 1], output `logit` `(n,)`.

    The batch is dynamic, the side is not: convolution libraries plan better for a known side.
    """
    training = network.training
    example = torch.rand(2, 3, size, size)
    torch.onnx.export(
        network.eval().to(memory_format=torch.contiguous_format),
        (example,),
        str(path),
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
    network.train(training)
    onnx.checker.check_model(str(path))


def quantize(source: str | Path, target: str | Path, crops: Iterable[np.ndarray]) -> None:
    """Static int8 (activations U8, weights S8 a channel) of an ONNX file, calibrated on float32 `(n, 3, h, w)` batches.

    The fixed filters in front of the first learned convolution stay in float: differences of neighbouring pixels are
    smaller than one step of an 8-bit range that also has to hold the pixels.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = str(Path(folder) / "prepared.onnx")
        quant_pre_process(str(source), prepared, skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        convolutions = [node for node in graph.node if node.op_type == "Conv"]
        fixed = [node.name for node in convolutions if any(a.name == "group" and a.i > 1 for a in node.attribute)]
        quantize_static(
            prepared,
            str(target),
            _Reader(iter(crops)),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            calibrate_method=CalibrationMethod.MinMax,
            op_types_to_quantize=["Conv", "Add", "Relu", "MaxPool"],
            nodes_to_exclude=fixed,
        )


def run_onnx(path: str | Path, crops: np.ndarray) -> np.ndarray:
    """Logits `(n,)` of float32 `(n, 3, h, w)` crops through ONNX Runtime, one crop at a time."""
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([OUTPUT], {INPUT: crop[None]})[0].reshape(1) for crop in crops])


def check_parity(network: nn.Module, path: str | Path, crops: np.ndarray, tolerance: float = 2e-3) -> float:
    """The largest |logit difference| between the torch network and its float ONNX file on real crops.

    Errors: ContractError above `tolerance` (float32 sums in another order differ by about 1e-4 here).
    """
    with torch.inference_mode():
        reference = network.eval()(torch.from_numpy(crops)).numpy()
    worst = float(np.abs(reference - run_onnx(path, crops)).max())
    if not worst <= tolerance:
        raise ContractError(
            f"The exported model differs from the network by {worst:.2e} in logit; expected at most {tolerance:.0e}.",
            fix="Export again from the evaluated network; if it stays, report the operator that differs.",
        )
    return worst


def file_sha256(path: str | Path) -> str:
    """The sha256 of a file as hex."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


class _Reader(CalibrationDataReader):
    def __init__(self, batches: Iterator[np.ndarray]) -> None:
        self.batches = batches

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.batches, None)
        return None if batch is None else {INPUT: batch}
