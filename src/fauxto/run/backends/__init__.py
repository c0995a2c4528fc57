"""What runs the network: one file a library, each with `open_network(onnx) -> Network`."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Network(Protocol):
    """An exported detector: float32 `(k, 3, s, s)` in [0, 1] to float32 `(k,)` logits, deterministic."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...  # noqa: D102
