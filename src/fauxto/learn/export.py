"""From a trained network to the file that scans: ONNX, then int8 with static calibration on real crops."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
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
INPUT, OUTPUT, MAP = "pixels", "logit", "map"
PERCENTILE = 99.99
"""Activations beyond this percentile saturate. The full range costs 20 times the AUC: single outliers stretch the steps
that all other values have to share (measured on 422 pictures: 0.0046 against 0.0002)."""


SMALL = 64
"""Arrays of fewer numbers stay as exact as they are: biases and constants."""


def export_onnx(network: nn.Module, path: str | Path, size: int) -> None:
    """Write the network as ONNX: input `pixels` float32 `(n, 3, size, size)` in [0, 1], output `logit` `(n,)`.

    The batch is dynamic, the side is not: convolution libraries plan better for a known side.
    """
    training = network.training
    example = torch.rand(2, 3, size, size)
    torch.onnx.export(
        network.eval().to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
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


def export_localizer(network: nn.Module, path: str | Path, size: int) -> None:
    """Write a localizer as ONNX: `pixels` as above, outputs `map` float32 `(n, size, size)` and `logit` `(n,)`."""
    training = network.training
    torch.onnx.export(
        network.eval().to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
        (torch.rand(2, 3, size, size),),
        str(path),
        input_names=[INPUT],
        output_names=[MAP, OUTPUT],
        dynamic_axes={INPUT: {0: "n"}, MAP: {0: "n"}, OUTPUT: {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
    network.train(training)
    onnx.checker.check_model(str(path))


def export_map(network: nn.Module, path: str | Path, size: int) -> None:
    """Write a network from pixels to maps alone as ONNX: `pixels` float32 `(n, 3, h, w)` to `map` float32 `(n, h, w)`.

    All sides are dynamic, for pictures that are mapped in one piece; `size` is only that of the example.
    """
    training = network.training
    sides = {0: "n", 2: "h", 3: "w"}
    torch.onnx.export(
        network.eval().to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
        (torch.rand(1, 3, size, size),),
        str(path),
        input_names=[INPUT],
        output_names=[MAP],
        dynamic_axes={INPUT: sides, MAP: {0: "n", 1: "h", 2: "w"}},
        opset_version=OPSET,
        dynamo=False,
    )
    network.train(training)
    onnx.checker.check_model(str(path))


def quantize(source: str | Path, target: str | Path, crops: Iterable[np.ndarray]) -> None:
    """Static int8 (activations U8, weights S8 a channel) of an ONNX file, calibrated on float32 `(n, 3, h, w)` batches.

    Learned weights keep to 7 bits, -64 to 64: processors without VNNI add two products in 16 bits, which 8-bit weights
    overflow, so that the same picture got another logit there (up to 1.0 on real pictures; 7 bits cost 0.08).

    Fixed filters in front of the first learned convolution are kept exact. Where their weights are whole multiples of
    one number a filter, as second differences are, whole numbers times whole pixels lose nothing in int8. Other grouped
    convolutions stay in float: differences of neighbouring pixels would be smaller than one step of a calibrated range.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = str(Path(folder) / "prepared.onnx")
        quant_pre_process(str(source), prepared, skip_symbolic_shape=True)
        graph = onnx.load(prepared).graph
        exact = _exact_scales(graph)
        convolutions = [node for node in graph.node if node.op_type == "Conv" and node.input[1] not in exact]
        fixed = [node.name for node in convolutions if any(a.name == "group" and a.i > 1 for a in node.attribute)]
        quantize_static(
            prepared,
            str(target),
            _Reader(iter(crops)),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            calibrate_method=CalibrationMethod.Percentile,
            op_types_to_quantize=["Conv", "Add", "Relu", "MaxPool", "Clip", *(["Pad"] if exact else [])],
            nodes_to_exclude=fixed,
            extra_options={"CalibPercentile": PERCENTILE, "TensorQuantOverrides": exact},
        )


def halve(path: str | Path) -> None:
    """Store the weights of an ONNX file as float16, half the size; float32 again before anything is computed."""
    model = onnx.load(str(path))
    stored, casts = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= SMALL:
            half = f"{tensor.name}_half"
            stored.append(numpy_helper.from_array(values.astype(np.float16), half))
            casts.append(onnx.helper.make_node("Cast", [half], [tensor.name], to=onnx.TensorProto.FLOAT))
        else:
            stored.append(tensor)
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(stored)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _exact_scales(graph: onnx.GraphProto) -> dict[str, list[dict[str, Any]]]:
    """Scales that make the fixed filters on the pixels exact, by tensor, as `quantize_static` takes them; maybe none.

    A pixel is a whole number of 1/255; a weight has to be a whole number, at most 127, of the smallest in its row.
    """
    pixels = {INPUT}
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    scales: dict[str, list[dict[str, Any]]] = {}
    for node in graph.node:
        if node.op_type in {"Pad", "Slice"} and node.input[0] in pixels:
            pixels.add(node.output[0])
        elif node.op_type == "Conv" and node.input[0] in pixels and node.input[1] in weights:
            rows = np.abs(weights[node.input[1]]).reshape(len(weights[node.input[1]]), -1)
            steps = np.min(rows, axis=1, where=rows > 0, initial=np.inf)
            multiples = rows / steps[:, None]
            if multiples.max() < 127.5 and np.abs(multiples - np.rint(multiples)).max() < 1e-4:
                own = [_scale(step, QuantType.QInt8, np.int8) for step in steps]
                scales[node.input[1]] = [entry | {"axis": 0} for entry in own]
                scales |= {name: [_scale(1 / 255, QuantType.QUInt8, np.uint8)] for name in pixels}
    return scales


def _scale(step: float, kind: QuantType, dtype: type[np.integer[Any]]) -> dict[str, Any]:
    return {"quant_type": kind, "scale": np.asarray(step, np.float32), "zero_point": np.asarray(0, dtype)}


def run_onnx(path: str | Path, crops: np.ndarray) -> np.ndarray:
    """The logits of float32 `(n, 3, h, w)` crops through ONNX Runtime, one crop at a time."""
    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([OUTPUT], {INPUT: crop[None]})[0] for crop in crops])


def check_parity(network: nn.Module, path: str | Path, crops: np.ndarray, tolerance: float = 2e-3) -> float:
    """The largest |logit difference| between the torch network and its float ONNX file on real crops.

    Errors: ContractError above `tolerance` (float32 sums in another order differ by about 1e-4 here).
    """
    with torch.inference_mode():
        reference = network.eval()(torch.from_numpy(crops)).numpy()
    worst = float(np.abs(reference - run_onnx(path, crops).reshape(reference.shape)).max())
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
