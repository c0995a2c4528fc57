"""Quantization tables of JPEG: the standard ones, their order, and the IJG quality that a table implies."""

from __future__ import annotations

import functools
from collections.abc import Sequence

_ZIGZAG = sorted(range(64), key=lambda k: (k // 8 + k % 8, (k % 8 if (k // 8 + k % 8) % 2 == 0 else k // 8)))
NATURAL_ORDER = tuple(_ZIGZAG.index(k) for k in range(64))
"""Position in zigzag order of each of the 64 coefficients in natural (row by row) order."""

# ITU-T T.81, tables K.1 and K.2, natural order.
STANDARD_LUMA = (
    16, 11, 10, 16, 24, 40, 51, 61,
    12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77,
    24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
STANDARD_CHROMA = (
    17, 18, 24, 47, 99, 99, 99, 99,
    18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip

_FARTHEST = 0.25


def scaled(standard: Sequence[int], quality: int) -> tuple[int, ...]:
    """A standard table at an IJG quality of 1 to 100, as baseline JPEG stores it (1 to 255).

    >>> scaled(STANDARD_LUMA, 50) == STANDARD_LUMA, set(scaled(STANDARD_LUMA, 100))
    (True, {1})
    """
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(255, max(1, (value * percent + 50) // 100)) for value in standard)


@functools.cache
def _standard_pairs() -> dict[tuple[int, ...], tuple[int, tuple[int, ...]]]:
    """The quality of each standard luma table, and the chroma table that goes with it; no two qualities share one."""
    return {scaled(STANDARD_LUMA, quality): (quality, scaled(STANDARD_CHROMA, quality)) for quality in range(1, 101)}


def quality_of(luma: Sequence[int], chroma: Sequence[int] | None = None) -> float | None:
    """The IJG quality of a table pair (natural order): a whole number when the tables are the standard ones.

    Other tables get the quality whose standard tables are nearest by least squares, to a tenth, and None when
    the nearest still differ by more than a quarter of the tables' own norm: then no quality describes them.

    >>> quality_of(scaled(STANDARD_LUMA, 83), scaled(STANDARD_CHROMA, 83))
    83.0
    >>> quality_of(range(200, 136, -1)) is None
    True
    """
    pairs = [(luma, STANDARD_LUMA)] + ([(chroma, STANDARD_CHROMA)] if chroma is not None else [])
    exact, its_chroma = _standard_pairs().get(tuple(luma), (None, ()))
    if exact is not None and (chroma is None or tuple(chroma) == its_chroma):
        return float(exact)
    free = [
        (value, base)
        for table, standard in pairs
        for value, base in zip(table, standard, strict=True)
        if 1 < value < 255
    ]
    if not free:
        return None
    scale = sum(value * base for value, base in free) / sum(base * base for _, base in free)
    miss = sum((value - scale * base) ** 2 for value, base in free)
    if miss > _FARTHEST**2 * sum(value * value for value, _ in free):
        return None
    nearest = 100 - 50 * scale if scale <= 1 else 50 / scale
    return round(min(100.0, max(1.0, nearest)), 1)
