"""From a face to pixels: an ellipsoid with features painted on it, turned, lit, and averaged over nine points a pixel.

A point of the head that is seen at q on the unit sphere was at R^-1 q before the head turned; features are shapes in
that frontal view (u right, v down, w towards the viewer), so pose is exact, and so are parts and landmarks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fauxto.data.worlds.faces.people import HAIR, Face
from fauxto.errors import InputError

PARTS = (
    "background", "skin", "nose", "glasses", "left eye", "right eye", "left brow", "right brow", "left ear",
    "right ear", "mouth", "upper lip", "lower lip", "hair", "hat", "earring", "necklace", "neck", "cloth",
)  # fmt: skip
"""The classes of CelebAMask-HQ by number; left and right are the viewer's. No necklace is drawn."""

OVERSAMPLED = 3
"""Points a pixel and axis that are averaged; the middle one gives the pixel's part."""

EYE, NOSE, EAR = -0.08, 0.2, 0.02
"""How far below the middle of the head they lie, in its half heights."""

DARK, PALE = np.array((0.36, 0.22, 0.15)), np.array((0.98, 0.91, 0.88))
FAIR, BLUSH, LIPSTICK = np.array((0.90, 0.70, 0.58)), np.array((0.90, 0.35, 0.35)), np.array((0.75, 0.06, 0.15))
GLASS, GOLD = np.array((0.05, 0.05, 0.07)), np.array((0.95, 0.78, 0.2))


class Portrait(NamedTuple):
    """A drawn face and its exact truth.

    `pixels` uint8 `(side, side, 3)`; `parts` uint8 `(side, side)`, indices into `PARTS`; `landmarks` `(5, 2)`, x and y
    of left eye, right eye, tip of the nose, left and right corner of the mouth; `box` x, y, width, height of the head
    without its hair. Lengths in pixels from the picture's top left corner.
    """

    pixels: np.ndarray
    parts: np.ndarray
    landmarks: np.ndarray
    box: tuple[float, float, float, float]


def draw(face: Face, side: int = 64) -> Portrait:
    """Draw a face on `side` x `side` pixels. Errors: InputError below 16 pixels."""
    if side < 16:
        raise InputError(f"Faces are drawn from 16 pixels on; got {side}.", fix="Use a larger side.")
    painter = Painter(face, side)
    for layer in (_surroundings, _head, _worn):
        layer(painter)
    points = painter.canvas.reshape(side, OVERSAMPLED, side, OVERSAMPLED, 3).mean((1, 3))
    pixels = (np.clip(points, 0, 1) * 255 + 0.5).astype(np.uint8)
    middle = OVERSAMPLED // 2
    parts = painter.parts.reshape(side, OVERSAMPLED, side, OVERSAMPLED)[:, middle, :, middle].copy()
    person, corner = face.person, face.person.mouth + float(_bend(face, 1.0))
    shown = np.array(
        [
            painter.onto(u, v)[:2]
            for u, v in (
                (-person.eye_gap, EYE),
                (person.eye_gap, EYE),
                (0.0, NOSE),
                (-person.mouth_width, corner),
                (person.mouth_width, corner),
            )
        ]
    )
    return Portrait(pixels, parts, painter.to_pixels(shown), painter.box())


