"""What exporters and runtimes get wrong, and our forms that they get right; see docs/porting-pitfalls.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openvino
import pytest
import torch
from onnxruntime import InferenceSession
from torch import Tensor, nn

from fauxto.learn.export import INPUT, export_onnx
from fauxto.nn.logits import log_sum_exp
from fauxto.nn.residual import NeighbourResidual

SIDE = 8


def runtimes(network: nn.Module, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What torch, ONNX Runtime and OpenVINO (float32) make of five pictures."""
    pixels = torch.rand(5, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours = network.eval()(pixels).numpy()
    export_onnx(network, folder / "network.onnx", SIDE)
    onnx = InferenceSession(folder / "network.onnx").run(None, {INPUT: pixels.numpy()})[0]
    compiled = openvino.Core().compile_model(folder / "network.onnx", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return ours, onnx, compiled(pixels.numpy())[0].reshape(-1)


class Reshaped(nn.Module):
    """A residual, then a reshape whose length is to be inferred: the constant -1 that the exporter shares."""

    def __init__(self) -> None:
        super().__init__()
        self.residual = NeighbourResidual()

    def forward(self, pixels: Tensor) -> Tensor:
        found = self.residual(pixels)
        return found.reshape(found.shape[0], -1).square().mean(-1)


class Summed(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, pixels: Tensor) -> Tensor:
        return log_sum_exp(4 * pixels.flatten(1)[:, : self.count] - 2)


class Streams(nn.Module):
    """The heads of ALEI on features `(streams, n, width)`: multiplied first, transposed then."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.heads = nn.Parameter(torch.randn(3, 8, generator=generator))

    def forward(self, pixels: Tensor) -> Tensor:
        features = torch.stack([pixels.flatten(1)[:, 8 * i : 8 * i + 8] for i in range(3)])
        return (features * self.heads[:, None]).sum(-1).transpose(0, 1).mean(1)


@pytest.mark.parametrize("network", [Reshaped(), Summed(2), Summed(5), Streams()], ids=lambda n: type(n).__name__)
def test_every_runtime_computes_what_torch_does(network, tmp_path):
    ours, onnx, vino = runtimes(network, tmp_path)
    np.testing.assert_allclose(onnx, ours, atol=1e-5)
    np.testing.assert_allclose(vino, ours, atol=1e-5)
