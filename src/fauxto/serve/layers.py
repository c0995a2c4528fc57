"""Layers over a picture: drawn when they are first asked for, kept with the scan, deleted with it."""

from __future__ import annotations

import io
import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from fauxto.errors import FauxtoError
from fauxto.finding import Finding
from fauxto.language import say
from fauxto.media.heat_colours import palette
from fauxto.run import layers as drawing
from fauxto.run.options import Options
from fauxto.serve.files import Files, put
from fauxto.serve.problems import ServiceError
from fauxto.serve.turnstile import Turnstile
from fauxto.verdict.layer import Layer

_FORM = TypeAdapter(Layer)


class Layers:
    """The layers of the service's scans; close it in the end."""

    def __init__(self, files: Files, options: Options) -> None:
        self._files, self._ends = files, ExitStack()
        self._drawing, self._turnstile = self._ends.enter_context(drawing.Layers(options)), Turnstile()

    def close(self) -> None:
        """End the worker that draws."""
        self._ends.close()

    def get(self, scan: str, finding: Finding, options: dict[str, Any], name: str) -> Layer:
        """What a layer says; its map, if it has one, lies at `files.layer(scan, name, "png")` from now on.

        Raises `ServiceError`: "not_found" for a layer that there is not, "input" where it cannot be drawn, "busy".
        """
        if (kept := self._kept(scan, name)) is not None:
            return kept
        if name not in drawing.names(finding):
            raise ServiceError(
                f"The scan has no layer {name!r}.", fix="`links.layers` of the scan names them.", code="not_found"
            )
        with self._turnstile:
            if (kept := self._kept(scan, name)) is not None:  # drawn while this request stood in line
                return kept
            windows = bool(options.get("heatmap") and finding.regions)
            try:
                layer, heat = self._drawing(self._files.original(scan), finding, name, windows=windows)
            except FauxtoError as error:
                what = say("This layer cannot be drawn: {reason}", reason=error.what)
                raise ServiceError(what, fix=error.fix or "Look at another.", code="input") from error
        if heat is not None:
            put(self._files.layer(scan, name, "png"), png(heat))
        put(self._files.layer(scan, name, "json"), json.dumps(asdict(layer)).encode())  # last: it vouches for the map
        return layer

    def _kept(self, scan: str, name: str) -> Layer | None:
        try:
            return _FORM.validate_json(self._files.layer(scan, name, "json").read_bytes())
        except (FileNotFoundError, ValidationError):  # a layer of another version is drawn again
            return None

    def shown(self, scan: str, name: str) -> bytes | None:
        """The map of a layer that was drawn, as PNG; None where it has none."""
        return _read(self._files.layer(scan, name, "png"))


def png(heat: np.ndarray) -> bytes:
    """A map, uint8 `(h, w)`, as a PNG to lie over the picture: a palette from clear to warm."""
    colours, out = palette(), io.BytesIO()
    drawn = Image.fromarray(heat)
    drawn.putpalette(colours[:, :3].tobytes())
    drawn.save(out, "PNG", transparency=colours[:, 3].tobytes())
    return out.getvalue()


def heat_of(image: bytes) -> np.ndarray:
    """The map of a PNG that `png` made: uint8 `(h, w)`."""
    return np.asarray(Image.open(io.BytesIO(image)))


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
