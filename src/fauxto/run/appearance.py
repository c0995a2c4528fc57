"""How a picture looks, as a whole and up close: the second network of a model, asked where the first is not enough."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.backends import Network
from fauxto.errors import InputError, WeightError
from fauxto.media.crops import to_network
from fauxto.media.squash import glance
from fauxto.run.description import check_hash


@dataclass(frozen=True, slots=True)
class Views:
    """What the network sees: squares of `size` pixels, of the whole picture (short side `short`) and of its windows."""

    short: int
    size: int

    def take(self, pixels: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """The picture, uint8 `(h, w, 3)`, then the middle of each of its windows, uint8 `(k, s, s, 3)`.

        Gives uint8 `(1 + k, size, size, 3)`. Errors: InputError for windows smaller than `size`.
        """
        edge = (windows.shape[1] - self.size) // 2
        if edge < 0:
            raise InputError(
                f"Windows of {windows.shape[1]} pixels are smaller than {self.size}.", fix="Read larger windows."
            )
        near = windows[:, edge : edge + self.size, edge : edge + self.size]
        return np.concatenate((glance(pixels, self.short, self.size)[None], near))


def combine(answers: np.ndarray) -> float:
    """One logit from what the network answers to `Views.take`, `(1 + k, 2)`: of each view as a whole, and as a part."""
    return float(answers[0, 0]) + float(answers[1:, 1].astype(np.float64).mean())


class Appearance:
    """The network and what its logit counts beside that of the texture.

    `weight` scales its logit; `settled` stands for it, already scaled, where the texture settled a picture and this
    network was not asked. The hash of the ONNX file is checked at once, the network compiled at the first call.
    """

    def __init__(self, entry: Any, folder: Path, backend: str) -> None:
        try:
            self.views = Views(int(entry["short"]), int(entry["size"]))
            self.weight, self.settled = float(entry["weight"]), float(entry["settled"])
            self.onnx, expected = folder / Path(entry["onnx"]).name, str(entry["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise WeightError(
                f"The 'appearance' entry {entry!r:.80} in {folder / 'model.json'} needs onnx, sha256, short, size, "
                "weight and settled.",
                fix="Export the model again, or install the package again.",
            ) from error
        self._backend = backend
        check_hash(self.onnx, expected)

    def logit(self, pixels: np.ndarray, windows: np.ndarray) -> float:
        """What a picture, uint8 `(h, w, 3)`, and its windows, uint8 `(k, s, s, 3)`, add to its logit."""
        return self.weight * combine(self._network(to_network(self.views.take(pixels, windows))).reshape(-1, 2))

    def open(self) -> None:
        """Compile the network now rather than at the first picture."""
        _ = self._network

    @cached_property
    def _network(self) -> Network:
        opened: Network = import_module(f"fauxto.backends.{self._backend}").open_network(self.onnx)
        return opened
