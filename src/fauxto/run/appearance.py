"""How a picture looks, as a whole and up close: the second network of a model."""

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

    def whole(self, pixels: np.ndarray) -> np.ndarray:
        """The picture, uint8 `(h, w, 3)`, made small: uint8 `(1, size, size, 3)`."""
        return glance(pixels, self.short, self.size)[None]

    def parts(self, windows: np.ndarray) -> np.ndarray:
        """The middle of each of its windows: uint8 `(k, s, s, 3)` to `(k, size, size, 3)`.

        Errors: InputError for windows smaller than `size`.
        """
        edge = (windows.shape[1] - self.size) // 2
        if edge < 0:
            raise InputError(
                f"Windows of {windows.shape[1]} pixels are smaller than {self.size}.", fix="Read larger windows."
            )
        return windows[:, edge : edge + self.size, edge : edge + self.size]

    def take(self, pixels: np.ndarray, windows: np.ndarray) -> np.ndarray:
        """All views, the whole first: uint8 `(1 + k, size, size, 3)`."""
        return np.concatenate((self.whole(pixels), self.parts(windows)))


class Appearance:
    """The network and what its logit counts beside that of the texture.

    A view has two logits: one that counts where it is the whole, and one where it is a part; that of a picture is the
    first of the whole plus the mean of the second over the parts, scaled by `weight`. The hash of the ONNX file is
    checked at once, the network compiled at the first call.
    """

    def __init__(self, entry: Any, folder: Path, backend: str) -> None:
        try:
            self.views, self.weight = Views(int(entry["short"]), int(entry["size"])), float(entry["weight"])
            self.onnx, expected = folder / Path(entry["onnx"]).name, str(entry["sha256"])
        except (KeyError, TypeError, ValueError) as error:
            raise WeightError(
                f"The 'appearance' entry {entry!r:.80} in {folder / 'model.json'} needs onnx, sha256, short, size and "
                "weight.",
                fix="Export the model again, or install the package again.",
            ) from error
        self._backend = backend
        check_hash(self.onnx, expected)

    def whole(self, pixels: np.ndarray) -> float:
        """What a picture, uint8 `(h, w, 3)`, adds to its logit as a whole."""
        return self.weight * float(self._answers(self.views.whole(pixels))[0, 0])

    def parts(self, windows: np.ndarray) -> float:
        """What its windows, uint8 `(k, s, s, 3)`, add."""
        return self.weight * float(self._answers(self.views.parts(windows))[:, 1].astype(np.float64).mean())

    def _answers(self, views: np.ndarray) -> np.ndarray:
        """View by view: a batch of another size would be planned anew, and is no faster on one thread."""
        return np.stack([self._network(to_network(view[None])) for view in views])

    def open(self) -> None:
        """Compile the network now rather than at the first picture."""
        _ = self._network

    @cached_property
    def _network(self) -> Network:
        opened: Network = import_module(f"fauxto.backends.{self._backend}").open_network(self.onnx)
        return opened
