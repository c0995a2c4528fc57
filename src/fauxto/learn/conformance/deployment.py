"""Checks of the way to the scanner: ONNX Runtime and OpenVINO give the network's own logits; speed is
printed.
"""

from __future__ import annotations

import copy
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import openvino
import torch

from fauxto.learn.conformance.pictures import few, picture
from fauxto.learn.conformance.report import Outcome, Subject
from fauxto.learn.export import INPUT, export_onnx

TOLERANCE = 1e-3
"""Times 1 + |logit|, fp32 against fp32: other kernels fuse batch norm into the convolutions and sum in
another order.
"""


def export_parity(subject: Subject) -> Outcome:
    """The exported network agrees with torch in both runtimes, on batches of one and three."""
    expected = f"ONNX Runtime and OpenVINO in fp32 within {TOLERANCE:g} (1 + |logit|) of torch, batch dimension free"
    fix = "Keep to operators that ONNX knows, with static shapes except the batch; see learn/export.py."
    network = copy.deepcopy(subject.network()).eval()
    windows = np.concatenate([subject.detector.preprocess(image)[:1] for image in few()[:3]])
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "model.onnx")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            export_onnx(network, file, windows.shape[-1])
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        compiled = openvino.Core().compile_model(
            file, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        )
        worst = {"ONNX Runtime": 0.0, "OpenVINO": 0.0}
        for batch in (windows[:1], windows):
            with torch.inference_mode():
                own = network(torch.from_numpy(batch)).numpy().reshape(-1)
            others = {
                "ONNX Runtime": session.run(None, {INPUT: batch})[0].reshape(-1),
                "OpenVINO": next(iter(compiled({INPUT: batch}).values())).reshape(-1),
            }
            for name, other in others.items():
                worst[name] = max(worst[name], float((np.abs(other - own) / (1 + np.abs(own))).max()))
    measured = ", ".join(f"{name} differs by {apart:.1e}" for name, apart in worst.items())
    # The tracer's warnings are about the detector: a value became a constant. Others are about the exporter.
    constants = sum(issubclass(warning.category, torch.jit.TracerWarning) for warning in caught)
    if constants:
        measured += f"; {constants} value(s) of the network became constants when traced"
    return Outcome("export", max(worst.values()) <= TOLERANCE, measured, expected, fix)


def throughput(subject: Subject) -> Outcome:
    """How many pictures of 1080 x 1350 a second go through `score` here, on torch's threads. Printed, never
    asserted.
    """
    images = [picture(1080, 1350, seed) for seed in range(4)]
    subject.detector.score(images[:1])
    start = time.perf_counter()
    subject.detector.score(images)
    rate = len(images) / (time.perf_counter() - start)
    measured = f"{rate:.1f} pictures/s in torch, {torch.get_num_threads()} thread(s), without decoding"
    return Outcome("throughput", True, measured, "printed, not judged", "")
