"""IPTC-IIM records inside Photoshop image resources (JPEG APP13, TIFF 33723)."""

from __future__ import annotations

from collections.abc import Iterator

from fauxto.provenance.exif import decode

_PREFIX = b"Photoshop 3.0\0"
_IPTC_RESOURCE = 0x0404
_MAX_RECORDS = 1000
_NAMES = {
    5: "ObjectName",
    65: "OriginatingProgram",
    80: "By-line",
    110: "Credit",
    115: "Source",
    120: "Caption",
}


def fields(payload: bytes | memoryview) -> Iterator[tuple[str, str]]:
    """`(name, text)` of the records of interest in a payload that starts with "Photoshop 3.0"."""
    view = memoryview(payload)
    if bytes(view[: len(_PREFIX)]) != _PREFIX:
        return
    position = len(_PREFIX)
    while position + 12 <= len(view) and bytes(view[position : position + 4]) == b"8BIM":
        kind = int.from_bytes(view[position + 4 : position + 6], "big")
        name = view[position + 6] + 1
        start = position + 6 + name + name % 2
        size = int.from_bytes(view[start : start + 4], "big")
        if kind == _IPTC_RESOURCE:
            yield from records(view[start + 4 : start + 4 + size])
        position = start + 4 + size + size % 2


def records(view: memoryview) -> Iterator[tuple[str, str]]:
    """`(name, text)` of the application records (2:xx) of interest in a run of IIM data sets."""
    position = 0
    for _ in range(_MAX_RECORDS):
        if position + 5 > len(view) or view[position] != 0x1C:
            return
        record, dataset = view[position + 1], view[position + 2]
        size = int.from_bytes(view[position + 3 : position + 5], "big")
        if size >= 0x8000:  # extended data sets hold objects, not captions
            return
        if record == 2 and dataset in _NAMES:
            yield _NAMES[dataset], decode(bytes(view[position + 5 : position + 5 + size]))
        position += 5 + size