class Painter:
    """The picture under way, float64 `(n, n, 3)` and parts `(n, n)`, with a head's own coordinates.

    `a` and `b` lie right and down of the head's middle after its roll is undone, in half pictures; `flat` has the
    indices of the points on the head, `seen` their positions on the sphere, `frontal` those before it turned.
    """

    def __init__(self, face: Face, side: int) -> None:
        self.face, self.side = face, side
        count = side * OVERSAMPLED
        places = (np.arange(count) + 0.5) / count * 2 - 1
        self.canvas = np.empty((count, count, 3))
        self.canvas[:] = face.ground * np.linspace(1.08, 0.85, count)[:, None, None]
        self.parts = np.zeros((count, count), np.uint8)
        self.y = places[:, None] - face.y
        self.x = places[None, :] - face.x
        roll = np.radians(face.roll)
        self.a = (self.x * np.cos(roll) + self.y * np.sin(roll)) / face.scale
        self.b = (self.y * np.cos(roll) - self.x * np.sin(roll)) / face.scale
        self.width, self.height = face.person.width, face.person.height
        across, down = self.a / self.width, self.b / self.height
        self.flat = np.flatnonzero(across**2 + down**2 < 1)
        q = np.stack((across.ravel()[self.flat], down.ravel()[self.flat]))
        self.seen = np.stack((*q, np.sqrt(1 - np.square(q).sum(0))))
        self.turn = turned(face.yaw, face.pitch)
        self.frontal = self.turn.T @ self.seen

    def paint(self, where: np.ndarray, colour: np.ndarray | tuple[float, ...], part: str) -> None:
        """Cover the points `where`, bool `(n, n)`, with a colour."""
        self.canvas[where] = colour
        self.parts[where] = PARTS.index(part)

    def on_head(self, where: np.ndarray, colour: np.ndarray, part: str, cover: float = 1.0) -> None:
        """Cover points of the head, bool like `flat`, by the share `cover`, shaded as the head is."""
        chosen = self.flat[where]
        canvas = self.canvas.reshape(-1, 3)
        canvas[chosen] = (1 - cover) * canvas[chosen] + cover * colour * self.shade[where, None]
        if part:
            self.parts.reshape(-1)[chosen] = PARTS.index(part)

    @property
    def shade(self) -> np.ndarray:
        """How bright each point of the head is under the lamp."""
        lamp = np.array((*self.face.light, 1.2))
        return 0.72 + 0.33 * (lamp / np.linalg.norm(lamp)) @ self.seen

    def onto(self, u: float, v: float, w: float | None = None) -> np.ndarray:
        """Where a point of the frontal head is after it turned: right, down, towards the viewer, on the sphere."""
        depth = np.sqrt(max(0.0, 1 - u * u - v * v)) if w is None else w
        place: np.ndarray = self.turn @ np.array((u, v, depth))
        return place

    def to_pixels(self, seen: np.ndarray) -> np.ndarray:
        """Positions on the sphere `(k, 2)` to pixels."""
        roll, face = np.radians(self.face.roll), self.face
        a, b = (seen * (self.width, self.height)).T * face.scale
        x, y = a * np.cos(roll) - b * np.sin(roll) + face.x, a * np.sin(roll) + b * np.cos(roll) + face.y
        pixels: np.ndarray = (np.stack((x, y), 1) + 1) / 2 * self.side
        return pixels

    def box(self) -> tuple[float, float, float, float]:
        """The upright box around the head's ellipse."""
        roll = np.radians(self.face.roll)
        half = np.array(
            [
                np.hypot(self.width * np.cos(roll), self.height * np.sin(roll)),
                np.hypot(self.width * np.sin(roll), self.height * np.cos(roll)),
            ]
        )
        half *= self.face.scale * self.side / 2
        centre = (np.array((self.face.x, self.face.y)) + 1) / 2 * self.side
        x, y = centre - half
        return float(x), float(y), float(2 * half[0]), float(2 * half[1])


def turned(yaw: float, pitch: float) -> np.ndarray:
    """The rotation of a head in degrees: pitch first, then yaw; columns are where right, down and forth go.

    >>> turned(90, 0).round(6) @ (0, 0, 1)
    array([1., 0., 0.])
    """
    one, other = np.radians((yaw, pitch))
    about_down = np.array([[np.cos(one), 0, np.sin(one)], [0, 1, 0], [-np.sin(one), 0, np.cos(one)]])
    about_right = np.array([[1, 0, 0], [0, np.cos(other), np.sin(other)], [0, -np.sin(other), np.cos(other)]])
    rotation: np.ndarray = about_down @ about_right
    return rotation


