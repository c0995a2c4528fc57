"""The card: what a system is, as literals at the top of its file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args

from fauxto.errors import ContractError

Kind = Literal["detector", "localizer", "attributor", "explainer", "attack", "generator", "benchmark", "study"]
KINDS: tuple[Kind, ...] = get_args(Kind)

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""Lower-case letters and digits, words joined by one hyphen."""


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
    Errors: ContractError when the slug, a kind or the year cannot be, or a sentence that every page prints is
    empty.
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

    def __post_init__(self) -> None:
        for name in ("slug", "title", "venue", "idea", "output", "claim"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ContractError(
                    f"A card's {name} is a sentence or word, not {value!r}.", fix=f"Fill in {name} in CARD."
                )
        if not SLUG.fullmatch(self.slug):
            raise ContractError(
                f"{self.slug!r} is no slug: lower-case words joined by hyphens expected.",
                fix="Correct slug in CARD.",
            )
        if not isinstance(self.kinds, tuple) or not self.kinds or not set(self.kinds) <= set(KINDS):
            raise ContractError(f"kinds is a tuple out of {KINDS}; got {self.kinds!r}.", fix="Correct kinds in CARD.")
        if not isinstance(self.year, int) or not 1990 <= self.year <= 2100:
            raise ContractError(f"year is a year; got {self.year!r}.", fix="Correct year in CARD.")
        if not isinstance(self.input, Input):
            raise ContractError(f"input is an Input(...); got {self.input!r}.", fix="Correct input in CARD.")
