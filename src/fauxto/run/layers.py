"""The maps that can lie over a scanned picture, each made when it is asked for, in a worker.

One of the score, one of altered regions, one of every forensic tool that says where. A localizer or a tool that is
added appears here by itself.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import asdict
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import TypeAdapter

from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.finding import Finding
from fauxto.run import source
from fauxto.run.options import Options
from fauxto.run.pool import Failure, Pool
from fauxto.run.worker import Handler
from fauxto.verdict.layer import HEATMAP, LOCALIZER, REGION_TITLE, SCORE_TITLE, Layer, evidence_of, of_regions, of_score

if TYPE_CHECKING:
    from fauxto.media.decode import Opened
    from fauxto.run.localizer import LocalizerModel
    from fauxto.run.model import Model

SECONDS = 60.0
"""Wall time for one map."""

SIDE = 1024
"""Of the longer side of a map, at most: it is drawn over a picture on a screen."""

_HEAD = struct.Struct(">III")
_FORM = TypeAdapter(Layer)


@cache
def available() -> dict[str, str]:
    """The layers that can be made here, by name, each with its title."""
    from fauxto.forensics.tools import TOOLS, tool  # noqa: PLC0415
    from fauxto.run.localizer import NAME  # noqa: PLC0415
    from fauxto.run.model import WEIGHTS  # noqa: PLC0415

    found = {HEATMAP: SCORE_TITLE}
    if (WEIGHTS / NAME / "model.json").is_file():
        found[LOCALIZER] = REGION_TITLE
    if all(find_spec(name) for name in ("cv2", "pywt", "scipy")):
        abouts = [tool(name)[1] for name in TOOLS]
        found |= {about.name: about.title for about in abouts if about.maps}
    return found


def names(finding: Finding) -> list[str]:
    """The layers that a picture can have: all but those of tools that said already that they have no place to show."""
    if finding.status != "ok":
        return []
    values = [item.value for item in finding.evidence if item.layer == "forensics" and isinstance(item.value, dict)]
    placeless = {value.get("name") for value in values if value.get("maps") is False}
    return [name for name in available() if name not in placeless]


class Layers:
    """Gives the layers of scanned files; close it, or use it in a `with`."""

    def __init__(self, options: Options) -> None:
        self._pool: Pool[None] = Pool(open_layers, options.to_json(), workers=1, seconds=SECONDS, memory=options.memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def __call__(self, path: Path, finding: Finding, name: str, *, windows: bool) -> tuple[Layer, np.ndarray | None]:
        """The layer `name` of the file at `path`, and its map, uint8 `(h, w)`, 255 = warmest; None without a place.

        `finding` is what a scan of the file found; `windows` says whether its regions are those of the heat map, which
        is then drawn from them. Errors: InputError and ResourceError with what is wrong.
        """
        told = {
            "path": str(path),
            "name": name,
            "windows": windows,
            "finding": finding.to_dict() | {"provenance": None},
        }
        [(_, answer)] = self._pool.map([(None, json.dumps(told).encode())])
        if answer is None or isinstance(answer, Failure):
            raise ResourceError(answer.what if answer else "There was no answer.", fix="Look at another layer.")
        try:
            return _unpacked(answer, name)
        except (ValueError, struct.error, RecursionError) as error:
            raise ResourceError("The worker's answer makes no sense.", fix="Look at another layer.") from error


def open_layers(settings: str) -> Handler:
    """Set up a worker."""
    drawer = _Drawer(Options.from_json(settings))

    def answer(request: bytes) -> bytes:
        asked = json.loads(request)
        finding = Finding.from_dict(asked["finding"])
        try:
            return _packed(*drawer.draw(asked["path"], finding, asked["name"], asked["windows"]))
        except FauxtoError as error:
            return b"!" + json.dumps([error.code, error.what, error.fix]).encode()
        except MemoryError:
            return b"!" + json.dumps(["memory", "It takes more memory than there is.", ""]).encode()

    return answer


class _Drawer:
    """The worker's side: a picture, a Finding and a name in, a layer and its heat out."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def draw(self, path: str, finding: Finding, name: str, windows: bool) -> tuple[Layer, np.ndarray | None]:
        if name == HEATMAP:
            return of_score(finding), self._score(path, finding, windows)
        if name == LOCALIZER:
            return self._regions(path, finding)
        from fauxto.forensics import examine  # noqa: PLC0415
        from fauxto.verdict.layer import of_tool  # noqa: PLC0415

        [found] = examine(self._open(path, finding), [name], self.options.limits)
        return of_tool(found), found.trace.map

    def _score(self, path: str, finding: Finding, windows: bool) -> np.ndarray:
        from fauxto.verdict import heatmap  # noqa: PLC0415

        regions = finding.regions
        if not windows:
            if self._model.sha256 != (finding.model or {}).get("sha256"):
                raise InputError(
                    "The verdict is that of another detector than the one here now.", fix="Scan the picture again."
                )
            everywhere = heatmap.everywhere(finding)
            regions = heatmap.heatmap(
                self._open(path, finding).read(),
                lambda crops: self._model.logits(crops) + np.float32(everywhere),
                self._model.crop.size,
            )
        return heatmap.heat(regions, *heatmap.scale(finding, regions), max_side=SIDE // 2)

    def _regions(self, path: str, finding: Finding) -> tuple[Layer, np.ndarray]:
        from fauxto.verdict.altered import judge_map  # noqa: PLC0415
        from fauxto.verdict.altered_wording import altered  # noqa: PLC0415

        model = self._localizer
        logits = model.logits(self._open(path, finding).read())
        item = evidence_of(finding, "localizer")
        if item is None:
            bound = finding.fpr or self.options.fpr  # the verdict is made: what is mapped now is no part of it
            item = altered(judge_map(logits, model.populations, bound, share=model.top_share, counts=False))
        heat = np.nan_to_num(1 / (1 + np.exp(-logits)), nan=0.0)
        return of_regions(item, finding, model.name, maps=True), heat

    def _open(self, path: str, finding: Finding) -> Opened:
        from fauxto.media.decode import open_picture  # noqa: PLC0415

        data = source.read(path, self.options.limits)
        if hashlib.sha256(data).hexdigest() != finding.sha256:
            raise InputError("It is not the file that was scanned any more.", fix="Scan it again.")
        return open_picture(data, self.options.limits)

    @cached_property
    def _model(self) -> Model:
        from fauxto.run.model import load  # noqa: PLC0415

        return load(self.options.model, self.options.backend)

    @cached_property
    def _localizer(self) -> LocalizerModel:
        from fauxto.run.localizer import load_localizer  # noqa: PLC0415

        return load_localizer(backend=self.options.backend)


def _packed(layer: Layer, heat: np.ndarray | None) -> bytes:
    words = json.dumps(asdict(layer)).encode()
    drawn = _shrunk(heat) if heat is not None else np.zeros((0, 0), np.uint8)
    return b"=" + _HEAD.pack(len(words), *drawn.shape) + words + drawn.tobytes()


def _unpacked(answer: bytes, name: str) -> tuple[Layer, np.ndarray | None]:
    """A worker's answer, if it has the form of one: a codec that was taken over may answer anything."""
    if answer[:1] == b"!":
        what, fix = _texts(json.loads(answer[1:]))
        raise ResourceError(what, fix=fix)
    length, height, width = _HEAD.unpack_from(answer, 1)
    start = 1 + _HEAD.size
    words, drawn = answer[start : start + length], answer[start + length :]
    layer = _FORM.validate_python(json.loads(words, parse_constant=_refuse))
    json.dumps(asdict(layer), ensure_ascii=False).encode("utf-8")
    if answer[:1] != b"=" or layer.name != name or max(height, width) > SIDE or len(drawn) != height * width:
        raise ValueError("another layer, or no map")
    if not layer.maps or not drawn:
        return layer, None
    return layer, np.frombuffer(drawn, np.uint8).reshape(height, width)


def _texts(row: Any) -> list[str]:
    if not (isinstance(row, list) and list(map(type, row)) == [str] * 3):
        raise ValueError("no error of ours")
    return [text.encode("utf-8", "replace").decode()[:500] for text in row[1:]]


def _shrunk(heat: np.ndarray) -> np.ndarray:
    """A map in [0, 1] as uint8, its longer side at most `SIDE`."""
    from PIL import Image  # noqa: PLC0415

    height, width = heat.shape
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = Image.fromarray(np.ascontiguousarray(heat, dtype=np.float32)).resize(size, Image.Resampling.BOX)
    return np.rint(255 * np.clip(np.asarray(small), 0, 1)).astype(np.uint8)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number")
