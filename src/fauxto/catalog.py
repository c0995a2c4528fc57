"""Cards: what each system is, and how the systems of the house are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["detector", "localizer", "attributor", "explainer", "attack", "generator", "benchmark", "study"]


@dataclass(frozen=True, slots=True)
class Input:
    """What a system reads. `size` is the side of its square window in pixels, or None for any size."""

    size: int | None
    resize: Literal["forbidden", "allowed", "required"] = "forbidden"
    crop: str = "native-resolution centre crop"
    range: str = "RGB float32 in [0, 1]"


@dataclass(frozen=True, slots=True)
class Weights:
    """An official checkpoint: where it lies, what it may be used for, how its keys read."""

    name: str
    url: str
    licence: str
    layout: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What a system is, in the words of its paper; written as a literal at the top of the system's file.

    A card holds literals only, so that it can be read without importing the file (and so without torch).
    """

    slug: str
    kinds: tuple[Kind, ...]
    title: str
    venue: str
    year: int
    idea: str
    input: Input
    output: str
    claim: str
    weights: tuple[Weights, ...] = ()
    gmac: float | None = None
    parameters: int | None = None
    choices: tuple[str, ...] = field(default=())
    fails_on: tuple[str, ...] = field(default=())
    source: str = ""
