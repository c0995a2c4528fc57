"""How a recipe is run on this machine, and how that went."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a recipe is run here: nothing in it changes what the recipe is.

    `steps` None is the recipe's own number. Every `save_every` steps a checkpoint, a row of the log and a grid of
    pictures are written, and `evaluate`, where one is given, is asked every `evaluate_every`.
    """

    steps: int | None = None
    seed: int = 0
    precision: str = "32-true"
    devices: int = 1
    save_every: int = 2000
    evaluate_every: int = 2000
    grid: int = 64


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a run went; `RunFolder(folder).load()` has the generator.

    `seconds` and `rate`, real pictures a second through the loop, are those of the last uninterrupted part; `best` is
    the lowest evaluation.
    """

    step: int
    seconds: float
    rate: float
    best: float | None = None
    best_step: int | None = None