def _surroundings(painter: Painter) -> None:
    """Behind the head and below it: hair, neck, cloth, tie, and ears that stand out."""
    face, person = painter.face, painter.face.person
    a, b, width, height = painter.a, painter.b, painter.width, painter.height
    if "Bald" not in face.attributes:
        cap = (a / (1.14 * width)) ** 2 + (b / (1.12 * height)) ** 2 < 1
        falls = (np.abs(a) < 1.14 * width) & (b > 0) & (b < (0.1 + 1.1 * person.hair_length) * height)
        painter.paint((cap & (b < 0)) | falls, 0.8 * _hair(face), "hair")
    down = painter.y + 0 * painter.x
    across = painter.x + 0 * painter.y
    painter.paint((np.abs(across) < 0.42 * width) & (down > 0), 0.85 * _skin(face), "neck")
    collar = down - height * face.scale - 0.06
    painter.paint(collar > 0.5 * np.square(across), face.cloth, "cloth")
    if "Wearing_Necktie" in face.attributes:
        tie = (collar > 0.5 * np.square(across)) & (np.abs(across) < 0.08 + 0.3 * np.maximum(collar, 0))
        painter.paint(tie, face.accent, "cloth")
    for sign, name in ((-1, "left ear"), (1, "right ear")):
        right, low, near = painter.onto(sign, EAR, 0.0)
        if near > -0.5:
            ear = ((a / width - right * 1.04) / 0.15) ** 2 + ((b / height - low) / 0.2) ** 2 < 1
            painter.paint(ear, 0.88 * _skin(face), name)


def _head(painter: Painter) -> None:
    """Skin, features and the hair that lies on the head."""
    face, person = painter.face, painter.face.person
    u, v, w = painter.frontal
    front, has = w > 0, face.attributes.__contains__
    skin = _skin(face)
    painter.on_head(np.ones_like(front), skin, "skin")
    if has("Rosy_Cheeks"):
        painter.on_head(front & (((np.abs(u) - 0.5) / 0.22) ** 2 + ((v - 0.27) / 0.16) ** 2 < 1), BLUSH, "", 0.6)
    big = 1.6 if has("Big_Nose") else 1.0
    nose = front & ((u / (big * person.nose_width)) ** 2 + ((v - NOSE + 0.06) / person.nose_length) ** 2 < 1)
    painter.on_head(nose, np.where(v[nose, None] > NOSE, 0.7, 0.86) * skin, "nose")
    _eyes(painter)
    _mouth(painter)
    if not has("Bald"):
        hairline = -0.68 + 0.35 * u**2
        if has("Bangs"):
            hairline = np.where(np.abs(u) < 0.72, -0.42, hairline)
        strands = 0.92 + 0.08 * np.cos(40 * u)
        hair = (v < hairline) | ((w < 0.12) & (v < -0.2 + 0.5 * person.hair_length)) | (w < -0.2)
        painter.on_head(hair, strands[hair, None] * _hair(face), "hair")
    for sign, name in ((-1, "left ear"), (1, "right ear")):
        lobe = (sign * u > 0) & ((w / 0.14) ** 2 + ((v - EAR) / 0.2) ** 2 < 1)
        painter.on_head(lobe, 0.88 * skin, name)


def _eyes(painter: Painter) -> None:
    """Whites, irises, pupils and brows."""
    face, person = painter.face, painter.face.person
    u, v, w = painter.frontal
    front, has = w > 0, face.attributes.__contains__
    tall = person.eye_size * (0.28 if has("Narrow_Eyes") else 0.62)
    iris = np.array((0.15, 0.3, 0.15)) + person.iris * np.array((0.15, 0.25, 0.6))
    colour = (0.7 if "Bald" not in face.attributes else 1.0) * _hair(face)
    thick = 0.085 if has("Bushy_Eyebrows") else 0.035
    for sign, eye, brow in ((-1, "left eye", "left brow"), (1, "right eye", "right brow")):
        across = (u - sign * person.eye_gap) / person.eye_size
        white = front & (across**2 + ((v - EYE) / tall) ** 2 < 1)
        round_eye = np.square(u - sign * person.eye_gap) + np.square(v - EYE)
        painter.on_head(white, np.array((0.97, 0.97, 0.97)), eye)
        painter.on_head(white & (round_eye < (0.55 * person.eye_size) ** 2), iris, eye)
        painter.on_head(white & (round_eye < (0.25 * person.eye_size) ** 2), GLASS, eye)
        arch = v - person.brow - 0.05 * across**2
        painter.on_head(front & (np.abs(across) < 1.25) & (np.abs(arch) < thick), colour, brow)


