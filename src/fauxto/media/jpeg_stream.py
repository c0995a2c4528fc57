"""Rewrite a JPEG for a decoder: without metadata, and if wanted with fewer rows or shortened scans."""

from __future__ import annotations

from fauxto.media.parts import Part, Walk

_JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"


def _colour_mark(part: Part, components: int) -> bytes | None:
    """What an application segment or comment says about the colour space (JFIF, Adobe), or None for metadata.

    A JFIF of another version and an unknown Adobe transform are written as what libjpeg takes them for.
    """
    if part.name == "APP0" and part.length >= 14 and part.data[:5] == b"JFIF\0":
        return _JFIF
    if part.name == "APP14" and part.length >= 12 and part.data[:5] == b"Adobe":
        transform = part.data[11]
        known = transform if transform <= 2 else (2 if components == 4 else 1)
        return _ADOBE + bytes([known])
    return None


def bare(data: bytes, found: Walk, rows: int | None = None, scan_bytes: int | None = None) -> bytes:
    """The JPEG as its tables, frame and scans only: same pixels, no metadata, nothing between or after
    segments.

    With `rows` the frame header announces that many rows, so that a decoder stops every scan there and skips
    its rest. With `scan_bytes` the coded data of each scan are cut to that length: enough to try every
    header, table and scan script, for a fatal error, at next to no cost.
    """
    view = memoryview(data)
    pieces: list[bytes | memoryview] = [b"\xff\xd8"]
    frame = next((part.data for part in found.parts if part.name.startswith("SOF")), b"")
    components = frame[5] if len(frame) > 5 else 0
    following = [part.offset - 4 for part in found.parts[1:]] + [found.end - 2]
    for part, next_start in zip(found.parts, following, strict=True):
        if part.name.startswith("APP") or part.name == "COM":
            pieces.append(_colour_mark(part, components) or b"")
            continue
        end = part.offset + part.length
        pieces.append(b"\xff")
        if rows is not None and part.name.startswith("SOF"):
            pieces += [
                view[part.offset - 3 : part.offset + 1],
                rows.to_bytes(2, "big"),
                view[part.offset + 3 : end],
            ]
        else:
            pieces.append(view[part.offset - 3 : end])
        if part.name == "SOS":
            pieces.append(view[end : next_start if scan_bytes is None else min(next_start, end + scan_bytes)])
    pieces.append(b"\xff\xd9")
    return b"".join(pieces)
