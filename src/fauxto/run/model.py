"""The shipped detector: its description (model.json), checked, and its network, opened when first asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.backends import Network
from fauxto.errors import ContractError, InputError, WeightError
from fauxto.media.crops import CropSpec, to_network
from fauxto.run.appearance import Appearance
from fauxto.run.description import canonical, check_hash, digest_of, read_description
from fauxto.run.pooling import RULES, Settle, middle, pooled

BACKENDS = ("openvino", "onnxruntime")
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
"""Where the package keeps its own models, a folder each."""

_NEEDED: dict[str, type] = {
    "name": str,
    "version": str,
    "onnx": str,
    "sha256": str,
    "crop": dict,
    "calibration": dict,
    "populations": dict,
    "abstain": dict,
}


_READING = ("crop", "calibration", "populations")
"""What belongs to one way of reading a picture."""


@dataclass(frozen=True, slots=True)
class Score:
    """The logit of a picture, higher = more likely generated, and what it is the sum of.

    `texture` is what its windows give at native resolution: None where the look of the whole settled the picture.
    `appearance` is what its look adds: None where the model has no such part. Where a picture was settled, a constant
    stands in `logit` for what was not asked.
    """

    logit: float
    texture: float | None
    appearance: float | None


class Model:
    """A scoring network with everything that turns its logit into a verdict.

    `folder` holds model.json and the ONNX file that it names; the hash is checked before a byte of it is
    parsed. `sha256` is that of the ONNX file, or of both one after the other (`cat model.onnx appearance.onnx`) where
    there are two. Raises `WeightError` for a description that is missing, incomplete or does not fit its network.
    The network itself is compiled at the first call, so that a process which only needs the description
    pays nothing. `thorough` reads more windows, with the calibration and the references that belong to them:
    `InputError` where the model has no such entry.
    """

    def __init__(self, folder: Path, backend: str = "openvino", *, thorough: bool = False) -> None:
        if backend not in BACKENDS:
            raise InputError(
                f"Unknown backend {backend!r}.", fix=f"Choose one of: {', '.join(BACKENDS)}.", code="usage"
            )
        description = read_description(folder / "model.json", _NEEDED)
        self.folder, self.backend = folder, backend
        self.name: str = description["name"]
        self.version: str = description["version"]
        self.sha256: str = description["sha256"]
        self.abstain: dict[str, float] = description["abstain"]
        self.thorough, self.reads_thoroughly = thorough, description.get("thorough") is not None
        reading = _thorough(description, folder) if thorough else description
        self.calibration: dict[str, Any] = reading["calibration"]
        self.populations: dict[str, dict[str, Any]] = reading["populations"]
        self.crop = _crop(reading["crop"], folder)
        self.rule = _rule(reading, folder)
        self.settle = _settle(reading, folder)
        self.description_sha256 = hashlib.sha256(canonical(description)).hexdigest()
        self._onnx = folder / Path(description["onnx"]).name
        check_hash(self._onnx, self.sha256)
        entry = description.get("appearance")
        self.appearance = None if entry is None else Appearance(entry, folder, backend)
        if self.appearance is not None:
            self.sha256 = digest_of(self._onnx, self.appearance.onnx)

    @property
    def identity(self) -> dict[str, str]:
        """The `model` entry of a Finding."""
        return {
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "backend": self.backend,
            "reading": "thorough" if self.thorough else "standard",
        }

    def open(self) -> None:
        """Compile the networks now rather than at the first picture."""
        _ = self._network
        if self.appearance is not None:
            self.appearance.open()

    def logits(self, crops: np.ndarray) -> np.ndarray:
        """The logit of each window: uint8 `(k, s, s, 3)` to float32 `(k,)`."""
        size = self.crop.size
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise ContractError(
                f"Expected uint8 windows of shape (k, {size}, {size}, 3); got {crops.dtype} {crops.shape}.",
                fix="Cut the windows with fauxto.media.crops.take and the model's own crop.",
            )
        logits = self._network(to_network(crops))
        if logits.shape != (len(crops),):
            raise WeightError(
                f"Expected {len(crops)} logits from {self._onnx.name}; got shape {logits.shape}.",
                fix="Export the model again with one logit a window and a dynamic batch.",
            )
        return logits

    def score(self, crops: np.ndarray, whole: Callable[[], np.ndarray]) -> Score:
        """The score of a picture from its windows and, where the model has an appearance, from the whole of it.

        What tells most photographs at the least cost is asked first, and where that settles a picture nothing else is:
        the look of the whole, uint8 `(h, w, 3)` as `whole` gives it, then the texture, then the look of the middle
        window (of all windows, where it reads thoroughly). A model without an appearance asks the middle window first.
        """
        if self.appearance is None:
            texture = pooled(self.logits, crops, self.settle[0] if self.settle else None, self.rule)
            return Score(texture, texture, None)
        look = self.appearance.whole(whole())
        if (rest := self._settled(0, look)) is not None:
            return Score(look + rest, None, look)
        texture = self.rule(self.logits(crops))
        if (rest := self._settled(1, look + texture)) is not None:
            return Score(look + texture + rest, texture, look)
        seen = look + self.appearance.parts(crops if self.thorough else middle(crops))
        return Score(texture + seen, texture, seen)

    def _settled(self, step: int, logit: float) -> float | None:
        """What stands for all that is asked after this step, if its logit settles a picture."""
        if step < len(self.settle) and logit < self.settle[step].below:
            return self.settle[step].instead
        return None

    @cached_property
    def _network(self) -> Network:
        opened: Network = import_module(f"fauxto.backends.{self.backend}").open_network(self._onnx)
        return opened


def load(path_or_name: str | Path = "house", backend: str = "openvino", *, thorough: bool = False) -> Model:
    """A model by the folder that holds its model.json, or by the name of one that the package ships."""
    given = Path(path_or_name)
    if (given / "model.json").is_file():
        return Model(given, backend, thorough=thorough)
    if isinstance(path_or_name, str) and given.name == path_or_name:
        shipped = WEIGHTS / path_or_name
        if (shipped / "model.json").is_file():
            return Model(shipped, backend, thorough=thorough)
    ours = sorted(file.parent.name for file in WEIGHTS.glob("*/model.json") if b'"crop"' in file.read_bytes())
    raise WeightError(
        f"No model.json in {given}, and no shipped model of that name.",
        fix=f"Give the folder of a model, or one of: {', '.join(ours) or '(none shipped)'}.",
    )


def _crop(entry: dict[str, Any], folder: Path) -> CropSpec:
    try:
        return CropSpec(
            int(entry["size"]), int(entry["count"]), tuple(float(share) for share in entry.get("at", [0.5]))
        )
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise WeightError(
            f"The 'crop' entry {entry!r:.80} in {folder / 'model.json'} needs an even size, a count and heights.",
            fix="Export the model again, or install the package again.",
        ) from error


def _thorough(description: dict[str, Any], folder: Path) -> dict[str, Any]:
    entry = description.get("thorough")
    if entry is None:
        raise InputError(
            f"The model in {folder} has no thorough reading.", fix="Scan without --thorough.", code="usage"
        )
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), dict) for key in _READING):
        raise WeightError(
            f"The 'thorough' entry in {folder / 'model.json'} needs objects {', '.join(_READING)}.",
            fix="Export the model again, or install the package again.",
        )
    return entry


def _rule(reading: dict[str, Any], folder: Path) -> Callable[[np.ndarray], float]:
    name = reading.get("pooling", "mean")
    if name not in RULES:
        raise WeightError(
            f"{folder / 'model.json'} asks for pooling {name!r:.80}; known are {', '.join(RULES)}.",
            fix="Update fauxto.",
        )
    return RULES[name]


def _settle(reading: dict[str, Any], folder: Path) -> tuple[Settle, ...]:
    entry = reading.get("settle")
    if entry is None:
        return ()
    try:
        return tuple(Settle(float(step["below"]), float(step["instead"])) for step in entry["steps"])
    except (KeyError, TypeError, ValueError) as error:
        raise WeightError(
            f"The 'settle' entry {entry!r:.80} in {folder / 'model.json'} needs steps with numbers below and instead.",
            fix="Export the model again, or install the package again.",
        ) from error
