"""Who is drawn and how: a person's lasting features, and the attributes, pose and light of one picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from fauxto.errors import InputError

Colour = tuple[float, float, float]
"""Red, green and blue in [0, 1]."""

HAIR: dict[str, Colour] = {
    "Black_Hair": (0.08, 0.07, 0.08),
    "Blond_Hair": (0.88, 0.74, 0.38),
    "Brown_Hair": (0.42, 0.24, 0.12),
    "Gray_Hair": (0.64, 0.64, 0.66),
}
"""A head has hair of one of these colours, or is bald."""

LASTING = ("Bald", "Big_Lips", "Big_Nose", *HAIR, "Bushy_Eyebrows", "Narrow_Eyes", "Pale_Skin")
PASSING = (
    "Bangs",
    "Eyeglasses",
    "Goatee",
    "Mouth_Slightly_Open",
    "Mustache",
    "Rosy_Cheeks",
    "Smiling",
    "Wearing_Earrings",
    "Wearing_Hat",
    "Wearing_Lipstick",
    "Wearing_Necktie",
)
ATTRIBUTES = tuple(sorted((*LASTING, *PASSING)))
"""Those of CelebA that are drawn, by its names; the first ones belong to a person, the others to a picture."""

EXCLUDED = {
    "Bald": {*HAIR, "Bangs"},
    "Bangs": {"Bald", "Wearing_Hat"},
    "Wearing_Hat": {"Bangs"},
    **{colour: {"Bald", *HAIR} - {colour} for colour in HAIR},
}
"""What goes when an attribute comes."""

RANGES = {
    "tone": (0.0, 0.85),
    "iris": (0.0, 1.0),
    "width": (0.46, 0.56),
    "height": (0.60, 0.70),
    "eye_gap": (0.34, 0.43),
    "eye_size": (0.15, 0.19),
    "brow": (-0.36, -0.29),
    "nose_length": (0.16, 0.24),
    "nose_width": (0.10, 0.14),
    "mouth_width": (0.26, 0.36),
    "mouth": (0.50, 0.58),
    "hair_length": (0.0, 1.0),
}
"""Between what bounds a person's measures lie, in units of half a head; `tone` and `iris` from dark to light."""


@dataclass(frozen=True, slots=True)
class Person:
    """An identity: measures as in `RANGES`, a tint of the hair, and the lasting attributes."""

    identity: int
    tone: float
    iris: float
    width: float
    height: float
    eye_gap: float
    eye_size: float
    brow: float
    nose_length: float
    nose_width: float
    mouth_width: float
    mouth: float
    hair_length: float
    tint: Colour
    lasting: frozenset[str]

    @classmethod
    def drawn(cls, identity: int, *, shift: float = 0.0) -> Person:
        """The person of a number, always the same; `shift` moves every range by that share of its width.

        With a shift of 1 no measure lies where those of unshifted people do: a population of its own.
        """
        rng = np.random.default_rng([0xFACE, identity])
        measures = {name: float(rng.uniform(*span) + shift * (span[1] - span[0])) for name, span in RANGES.items()}
        lasting = {name for name in LASTING if name not in ("Bald", *HAIR) and rng.random() < 0.3}
        look = "Bald" if rng.random() < 0.15 else tuple(HAIR)[rng.integers(len(HAIR))]
        return cls(identity, tint=_colour(rng, -0.03, 0.03), lasting=frozenset({look, *lasting}), **measures)


@dataclass(frozen=True, slots=True)
class Face:
    """One picture of a person. Angles in degrees, positive yaw to the viewer's right, positive pitch downwards.

    `scale` is half a picture's side in units of the person's, `x` and `y` where the head's middle lies, in halves of a
    picture from its middle; `light` where the lamp stands, right and down; colours are RGB in [0, 1].
    """

    person: Person
    passing: frozenset[str] = frozenset()
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    scale: float = 1.0
    x: float = 0.0
    y: float = -0.05
    light: tuple[float, float] = (0.3, -0.4)
    ground: Colour = (0.55, 0.65, 0.72)
    cloth: Colour = (0.25, 0.3, 0.5)
    accent: Colour = (0.7, 0.15, 0.2)

    @classmethod
    def drawn(cls, seed: int, person: Person | None = None, *, turn: float = 25.0) -> Face:
        """The face of a seed: a person by chance unless one is given, yaw within +-`turn`, all else by chance."""
        rng = np.random.default_rng([0xFACE5, seed])
        person = person or Person.drawn(int(rng.integers(2**31)))
        passing = {name for name in PASSING if rng.random() < 0.3}
        if "Wearing_Hat" in passing or "Bald" in person.lasting:
            passing -= {"Bangs"}
        yaw, pitch, roll = (float(rng.uniform(-bound, bound)) for bound in (turn, 8, 8))
        return cls(
            person,
            frozenset(passing),
            yaw,
            pitch,
            roll,
            scale=float(rng.uniform(0.95, 1.05)),
            x=float(rng.uniform(-0.06, 0.06)),
            y=float(rng.uniform(-0.1, 0.0)),
            light=(float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.8, 0.2))),
            ground=_colour(rng, 0.3, 0.95),
            cloth=_colour(rng, 0.1, 0.8),
            accent=_colour(rng, 0.1, 0.9),
        )

    @property
    def attributes(self) -> frozenset[str]:
        """Everything that is true of the picture, out of `ATTRIBUTES`."""
        return self.person.lasting | self.passing

    def changed(self, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Face:
        """The same picture with other attributes; what they exclude goes.

        Errors: InputError for a name that is none, or a head that is left neither bald nor with hair.
        """
        add, remove = tuple(add), tuple(remove)
        if unknown := [name for name in (*add, *remove) if name not in ATTRIBUTES]:
            raise InputError(f"There is no attribute {unknown[0]!r}.", fix=f"Use some of {', '.join(ATTRIBUTES)}.")
        wanted = set(self.attributes) - set(remove)
        for name in add:
            wanted = (wanted - EXCLUDED.get(name, set())) | {name}
        if not wanted & {"Bald", *HAIR}:
            raise InputError("A head has hair of one colour or is bald.", fix="Add what it should be instead.")
        person = replace(self.person, lasting=frozenset(wanted & set(LASTING)))
        return replace(self, person=person, passing=frozenset(wanted & set(PASSING)))


def _colour(rng: np.random.Generator, low: float, high: float) -> Colour:
    red, green, blue = rng.uniform(low, high, 3)
    return float(red), float(green), float(blue)
