"""Pictures of faces that were altered, with the exact mask of what changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import NamedTuple

import numpy as np

from fauxto.data.worlds.faces.drawing import Portrait, draw
from fauxto.data.worlds.faces.people import Face, Person

INNER = ("iris", "eye_gap", "eye_size", "brow", "nose_length", "nose_width", "mouth_width", "mouth")
"""What a swap takes over of the other person; the head, its skin and its hair stay."""

INNER_LASTING = {"Big_Lips", "Big_Nose", "Bushy_Eyebrows", "Narrow_Eyes"}


class Edit(NamedTuple):
    """A picture, its altered twin, and which pixels differ, bool `(side, side)`."""

    before: Portrait
    after: Portrait
    mask: np.ndarray


def edit(face: Face, add: Iterable[str] = (), remove: Iterable[str] = (), side: int = 64) -> Edit:
    """The face with other attributes, all else the same. Errors: InputError, as of `Face.changed`."""
    return _between(face, face.changed(add, remove), side)


def swap(face: Face, donor: Person, side: int = 64) -> Edit:
    """The eyes, brows, nose and mouth of another person in this head, at this pose and under this light."""
    inner = {field.name: getattr(donor, field.name) for field in fields(Person) if field.name in INNER}
    lasting = (face.person.lasting - INNER_LASTING) | (donor.lasting & INNER_LASTING)
    return _between(face, replace(face, person=replace(face.person, lasting=lasting, **inner)), side)


def _between(one: Face, other: Face, side: int) -> Edit:
    before, after = draw(one, side), draw(other, side)
    return Edit(before, after, (before.pixels != after.pixels).any(2))
