"""One altered picture with its exact mask and its untouched twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import numpy as np

from fauxto.data.worlds.tampering.fill import exemplar, inpaint
from fauxto.data.worlds.tampering.paste import Box, blend, copy_move, splice, swap_face
from fauxto.data.worlds.tampering.shapes import outline
from fauxto.errors import InputError
from fauxto.launder import apply, follow

Kind = Literal["splice", "copy-move", "telea", "navier-stokes", "exemplar", "decoder", "face-swap"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
SMALLEST_SIDE = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Composite:
    """An alteration before it is saved: `altered` and `original` are uint8 `(h, w, 3)`, `mask` is bool `(h, w)`.

    The mask holds the pixels of which at least half is new; `altered` equals `original` wherever nothing of it is new.
    """

    altered: np.ndarray
    original: np.ndarray
    mask: np.ndarray
    kind: Kind

    @property
    def change(self) -> np.ndarray:
        """How much each pixel was changed: the luminance of |altered - original|, float32 `(h, w)` in [0, 1]."""
        return np.abs(self.altered.astype(np.float32) - self.original) @ LUMA / np.float32(255)


@dataclass(frozen=True, slots=True)
class Tampered:
    """An altered picture and its untouched twin after the same journey; `mask` is bool, of the pictures' own size."""

    pixels: np.ndarray
    mask: np.ndarray
    untouched: np.ndarray
    kind: Kind
    chain: str


def compose(
    original: np.ndarray,
    kind: Kind,
    seed: int,
    *,
    donor: np.ndarray | None = None,
    redraw: Callable[[np.ndarray], np.ndarray] | None = None,
    faces: tuple[Box, Box] | None = None,
) -> Composite:
    """Alter one region of a picture, uint8 `(h, w, 3)`, sides at least 32; the same arguments give the same pixels.

    A "splice" and a "face-swap" need a `donor`; a "decoder" patch needs `redraw`, which gives a picture re-made by an
    autoencoder, of the same size; a "face-swap" needs the boxes of the two `faces`, here and in the donor. The outline
    is drawn from a stream of its own: no kind has outlines of its own, but for the ellipse of a face. Errors:
    InputError for a missing part or pixels of another kind.
    """
    if original.dtype != np.uint8 or original.ndim != 3 or min(original.shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            f"Expected uint8 pixels (h, w, 3) of at least {SMALLEST_SIDE} a side; got {original.dtype} "
            f"{original.shape}.",
            fix="Leave smaller pictures out.",
        )
    shape_rng, rng = np.random.default_rng((0x7A3, seed, 0)), np.random.default_rng((0x7A3, seed, 1))
    region = outline(original.shape[0], original.shape[1], shape_rng)
    if kind == "splice":
        altered, weight = splice(original, _given(donor, kind, "donor"), region, rng)
    elif kind == "copy-move":
        altered, weight = copy_move(original, region, rng)
    elif kind == "face-swap":
        here, there = _given(faces, kind, "faces")
        altered, weight, region = swap_face(original, _given(donor, kind, "donor"), here, there, rng)
    elif kind == "decoder":
        altered, weight = blend(original, _given(redraw, kind, "redraw")(original), region, rng)
    elif kind == "exemplar":
        altered, weight = exemplar(original, region, rng), region.astype(np.float32)
    elif kind in ("telea", "navier-stokes"):
        altered, weight = inpaint(original, region, kind), region.astype(np.float32)
    else:
        raise InputError(f"There is no alteration {kind!r}.", fix=f"Use one of {', '.join(KINDS)}.")
    return Composite(altered, original, weight >= 0.5, kind)


def ship(composite: Composite, chain: str, seed: int = 0) -> Tampered:
    """Send the altered picture and its untouched twin through the same chain; "" leaves both as they are."""
    if not chain:
        return Tampered(composite.altered, composite.mask, composite.original, composite.kind, chain)
    return Tampered(
        apply(composite.altered, chain, seed),
        follow(composite.mask, chain, seed),
        apply(composite.original, chain, seed),
        composite.kind,
        chain,
    )


def journey(seed: int) -> str:
    """What happens to a picture and its twin after the alteration, as a chain: nothing in a quarter of all cases.

    A resize in a fifth, then a JPEG of quality 60 to 98, at times a WebP; drawn from a stream of its own, so that it
    can tell nothing about outline or kind.
    """
    rng = np.random.default_rng((0x7A3, seed, 2))
    steps = []
    if rng.random() < 0.2:
        steps.append(f"resize:{rng.uniform(0.7, 1.2):.3f}")
    if rng.random() < 0.75:
        steps.append(f"{'webp' if rng.random() < 0.12 else 'jpeg'}:{rng.integers(60, 99)}")
    return "|".join(steps)


def past(seed: int, stream: int) -> str:
    """What a picture went through before it was altered or pasted: a JPEG of quality 70 to 98 in two thirds of cases.

    `stream` is 3 for the picture itself and 4 for a donor, so that the two differ.
    """
    rng = np.random.default_rng((0x7A3, seed, stream))
    return f"jpeg:{rng.integers(70, 99)}" if rng.random() < 2 / 3 else ""


def _given(part: T | None, kind: str, name: str) -> T:
    if part is None:
        raise InputError(f"A {kind} needs a {name}.", fix=f"Give {name}=...")
    return part
