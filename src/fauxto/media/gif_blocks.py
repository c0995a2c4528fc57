"""The blocks of a GIF (GIF89a specification)."""

from __future__ import annotations

from fauxto.media.limits import too_much
from fauxto.media.parts import Collector, Walk

_EXTENSION, _IMAGE, _TRAILER = 0x21, 0x2C, 0x3B
_COMMENT, _APPLICATION, _PLAIN_TEXT, _CONTROL = 0xFE, 0xFF, 0x01, 0xF9
_NAMES = {_COMMENT: "COM", _APPLICATION: "APP", _PLAIN_TEXT: "TEXT", _CONTROL: "CTRL"}
_XMP = b"XMP DataXMP"
_XMP_TRAILER = 257


def walk_gif(collector: Collector) -> Walk:
    """Extensions ("COM", "XMP", "APP", "TEXT", "CTRL") and frames ("IMAGE") up to the trailer.

    The payload of an extension is its joined sub-blocks. XMP is stored as one run that only looks like
    sub-blocks (Adobe XMP specification part 3), so its payload is the run without the 257 bytes of the magic
    trailer.
    """
    view, size = collector.view, collector.size
    position, frames = 13 + _table(collector, 10), 0
    while position < size:
        kind = view[position]
        if kind == _TRAILER:
            return collector.walk("gif", position + 1, truncated=False)
        if kind == _IMAGE:
            frames += 1
            if frames > collector.limits.max_frames:
                raise too_much(
                    "too_many_frames", "frames or more", frames, collector.limits.max_frames, "--limit-frames"
                )
            start = position + 1
            end, _ = _sub_blocks(collector, start + 10 + _table(collector, start + 8))
            if end is None:
                break
            collector.add("IMAGE", start, end, picture=True)
        elif kind == _EXTENSION and position + 2 < size:
            start = position + 2
            end, spans = _sub_blocks(collector, start)
            if end is None:
                break
            label = view[position + 1]
            if label == _APPLICATION and view[start + 1 : start + 12] == _XMP:
                collector.add("XMP", start + 12, max(start + 12, end - _XMP_TRAILER - 1))
            else:
                joined = b"".join(view[a:b] for a, b in spans)
                collector.add(_NAMES.get(label, f"EXT{label:02X}"), start, end, joined=joined)
        else:
            return collector.walk("gif", position, truncated=True)
        position = end
    only_trailer_missing = frames > 0 and position == size
    return collector.walk("gif", size, truncated=not only_trailer_missing)


def _table(collector: Collector, packed: int) -> int:
    """Bytes of the colour table that the packed field at this offset announces."""
    flags = collector.number(packed, 1)
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _sub_blocks(collector: Collector, position: int) -> tuple[int | None, list[tuple[int, int]]]:
    """The offset behind a run of sub-blocks (None: the file ends first) and the span of each."""
    spans: list[tuple[int, int]] = []
    while position < collector.size:
        length = collector.view[position]
        position += 1
        if not length:
            return position, spans
        spans.append((position, position + length))
        position += length
    return None, spans
