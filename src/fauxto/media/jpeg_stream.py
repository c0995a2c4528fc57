"""Rewrite a JPEG's bytes for a decoder: without metadata, and if wanted with fewer rows or shortened scans."""

from __future__ import annotations

from fauxto.media.parts import Part, Walk

_COLOUR_MARKS = {"APP0", "APP14"}


def is_metadata(part: Part) -> bool:
    """Whether a segment has no say in the pixels; JFIF and Adobe segments have one, they name the colour space."""
    return (part.name.startswith("APP") and part.name not in _COLOUR_MARKS) or part.name == "COM"


def bare(data: bytes, found: Walk, rows: int | None = None, scan_bytes: int | None = None) -> bytes:
    """The JPEG as its tables, frame and scans only: same pixels, no metadata, nothing between or after segments.

    With `rows` the frame header announces that many rows, so that a decoder stops every scan there and skips its rest.
    With `scan_bytes` the coded data of each scan are cut to that length: enough to try every header, table and scan
    script, for a fatal error, at next to no cost.
    """
    view = memoryview(data)
    pieces: list[bytes | memoryview] = [b"\xff\xd8"]
    following = [part.offset - 4 for part in found.parts[1:]] + [found.end - 2]
    for part, next_start in zip(found.parts, following, strict=True):
        if is_metadata(part):
            continue
        end = part.offset + part.length
        pieces.append(b"\xff")
        if rows is not None and part.name.startswith("SOF"):
            pieces += [view[part.offset - 3 : part.offset + 1], rows.to_bytes(2, "big"), view[part.offset + 3 : end]]
        else:
            pieces.append(view[part.offset - 3 : end])
        if part.name == "SOS":
            pieces.append(view[end : next_start if scan_bytes is None else min(next_start, end + scan_bytes)])
    pieces.append(b"\xff\xd9")
    return b"".join(pieces)
