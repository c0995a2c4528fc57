"""A frozen feature network at full speed: exported once, run by OpenVINO with one network a thread, checked first."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from queue import Empty, LifoQueue
from tempfile import TemporaryDirectory

import numpy as np
import torch

from fauxto.backends.openvino import OpenvinoNetwork, open_network
from fauxto.errors import ContractError, ResourceError
from fauxto.learn.export import export_onnx
from fauxto.nn.feature_network import FeatureNetwork

Engine = Callable[[np.ndarray], np.ndarray]
"""float32 pixels `(n, 3, size, size)` in 0 to 255 to float32 features `(n, width)`; threads may share it."""

TOLERANCE = 1e-4
"""Largest error of the exported network, relative to the spread of the features; float32 sums in another order give
about 1e-6. A distance moves by less than twice this share of itself."""


def torch_engine(network: FeatureNetwork) -> Engine:
    """The network itself, in torch's layout for convolutions on a CPU."""
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.features


def fast_engine(network: FeatureNetwork, folder: Path | None = None) -> Engine:
    """The network through OpenVINO in float32; the exported file is kept in `folder` under the network's identity.

    Errors: ResourceError when the network cannot be exported; ContractError when what was exported computes something
    else than the network.
    """
    with TemporaryDirectory() as temporary:
        name = sha256(network.identity.encode()).hexdigest()[:16]
        path = (folder or Path(temporary)) / f"{name}.onnx"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _export(network, path)
        engine = _Pool(path.read_bytes() if folder is None else path, network.shape.width)
        check(network, engine)
    return engine


def check(network: FeatureNetwork, engine: Engine, seed: int = 0) -> float:
    """The largest error of the engine on two noise pictures, relative to the features' spread.

    Errors: ContractError above `TOLERANCE`.
    """
    side = network.shape.size
    coarse = np.random.default_rng(seed).integers(0, 256, (2, 3, 8, 8)).astype(np.float32)
    rows = np.arange(side) * 8 // side
    pixels = np.ascontiguousarray(coarse[:, :, rows][..., rows])
    expected = network.features(pixels)
    error = float(np.abs(engine(pixels) - expected).max() / max(float(expected.std()), 1e-12))
    if not error <= TOLERANCE:
        raise ContractError(
            f"The exported network differs by {error:.1e} of the features' spread; expected at most {TOLERANCE:.0e}.",
            fix="Use --engine torch, and report the network.",
        )
    return error


class _Pool:
    """A compiled network for each call under way, kept for the next: two threads in one would wait for each other."""

    def __init__(self, onnx: Path | bytes, width: int) -> None:
        self._onnx, self._width = onnx, width
        self._idle: LifoQueue[OpenvinoNetwork] = LifoQueue()
        self._one_compiles = threading.Lock()

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        try:
            network = self._idle.get_nowait()
        except Empty:
            with self._one_compiles:
                network = self._open()
        flat = network(np.ascontiguousarray(pixels))
        self._idle.put(network)
        return flat.reshape(len(pixels), self._width)

    def _open(self) -> OpenvinoNetwork:
        if isinstance(self._onnx, Path):
            return open_network(self._onnx)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "network.onnx"
            path.write_bytes(self._onnx)
            return open_network(path)


def _export(network: FeatureNetwork, path: Path) -> None:
    partial = path.with_suffix(".partial")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's exporter; what it wrote is checked against the network
            export_onnx(network, partial, network.shape.size)
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        raise ResourceError(
            f"This network cannot be exported: {str(error).splitlines()[0]}", fix="Use --engine torch."
        ) from error
    partial.replace(path)
