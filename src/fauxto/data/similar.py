"""Near-duplicates: a 64-bit perceptual hash finds candidates, the correlation of small copies confirms them.

Re-encoded, shrunk, blurred and brightened copies are found; a crop or a mirrored picture is another picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample
from fauxto.data.places import read_bytes
from fauxto.data.walk import Problems
from fauxto.errors import FauxtoError
from fauxto.media.decode import decode

DISTANCE = 4
"""Bits in which the hashes of near-duplicates differ at most."""

CORRELATION = 0.95
"""Pearson correlation of the 16 x 16 grey copies that confirms a candidate."""

FLAT = 2.0
"""Standard deviation in grey levels below which a picture has nothing to compare: it is nobody's duplicate."""

_SIDE, _LOW, _SMALL = 32, 8, 16
_BANDS = np.array_split(np.arange(64), DISTANCE + 1)
_MOST = 200
_FREQUENCIES = np.cos(np.pi * (2 * np.arange(_SIDE) + 1) * np.arange(_LOW)[:, None] / (2 * _SIDE))


@dataclass(frozen=True, slots=True)
class Look:
    """How a picture looks from far away: `bits` is bool `(64,)`, `small` float32 `(256,)` of mean 0 and norm 1."""

    bits: np.ndarray
    small: np.ndarray


def look(pixels: np.ndarray) -> Look | None:
    """The look of uint8 `(h, w, 3)` RGB pixels, or None for a flat picture.

    The hash is that of Zauner (2010): grey, 32 x 32, the 8 x 8 lowest frequencies of the cosine transform, each above
    or below their median.
    """
    grey = Image.fromarray(pixels).convert("L")
    small = np.asarray(grey.resize((_SMALL, _SMALL), Image.Resampling.BOX), dtype=np.float32).ravel()
    if small.std() < FLAT:
        return None
    small -= small.mean()
    square = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
    low = (_FREQUENCIES @ square @ _FREQUENCIES.T).ravel()
    return Look(low > np.median(low[1:]), small / np.linalg.norm(small))


def looks(
    samples: Iterable[Sample], problems: Problems, step: Callable[[], object] = lambda: None
) -> Iterator[Look | None]:
    """The look of each sample; None, and a problem, for one that cannot be decoded. `step` is called after each."""
    for sample in samples:
        found = None
        try:
            found = look(decode(read_bytes(sample.path)))
        except (FauxtoError, OSError) as error:
            problems.add(sample.path, str(error))
        step()
        yield found


def near_duplicates(looks: Sequence[Look | None]) -> list[tuple[int, int]]:
    """The pairs `(i, j)`, i < j, that are near-duplicates, sorted.

    Hashes within `DISTANCE` bits agree on one of `DISTANCE + 1` bands, so only pictures that share a band are compared
    (Manku et al., 2007): the work grows with the number of candidates, not with the square of the pictures. A band
    that more than 200 pictures share, as the blank half of a drawing is, is compared along a chain only.
    """
    at = [i for i, one in enumerate(looks) if one is not None]
    if len(at) < 2:
        return []
    bits = np.stack([one.bits for one in looks if one is not None])
    small = np.stack([one.small for one in looks if one is not None])
    found: set[tuple[int, int]] = set()
    for band in _BANDS:
        packed = np.packbits(bits[:, band], axis=1).astype(np.uint32)
        key = (packed << (8 * np.arange(packed.shape[1], dtype=np.uint32))).sum(axis=1)
        order = np.argsort(key, kind="stable")
        for run in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
            found.update(_confirmed(run, bits, small))
    return sorted((at[i], at[j]) for i, j in found)


def _confirmed(run: np.ndarray, bits: np.ndarray, small: np.ndarray) -> Iterable[tuple[int, int]]:
    if len(run) > _MOST:  # neighbours in the order of the whole hash
        run = run[np.lexsort(bits[run].T)]
        first, second = run[:-1], run[1:]
    else:
        i, j = np.triu_indices(len(run), 1)
        first, second = run[i], run[j]
    close = (bits[first] != bits[second]).sum(axis=1) <= DISTANCE
    first, second = first[close], second[close]
    alike = np.einsum("nd,nd->n", small[first], small[second]) >= CORRELATION
    pairs = np.sort(np.stack([first[alike], second[alike]], axis=1), axis=1)
    return [(int(i), int(j)) for i, j in pairs]
