"""The tags of a TIFF file or of an Exif block (TIFF 6.0, Exif 3.0, BigTIFF)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fauxto.media.parts import Collector, Walk

ORIENTATION = 0x0112
_SIZES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_SUBDIRECTORIES = {0x8769: "Exif", 0x8825: "GPS", 0xA005: "Interop"}
_STRIPS = {273, 279, 324, 325, 288, 289}
_MAX_DIRECTORIES = 64


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of a directory: `count` values of TIFF `type` as raw bytes at `offset` of the block."""

    directory: str
    tag: int
    type: int
    count: int
    offset: int
    data: memoryview
    order: Literal["little", "big"]

    def integer(self) -> int | None:
        """The first value of an integer tag (BYTE, SHORT, LONG, IFD, LONG8), or None."""
        if self.type not in {1, 3, 4, 13, 16, 18} or not self.count:
            return None
        return int.from_bytes(self.data[: _SIZES[self.type]], self.order)


def tags(block: bytes | memoryview, max_tags: int = 10_000) -> Iterator[Tag]:
    """The tags of every directory: "IFD0", "IFD1" ..., "Exif", "GPS", "Interop".

    Linear in the number of entries and safe on rubbish: each directory is read once, an entry that points
    outside of the block is left out, and reading stops at `max_tags` tags or 64 directories.
    """
    view = memoryview(block)
    order: Literal["little", "big"] = "little" if view[:2] == b"II" else "big"
    big = int.from_bytes(view[2:4], order) == 43
    word, entry_size, count_size = (8, 20, 8) if big else (4, 12, 2)

    def number(offset: int, size: int) -> int:
        return int.from_bytes(view[offset : offset + size], order)

    pending = [("IFD0", number(8 if big else 4, word))]
    seen: set[int] = set()
    left = max_tags
    while pending and len(seen) < _MAX_DIRECTORIES:
        name, start = pending.pop(0)
        if start in seen or start < 8 or start + count_size > len(view):
            continue
        seen.add(start)
        entries = number(start, count_size)
        first = start + count_size
        for position in range(first, min(first + entries * entry_size, len(view) - entry_size + 1), entry_size):
            if not left:
                return
            left -= 1
            tag, kind = number(position, 2), number(position + 2, 2)
            count = number(position + 4, word)
            length = _SIZES.get(kind, 0) * count
            value = position + 4 + word
            offset = value if length <= word else number(value, word)
            if not length or offset + length > len(view):
                continue
            found = Tag(name, tag, kind, count, offset, view[offset : offset + length], order)
            if tag in _SUBDIRECTORIES:
                pending.append((_SUBDIRECTORIES[tag], found.integer() or 0))
            yield found
        if name.startswith("IFD"):
            following = number(first + entries * entry_size, word)
            if following:
                pending.append((f"IFD{int(name[3:]) + 1}", following))


def walk_tiff(collector: Collector) -> Walk:
    """Every tag as a part named "IFD0:305", "Exif:37510" ...; `truncated` when a strip or tile of IFD0 is cut
    off.

    A TIFF has no end: pictures, tags and directories may lie anywhere, so `trailing` is always 0.
    """
    places: dict[int, list[int]] = {}
    for tag in tags(collector.view, collector.limits.max_chunks + 1):
        collector.add(f"{tag.directory}:{tag.tag}", tag.offset, tag.offset + len(tag.data))
        if tag.directory == "IFD0" and tag.tag in _STRIPS and tag.type in {3, 4, 16}:
            step = _SIZES[tag.type]
            places[tag.tag] = [int.from_bytes(tag.data[i : i + step], tag.order) for i in range(0, len(tag.data), step)]
    starts = places.get(273, []) + places.get(324, [])
    lengths = places.get(279, []) + places.get(325, [])
    cut = not collector.parts or any(a + n > collector.size for a, n in zip(starts, lengths, strict=False))
    return collector.walk("tiff", collector.size, truncated=cut)


def orientation(block: bytes | memoryview) -> int:
    """Orientation 1-8 of an Exif block (with or without its "Exif\\0\\0" prefix); 1 when absent or invalid.

    >>> orientation(b"II*\\0\\x08\\0\\0\\0\\x01\\0\\x12\\x01\\x03\\0\\x01\\0\\0\\0\\x06\\0\\0\\0\\0\\0\\0\\0")
    6
    """
    view = memoryview(block)
    if view[:6] == b"Exif\0\0":
        view = view[6:]
    if bytes(view[:4]) not in {b"II*\0", b"MM\0*"}:
        return 1
    for tag in tags(view, 1000):
        if tag.directory != "IFD0":
            break
        if tag.tag == ORIENTATION:
            value = tag.integer()
            return value if value is not None and 1 <= value <= 8 else 1
    return 1
