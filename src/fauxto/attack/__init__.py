"""Attacks on detectors, one published system a file, and the contract that they keep.

An attack understands one logit and has the detector's own preprocessing in the loop. It exists to measure detectors;
what it writes is labelled (`fauxto.provenance.mark`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fauxto.contracts import Detector
from fauxto.errors import InputError
from fauxto.provenance.mark import labelled_png


@dataclass(frozen=True, slots=True)
class Budget:
    """What an attack may spend: optimisation `steps`, pictures that the detector scores (`queries`), and the seed."""

    steps: int = 300
    queries: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.queries < 1:
            raise InputError(
                f"A budget is of at least one step and one query; got {self.steps} and {self.queries}.",
                fix="Give the attack something to spend.",
            )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that an attack tried: its mean logit over the pictures that the detector scored, and their number."""

    tried: str
    logit: float
    queries: int


class Attack(Protocol):
    """`attack(detector, images, budget)` gives as many uint8 HWC pictures as it got, and the trace of what it tried."""

    card: Any

    def __call__(  # noqa: D102
        self, detector: Detector, images: Sequence[np.ndarray], budget: Budget
    ) -> tuple[list[np.ndarray], list[Step]]: ...


def write_labelled(images: Sequence[np.ndarray], folder: str | Path, software: str) -> list[Path]:
    """Write pictures as PNG files that say that a trained network made their pixels; gives the paths, in order.

    Errors: InputError when a file is there already: nothing is overwritten.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:06d}.png" for index in range(len(images))]
    taken = next((path for path in paths if path.exists()), None)
    if taken is not None:
        raise InputError(f"{taken} exists.", fix="Give an empty folder.")
    for path, pixels in zip(paths, images, strict=True):
        path.write_bytes(labelled_png(pixels, software))
    return paths
