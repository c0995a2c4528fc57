"""Quantization tables: which encoder wrote this JPEG, as far as its tables can tell."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files

from fauxto.forensics.trace import About, Trace
from fauxto.language import say
from fauxto.media.decode import Opened, open_picture
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.media.quantization import STANDARD_CHROMA, STANDARD_LUMA, quality_of, scaled

ABOUT = About(
    name="quantization",
    title=say("Quantization tables"),
    looks_for=say("the tables by which the file was compressed: each encoder has its own habits"),
    cannot_show=say(
        "Tables name who saved the file last, not who made the picture. Many programs, cameras and all large "
        "networks share the same tables, and tables can be copied."
    ),
    unit=say("IJG quality of the tables, 1 to 100; it is no sign of editing and is never flagged"),
    fails_on=(
        say("the tables of the standard: nearly every program and many phones write them"),
        say("cameras that choose tables anew for each picture"),
        say("encoders that the reference photographs do not hold"),
    ),
    reads="file",
    source="H. Farid, Digital image ballistics from JPEG quantization, 2006; the list of cameras was counted on "
    "original photographs with Exif",
    maps=False,
)


def quantization(data: bytes | Opened, limits: Limits = DEFAULT_LIMITS) -> Trace:
    """The quality of the tables, and who is known to write them.

    Details: "quality"; "kind": "standard" (IJG tables for luma and chroma), "standard-luma", "known" or "unknown";
    "seen": makers or programs with the number of reference photographs in which they wrote these very tables;
    "subsampling", "progressive". Errors: those of `media.decode.probe`.
    """
    header = (data if isinstance(data, Opened) else open_picture(data, limits)).header.jpeg
    if header is None:
        return Trace(ABOUT.name, None, say("The file is no JPEG: it has no quantization tables."))
    tables = [header.quantization[c.table] for c in header.components[:2] if c.table in header.quantization]
    if not tables:
        return Trace(ABOUT.name, None, say("The JPEG names no quantization table of its own."))
    quality = quality_of(*tables)
    kind, seen = standard(tables), seen_in(tables)
    if kind is None:
        kind = "known" if seen else "unknown"
    details = {
        "quality": quality,
        "kind": kind,
        "seen": seen,
        "subsampling": header.subsampling,
        "progressive": header.progressive,
    }
    return Trace(ABOUT.name, quality, _words(kind, quality, seen), None, details)


def standard(tables: Sequence[Sequence[int]]) -> str | None:
    """Whether tables (luma first, natural order) are the scaled ones of the JPEG standard: all, luma only, or not.

    >>> standard([scaled(STANDARD_LUMA, 75), scaled(STANDARD_CHROMA, 75)]), standard([range(1, 65)])
    ('standard', None)
    """
    quality = quality_of(tables[0])
    if quality is None or tuple(tables[0]) != scaled(STANDARD_LUMA, round(quality)):
        return None
    same = len(tables) < 2 or tuple(tables[1]) == scaled(STANDARD_CHROMA, round(quality))
    return "standard" if same else "standard-luma"


def digest(tables: Sequence[Sequence[int]]) -> str:
    """The key of a set of tables in `encoders.json`: 16 hexadecimal digits of their SHA-256, two bytes a value."""
    raw = b"".join(value.to_bytes(2, "big") for table in tables for value in table)
    return hashlib.sha256(raw).hexdigest()[:16]


def seen_in(tables: Sequence[Sequence[int]]) -> dict[str, int]:
    """Who wrote these tables in the reference photographs, and in how many of them; most first."""
    found: dict[str, int] = _encoders().get(digest(tables), {})
    return found


@functools.cache
def _encoders() -> dict[str, dict[str, int]]:
    text = files("fauxto.forensics").joinpath("encoders.json").read_text("utf-8")
    tables: dict[str, dict[str, int]] = json.loads(text)["tables"]
    return tables


def _words(kind: str, quality: float | None, seen: dict[str, int]) -> str:
    about = (
        say("about quality {number}", number=f"{quality:g}")
        if quality is not None
        else say("of no quality on the usual scale")
    )
    sources = ", ".join(f"{name} ({count})" for name, count in list(seen.items())[:5])
    if kind == "standard" and seen:
        return say(
            "The tables are those of the JPEG standard at quality {number}. Nearly every program writes them; in "
            "reference photographs also {sources}.",
            number=f"{quality:g}",
            sources=sources,
        )
    if kind == "standard":
        return say(
            "The tables are those of the JPEG standard at quality {number}. Nearly every program writes them, and many "
            "phones.",
            number=f"{quality:g}",
        )
    if kind == "standard-luma":
        return say(
            "The luma table is one of the standard's ({about}); the chroma table is an encoder's own.", about=about
        )
    if kind == "known":
        return say(
            "The tables ({about}) were seen in reference photographs of {sources}; others may write them too.",
            about=about,
            sources=sources,
        )
    return say("The tables ({about}) are neither the standard's nor any of the reference photographs'.", about=about)
