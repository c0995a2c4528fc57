"""The boxes and items of a HEIF or AVIF (ISO/IEC 14496-12 and 23008-12)."""

from __future__ import annotations

from collections.abc import Iterator

from fauxto.media.limits import too_much
from fauxto.media.parts import Collector, Walk

_CONTAINERS = {"meta", "iprp", "ipco", "moov", "trak", "mdia", "minf", "stbl", "dinf", "udta"}
_PICTURE = {"mdat", "idat", "free", "skip", "meta", "moov", "iprp", "ipco", "trak", "mdia", "minf", "stbl"}
_TOP_LEVEL = {b"ftyp", b"meta", b"mdat", b"moov", b"moof", b"free", b"skip", b"wide", b"uuid", b"idat"}
_METADATA_ITEMS = {"Exif", "mime", "jumb"}
_MAX_DEPTH = 8


def walk_bmff(collector: Collector, format: str) -> Walk:
    """Boxes by path ("ftyp", "meta/iloc", "uuid:<hex>") and metadata items ("item:Exif", "item:mime <type>").

    An item that is stored in several extents is one part for each extent. A box that claims more than the
    file has makes the walk truncated; bytes after the last sound box are trailing.
    """
    top_end, truncated = _boxes(collector, 0, collector.size, "", 0)
    _items(collector)
    return collector.walk(format, top_end, truncated=truncated)


def _boxes(collector: Collector, start: int, end: int, path: str, depth: int) -> tuple[int, bool]:
    """Add the boxes of one level; gives the offset behind the last box, and whether one was cut off."""
    position = start
    while position + 8 <= end:
        size, header = collector.number(position, 4), 8
        kind = bytes(collector.view[position + 4 : position + 8])
        if not kind.isascii() or not kind.decode("ascii").isprintable():
            return position, False
        if not depth and kind not in _TOP_LEVEL and not 8 <= size <= end - position:
            return position, False  # no box, but something that was put behind the picture
        if size == 1:
            size, header = collector.number(position + 8, 8), 16
        elif size == 0:
            size = end - position
        if size < header:
            return position, False
        if position + size > end:
            return end, True
        name, body = kind.decode("ascii"), position + header
        if name == "uuid":
            name, body = "uuid:" + bytes(collector.view[body : body + 16]).hex(), body + 16
        collector.add(path + name, min(body, position + size), position + size, picture=name in _PICTURE)
        if name in _CONTAINERS and depth < _MAX_DEPTH:
            inner = body + 4 if name == "meta" else body
            _boxes(collector, inner, position + size, f"{path}{name}/", depth + 1)
        position += size
    return position, False


def _items(collector: Collector) -> None:
    """Add the bytes of each metadata item, found through `iinf` (what) and `iloc` (where)."""
    found = {part.name: part for part in collector.parts}
    if "meta/iinf" not in found or "meta/iloc" not in found:
        return
    kinds = dict(_item_infos(found["meta/iinf"].data))
    base = {0: 0, 1: found["meta/idat"].offset if "meta/idat" in found else collector.size}
    for number, (item, method, offset, length) in enumerate(_extents(found["meta/iloc"].data)):
        if number >= collector.limits.max_chunks:
            raise too_much("too_many_chunks", "extents or more", number, collector.limits.max_chunks, "--limit-chunks")
        if item in kinds and method in base:
            start = base[method] + offset
            end = min(start + length, collector.size) if length else start
            if start < end:
                collector.add(f"item:{kinds[item]}", start, end)


def _item_infos(iinf: memoryview) -> Iterator[tuple[int, str]]:
    """Identifier and kind of each metadata item ("Exif", "mime application/rdf+xml")."""
    position = 6 if iinf[:1] == b"\0" else 8
    while position + 8 <= len(iinf):
        size = int.from_bytes(iinf[position : position + 4], "big")
        if size < 20 or position + size > len(iinf):
            return
        entry = iinf[position + 8 : position + size]
        position += size
        if entry[0] not in (2, 3):
            continue
        wide = 4 if entry[0] == 3 else 2
        item = int.from_bytes(entry[4 : 4 + wide], "big")
        kind = bytes(entry[6 + wide : 10 + wide]).decode("latin-1")
        if kind not in _METADATA_ITEMS:
            continue
        strings = bytes(entry[10 + wide : 10 + wide + 512]).split(b"\0")
        content_type = strings[1].decode("latin-1") if kind == "mime" and len(strings) > 1 else ""
        yield item, f"{kind} {content_type}".strip()


def _extents(iloc: memoryview) -> Iterator[tuple[int, int, int, int]]:
    """`(item, construction method, offset, length)` of each extent."""
    version = iloc[0] if len(iloc) else 0
    position = 4

    def take(size: int) -> int:
        nonlocal position
        position += size
        return int.from_bytes(iloc[position - size : position], "big")

    sizes = take(2)
    offset_size, length_size, base_size, index_size = (
        sizes >> 12,
        sizes >> 8 & 15,
        sizes >> 4 & 15,
        sizes & 15,
    )
    for _ in range(take(4 if version == 2 else 2)):
        if position >= len(iloc):
            return
        item = take(4 if version == 2 else 2)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(base_size)
        for _ in range(take(2)):
            if position >= len(iloc):
                return
            if version and index_size:
                take(index_size)
            offset, length = base + take(offset_size), take(length_size)
            yield item, method, offset, length
