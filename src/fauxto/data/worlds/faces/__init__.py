"""The faces world: drawn heads with exact identity, attributes, pose, parts, landmarks and masks of edits.

Nobody is drawn: a person is a number that features are rolled from. Attributes bear the names of CelebA, parts the
numbers of CelebAMask-HQ; what those sets judge of people (beauty, age, sex) is not among them.
"""

from fauxto.data.worlds.faces.drawing import PARTS, Portrait, draw
from fauxto.data.worlds.faces.edits import Edit, edit, swap
from fauxto.data.worlds.faces.people import ATTRIBUTES, Face, Person
from fauxto.data.worlds.faces.sets import attribute_table, pictures

__all__ = [
    "ATTRIBUTES",
    "PARTS",
    "Edit",
    "Face",
    "Person",
    "Portrait",
    "attribute_table",
    "draw",
    "edit",
    "pictures",
    "swap",
]
