"""Field and Tag: what a file literally says in one place, and what that means."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fauxto.finding import Strength

PointsTo = Literal["generated", "edited", "camera", "conflict", "none"]
Standard = Literal["png-text", "exif", "xmp", "iim", "comment", "c2pa", "stealth"]

MAX_EXCERPT = 200
"""Characters of any value from the file that are kept: enough to recognise it, too few to be a payload."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")


@dataclass(frozen=True, slots=True)
class Field:
    """One declared value as it stands in the file.

    `name` is the keyword of a PNG text, the Exif name ("Software"), the IPTC-IIM name, or "{namespace}name"
    for XMP.
    """

    carrier: str
    standard: Standard
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Tag:
    """One statement of origin that was recognised. Anyone can write, copy or remove it.

    `value` is a short excerpt; `prompt` is an excerpt of what the user typed (personal data, redacted by
    default); `strength` "none" marks metadata that could not be read, with the reason as `value`.
    """

    carrier: str
    standard: Standard
    field: str
    value: str
    generator: str | None = None
    points_to: PointsTo = "none"
    strength: Strength = "declared"
    prompt: str | None = None

    def to_dict(self, *, prompts: bool = False) -> dict[str, Any]:
        """The tag as JSON types; the prompt is replaced by "[redacted]" unless `prompts`."""
        return {
            "carrier": self.carrier,
            "standard": self.standard,
            "field": self.field,
            "value": self.value,
            "generator": self.generator,
            "points_to": self.points_to,
            "strength": self.strength,
            "prompt": self.prompt if prompts or self.prompt is None else "[redacted]",
        }


class Fields:
    """The declared fields of one file, in file order, duplicates included: either may be the forged one."""

    def __init__(self, fields: list[Field]) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields)

    def of(self, standard: Standard, *names: str) -> Iterator[Field]:
        """The fields of one standard, of the given names only when any are given."""
        return (f for f in self._fields if f.standard == standard and (not names or f.name in names))

    def first(self, standard: Standard, name: str) -> Field | None:
        """The first field of that name, or None."""
        return next(self.of(standard, name), None)


def excerpt(text: str, limit: int = MAX_EXCERPT) -> str:
    r"""A value from the file as one short printable line that is safe to show and to encode.

    >>> excerpt("two\nlines\x00 and a lone surrogate \ud800")
    'two lines and a lone surrogate ?'
    """
    head = text[: 4 * limit].encode("utf-8", "replace").decode("utf-8")
    line = _UNPRINTABLE.sub(" ", head).replace("  ", " ").strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def fold(name: str) -> str:
    """A product name with case, space, underscore, dot and hyphen made alike.

    >>> fold("Adobe_Firefly/1.0") == fold("adobe firefly/1-0")
    True
    """
    return re.sub(r"[\s_.\-]+", " ", name[:MAX_EXCERPT].casefold()).strip()
