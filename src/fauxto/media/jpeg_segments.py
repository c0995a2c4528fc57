"""The marker segments of a JPEG (ITU-T T.81, annex B)."""

from __future__ import annotations

import re

from fauxto.media.limits import too_much
from fauxto.media.parts import Collector, Walk

_MARKER = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)  # a literal first byte: searched by memchr
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_SOS, _EOI, _COM = 0xDA, 0xD9, 0xFE
_NAMES = {
    0xC4: "DHT",
    0xC8: "JPG",
    0xCC: "DAC",
    _SOS: "SOS",
    0xDB: "DQT",
    0xDC: "DNL",
    0xDD: "DRI",
    _COM: "COM",
}


def walk_jpeg(collector: Collector) -> Walk:
    """Every segment up to the end marker; entropy-coded data are skipped, never parsed.

    Segments are named as in the standard ("APP1", "SOF0", "DQT", "SOS"); several segments of one Exif, ICC,
    XMP or JUMBF item stay several parts. A file without end marker is truncated.
    """
    view, position, scans = collector.view, 2, 0
    while found := (_AFTER_SCAN if scans else _MARKER).search(view, position):
        marker, position = view[found.end() - 1], found.end()
        if marker == _EOI:
            return collector.walk("jpeg", position, truncated=False)
        if marker in _STANDALONE:
            continue
        end = position + collector.number(position, 2)
        if end < position + 2 or end > collector.size:
            break
        name = _name(marker)
        collector.add(name, position + 2, end, picture=not (name.startswith("APP") or marker == _COM))
        position = end
        if marker == _SOS:
            scans += 1
            if scans > collector.limits.max_scans:
                raise too_much("too_many_scans", "scans or more", scans, collector.limits.max_scans, "--limit-scans")
    return collector.walk("jpeg", collector.size, truncated=True)


def _name(marker: int) -> str:
    if marker in _NAMES:
        return _NAMES[marker]
    if 0xC0 <= marker <= 0xCF:
        return f"SOF{marker - 0xC0}"
    return f"APP{marker - 0xE0}" if 0xE0 <= marker <= 0xEF else f"0x{marker:02X}"