def _mouth(painter: Painter) -> None:
    """Lips around a line that a smile bends, an opening, and beards."""
    face, person = painter.face, painter.face.person
    u, v, w = painter.frontal
    front, has = w > 0, face.attributes.__contains__
    along = u / person.mouth_width
    below = v - person.mouth - _bend(face, along)
    inside = front & (np.abs(along) < 1)
    taper = np.sqrt(np.clip(1 - along**2, 0, 1))
    gap = (0.07 if has("Mouth_Slightly_Open") else 0.012) * taper
    lip = gap + (0.105 if has("Big_Lips") else 0.05) * taper
    lips = LIPSTICK if has("Wearing_Lipstick") else 0.8 * _skin(face) * np.array((1.0, 0.75, 0.75))
    hair = 0.85 * _hair(face)
    if has("Goatee"):
        painter.on_head(front & ((u / 0.2) ** 2 + ((v - 0.84) / 0.15) ** 2 < 1), hair, "skin")
    if has("Mustache"):
        above = (person.mouth - (0.12 if has("Big_Lips") else 0.07)) - v
        painter.on_head(front & (np.abs(along) < 0.95) & (above > 0) & (above < 0.1), hair, "skin")
    painter.on_head(inside & (below < 0) & (-below < lip), lips, "upper lip")
    painter.on_head(inside & (below >= 0) & (below < lip), lips, "lower lip")
    painter.on_head(inside & (np.abs(below) < gap), np.array((0.2, 0.04, 0.05)), "mouth")


def _worn(painter: Painter) -> None:
    """Glasses, a hat, earrings."""
    face, person = painter.face, painter.face.person
    u, v, w = painter.frontal
    has = face.attributes.__contains__
    if has("Eyeglasses"):
        radius = np.sqrt(np.square((np.abs(u) - person.eye_gap) / 1.1) + np.square(v - EYE))
        ring = np.abs(radius - 0.25) < 0.04
        bridge = (np.abs(u) < person.eye_gap - 0.25) & (np.abs(v - EYE) < 0.03)
        arms = (np.abs(u) > person.eye_gap + 0.25) & (w > 0.1) & (np.abs(v - EYE) < 0.03)
        painter.on_head((w > 0) & (ring | bridge | arms), GLASS, "glasses")
    a, b, width, height = painter.a, painter.b, painter.width, painter.height
    if has("Wearing_Hat"):
        lean = b / height - 0.25 * np.sin(np.radians(face.pitch))
        crown = (np.abs(a) < 1.12 * width) & (lean > -1.3) & (lean < -0.6)
        brim = (np.abs(a) < 1.35 * width) & (np.abs(lean + 0.62) < 0.07)
        painter.paint(crown, face.accent, "hat")
        painter.paint(brim, 0.75 * np.array(face.accent), "hat")
    if has("Wearing_Earrings"):
        for sign in (-1, 1):
            right, low, near = painter.onto(sign, EAR + 0.28, 0.0)
            if near > -0.5:
                drop = np.square(a - 1.06 * right * width) + np.square(b - low * height) < 0.075**2
                painter.paint(drop, GOLD, "earring")


def _bend(face: Face, along: np.ndarray | float) -> np.ndarray:
    """How far below its middle the line between the lips lies, `along` from -1 to 1."""
    return np.asarray((-0.13 if "Smiling" in face.attributes else 0.03) * np.square(along))


def _skin(face: Face) -> np.ndarray:
    return PALE if "Pale_Skin" in face.attributes else DARK + face.person.tone * (FAIR - DARK)


def _hair(face: Face) -> np.ndarray:
    """The colour of hair, brows and beard; a bald head's brows are brown."""
    base = next((HAIR[name] for name in HAIR if name in face.attributes), HAIR["Brown_Hair"])
    return np.clip(np.add(base, face.person.tint), 0.02, 1)
