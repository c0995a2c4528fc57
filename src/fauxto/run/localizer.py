"""The shipped localizer: its description, checked, and its network, opened when first asked; without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.backends import Mapper
from fauxto.errors import InputError, WeightError
from fauxto.media.tiles import assemble, cut_tile, fill_tile, tile_boxes
from fauxto.run.description import canonical, check_hash, read_description
from fauxto.run.model import WEIGHTS, Model
from fauxto.verdict import decides_from

NAME = "house-localizer"

_NEEDED: dict[str, type] = {
    "name": str,
    "version": str,
    "onnx": str,
    "sha256": str,
    "tile": int,
    "overlap": int,
    "most_tiles": int,
    "top_share": float,
    "decides": bool,
    "populations": dict,
}


class LocalizerModel:
    """A network that maps altered regions, with the untouched photographs that its maps are read against.

    `decides` says whether its map may call a picture edited at all (see `decides_at`), or is a hint only; `step`, if
    any, that the network takes tiles of any multiple of it (see `media.tiles.cut_tile`). `folder` and errors as in
    `Model`.
    """

    def __init__(self, folder: Path, backend: str = "openvino") -> None:
        description = read_description(folder / "model.json", _NEEDED)
        self.backend = backend
        self.name: str = description["name"]
        self.version: str = description["version"]
        self.sha256: str = description["sha256"]
        self.tile: int = description["tile"]
        self.overlap: int = description["overlap"]
        self.most_tiles: int = description["most_tiles"]
        self.step: int | None = _step(description)
        self.top_share: float = description["top_share"]
        self.decides: bool = description["decides"]
        self.populations: dict[str, dict[str, Any]] = description["populations"]
        self.description_sha256 = hashlib.sha256(canonical(description)).hexdigest()
        self._onnx = folder / Path(description["onnx"]).name
        check_hash(self._onnx, self.sha256)
        try:
            tile_boxes(1, 1, self.tile, self.overlap, self.most_tiles)
        except InputError as error:
            raise WeightError(f"{folder / 'model.json'}: {error.what}", fix="Install the model again.") from error

    def decides_at(self, fpr: float, detector: Model) -> bool:
        """Whether its map may call a picture edited at this bound, beside this detector."""
        return self.decides and fpr >= decides_from(self.populations, detector.populations)

    def logits(self, pixels: np.ndarray, between: Callable[[], None] = lambda: None) -> np.ndarray:
        """The map of a whole picture, uint8 `(h, w, 3)`: float32 `(h, w)`, NaN where a large picture is not read.

        `between` is called before each tile, and may raise to stop.
        """
        height, width = pixels.shape[:2]
        boxes = tile_boxes(width, height, self.tile, self.overlap, self.most_tiles)
        maps = []
        for box in boxes:
            between()
            tile = cut_tile(pixels, box, self.tile, self.step)[None].transpose(0, 3, 1, 2)
            found = self._network(np.ascontiguousarray(tile, dtype=np.float32) / np.float32(255))
            if found.shape != (1, *tile.shape[2:]):
                raise WeightError(
                    f"Expected a map {(1, *tile.shape[2:])} from {self._onnx.name}; got {found.shape}.",
                    fix="Export the localizer again.",
                )
            maps.append(fill_tile(found[0], self.tile))
        return assemble(maps, boxes, width, height, self.tile)

    @cached_property
    def _network(self) -> Mapper:
        opened: Mapper = import_module(f"fauxto.backends.{self.backend}").open_mapper(self._onnx)
        return opened


def _step(description: dict[str, Any]) -> int | None:
    step = description.get("step")
    if step is None or (isinstance(step, int) and 0 < step <= description["tile"] and description["tile"] % step == 0):
        return step
    raise WeightError(
        f"A localizer's step divides its tile of {description['tile']}; got {step!r}.", fix="Install the model again."
    )


def load_localizer(path_or_name: str | Path = NAME, backend: str = "openvino") -> LocalizerModel:
    """A localizer by the folder that holds its model.json, or by the name of a shipped one. Errors: WeightError."""
    given = Path(path_or_name)
    for folder in (given, WEIGHTS / given.name):
        if (folder / "model.json").is_file():
            return LocalizerModel(folder, backend)
    raise WeightError(
        f"No model.json in {given}, and no shipped localizer of that name.",
        fix="Give the folder of a localizer, or install the package again.",
    )
