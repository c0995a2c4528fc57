"""The chunks of a WebP (RFC 9649)."""

from __future__ import annotations

from fauxto.media.parts import Collector, Walk

_PICTURE = {"VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF"}


def walk_webp(collector: Collector) -> Walk:
    """Every top-level RIFF chunk ("VP8X", "EXIF", "XMP ", "ICCP", "C2PA"), padded to even lengths."""
    promised = 8 + collector.number(4, 4, "little")
    promised += promised % 2
    position, limit = 12, min(promised, collector.size)
    while position + 8 <= limit:
        length = collector.number(position + 4, 4, "little")
        name = bytes(collector.view[position : position + 4]).decode("latin-1")
        start, end = position + 8, position + 8 + length
        if end > collector.size:
            return collector.walk("webp", collector.size, truncated=True)
        collector.add(name, start, end, picture=name in _PICTURE)
        position = end + length % 2
    return collector.walk("webp", promised, truncated=promised - 1 > collector.size)
