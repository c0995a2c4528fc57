"""A model whose logit is known in closed form, and pictures made on the spot."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

SIZE, COUNT, GAIN = 32, 2, 16.0
REFERENCE = [-8 + i * 0.02 for i in range(300)]
"""Reference logits from -8 to -2: a picture darker than mid-grey is ordinary, a bright one is called."""


def write_model(folder: Path, *, gain: float = GAIN) -> Path:
    """A model folder: logit = gain * (mean of the pixels in [0, 1] - 0.5) for each window."""
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "half"], ["centred"]),
        helper.make_node("Mul", ["centred", "gain"], ["logit"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["n"])],
        [
            helper.make_tensor("half", TensorProto.FLOAT, [], [0.5]),
            helper.make_tensor("gain", TensorProto.FLOAT, [], [gain]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    description = {
        "name": "tiny",
        "version": "1",
        "system": "tiny",
        "onnx": "model.onnx",
        "sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
        "crop": {"size": SIZE, "count": COUNT},
        "pooling": "mean",
        "calibration": {"kind": "platt", "slope": 1.0, "intercept": 0.0},
        "populations": {"photographs": {"description": "made up", "n": 300, "logits": REFERENCE}},
        "abstain": {"min_side": 16},
    }
    (folder / "model.json").write_text(json.dumps(description))
    return folder


def no_whole() -> np.ndarray:
    """For a model that has no business with the whole picture."""
    raise AssertionError("The whole picture was asked for.")


def write_picture(path: Path, level: int, side: int = 48, seed: int = 0) -> Path:
    """A noisy picture around a grey level; the format is that of the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(level, side, seed)).save(path)
    return path


def noise(level: int, side: int = 48, seed: int = 0) -> np.ndarray:
    """Uint8 pixels within 20 of a grey level."""
    values = np.random.default_rng(seed).integers(level - 20, level + 21, (side, side, 3))
    return np.clip(values, 0, 255).astype(np.uint8)


DARK, BRIGHT = 60, 200
"""Grey levels whose pictures are "no_evidence" and "generated" under the tiny model."""
