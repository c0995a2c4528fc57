"""About and Trace: what one forensic tool is, and what it found in one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True, slots=True)
class About:
    """The card of one tool.

    - `name`: what it is called on the command line; `title`: in words.
    - `looks_for`: what it measures, in a sentence for a lay reader; `cannot_show`: what may not be concluded from it.
    - `unit`: what its number is; a larger number is always the more unusual one.
    - `fails_on`: the known ways in which it misses or accuses.
    - `reads`: "pixels", or "file" where it needs the tables and coefficients of a JPEG file.
    - `source`: the publication that it follows, and what was changed.
    - `maps`: whether it can say where in the picture.
    """

    name: str
    title: str
    looks_for: str
    cannot_show: str
    unit: str
    fails_on: tuple[str, ...]
    reads: Literal["pixels", "file"]
    source: str
    maps: bool = True


@dataclass(frozen=True, slots=True)
class Trace:
    """What one tool found in one picture.

    - `number`: higher is more unusual; None where the tool cannot be asked of this picture, as the statement says.
    - `statement`: what was measured, for a lay reader.
    - `map`: float32 `(height, width)` of the stored picture in [0, 1], where it was found; None without a place.
    - `details`: plain JSON values, such as an estimated quality or displacement.
    """

    name: str
    number: float | None
    statement: str
    map: np.ndarray | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
