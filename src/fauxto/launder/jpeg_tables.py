"""JPEG with quantization tables that are given: those of an application by name, or number by number."""

from __future__ import annotations

from typing import cast

import numpy as np
from PIL.JpegPresets import presets

from fauxto.errors import InputError
from fauxto.launder import codecs
from fauxto.launder.operation import Operator
from fauxto.launder.parameters import spelled, word

PRESETS: dict[str, tuple[tuple[int, ...], ...]] = {
    name: tuple(tuple(table) for table in cast("list[list[int]]", preset["quantization"]))
    for name, preset in presets.items()
}
"""Tables of Photoshop by the names that Pillow gives them, natural order; luma, then chroma."""

_MOST = 3
"""A picture has three planes; a plane without a table of its own takes the last."""


def jpeg_tables(
    pixels: np.ndarray,
    rng: np.random.Generator,
    tables: str = "web_high",
    subsampling: str = "420",
    mode: str = "baseline",
) -> bytes:
    """A JPEG file with exactly these quantization tables: Pillow's `qtables`, without the quality that scales them."""
    return codecs.save(
        pixels,
        "JPEG",
        qtables=tables_of(tables),
        subsampling=codecs.SUBSAMPLINGS[subsampling],
        progressive=mode == "progressive",
    )


def tables_of(text: str) -> list[tuple[int, ...]]:
    """The tables of a name of `PRESETS`, or of one to three times 64 numbers, row by row, "/" between the tables.

    >>> [len(table) for table in tables_of("web_low")], tables_of(" ".join(["7"] * 64))[0][:2]
    ([64, 64], (7, 7))

    Errors: InputError for an unknown name, another count, or a number that is not from 1 to 255.
    """
    if text in PRESETS:
        return list(PRESETS[text])
    tables = [part.split() for part in text.split("/")]
    numbers = all(value.isascii() and value.isdecimal() and len(value) < 4 for table in tables for value in table)
    if numbers and len(tables) <= _MOST and all(len(table) == 64 for table in tables):
        found = [tuple(map(int, table)) for table in tables]
        if all(1 <= value <= 255 for table in found for value in table):
            return found
    shown = text if len(text) < 60 else f"{text[:60]}..."
    raise InputError(
        f"Expected a name or one to {_MOST} tables of 64 whole numbers from 1 to 255; got {shown!r}.",
        fix=f"Choose among {', '.join(PRESETS)}, or give the numbers row by row, / between tables.",
    )


def text_of(tables: list[tuple[int, ...]]) -> str:
    """The text that `tables_of` reads."""
    return "/".join(" ".join(map(str, table)) for table in tables)


def _spelled(text: str) -> str:
    return text if text in PRESETS else text_of(tables_of(text))


TABLE = (
    Operator(
        "jpeg_tables", "Saved as JPEG with given quantization tables: Photoshop's by name, or 64 numbers each.",
        jpeg_tables,
        (spelled("tables", "web_high", _spelled), word("subsampling", "420", tuple(codecs.SUBSAMPLINGS)),
         word("mode", "baseline", ("baseline", "progressive"))),
        ("web_maximum", "web_very_high", "web_high", "web_medium", "web_low"),
    ),
)  # fmt: skip
"""Operators of this file."""
