"""What runs a network: one file a library, each with `open_network` for detectors and `open_mapper` for localizers."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Mapper(Protocol):
    """An exported localizer: float32 `(k, 3, s, s)` in [0, 1] to maps of logits, float32 `(k, s, s)`, deterministic."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...  # noqa: D102


class Network(Protocol):
    """An exported detector: float32 `(k, 3, s, s)` in [0, 1] to float32 `(k,)` logits, deterministic."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...  # noqa: D102
