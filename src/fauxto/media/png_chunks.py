"""The chunks of a PNG or APNG (PNG specification, third edition)."""

from __future__ import annotations

from fauxto.media.parts import Collector, Walk

_PICTURE = {"IHDR", "PLTE", "tRNS", "IDAT", "fdAT", "IEND"}


def walk_png(collector: Collector) -> Walk:
    """Every chunk up to IEND, named by its four letters; checksums are left to the decoder, nothing is
    inflated."""
    position = 8
    while position + 12 <= collector.size:
        length = collector.number(position, 4)
        name = bytes(collector.view[position + 4 : position + 8]).decode("latin-1")
        start, end = position + 8, position + 8 + length
        if end + 4 > collector.size:
            break
        collector.add(name, start, end, picture=name in _PICTURE)
        position = end + 4
        if name == "IEND":
            return collector.walk("png", position, truncated=False)
    return collector.walk("png", collector.size, truncated=True)


def bare_png(data: bytes, found: Walk) -> bytes:
    """The PNG without ancillary chunks: same pixels; no text or profile is inflated, no animation is played.

    What stays is IHDR, PLTE, tRNS, IDAT and IEND, each with its checksum. A chunk that is critical by its
    name but unknown stays too, for the decoder to refuse.
    """
    keep = [part for part in found.parts if part.name == "tRNS" or part.name[:1].isupper()]
    view = memoryview(data)
    return b"".join([view[:8], *(view[part.offset - 8 : part.offset + part.length + 4] for part in keep)])
