"""Many faces at once, with a table of their attributes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fauxto.data.worlds.faces.drawing import draw
from fauxto.data.worlds.faces.people import ATTRIBUTES, Face, Person


def pictures(
    count: int, seed: int = 0, side: int = 32, *, people: Sequence[Person] = (), turn: float = 25.0
) -> tuple[np.ndarray, list[Face]]:
    """`count` pictures, uint8 `(n, side, side, 3)`, and what is in each; `people` take turns where they are given.

    Picture i depends on the seed and i alone. Without `people` every picture shows somebody else.
    """
    faces = [
        Face.drawn(seed * 1_000_003 + number, people[number % len(people)] if people else None, turn=turn)
        for number in range(count)
    ]
    return np.stack([draw(face, side).pixels for face in faces]), faces


def attribute_table(faces: Sequence[Face]) -> np.ndarray:
    """bool `(n, len(ATTRIBUTES))`, a column an attribute in the order of `ATTRIBUTES`."""
    return np.array([[name in face.attributes for name in ATTRIBUTES] for face in faces], bool)
