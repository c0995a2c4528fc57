"""Decode only a rectangle of a JPEG, bit-identical to the same rectangle of a full decode.

What is saved: for every row above the rectangle the inverse DCT, up-sampling and colour conversion;
everything for the rows below it; and most of the work for the columns beside it. Huffman decoding of the rows
above cannot be saved. Neither a DCT-scaled nor a fast-DCT decode is ever used: both change the very traces
that detectors look for.
"""

from __future__ import annotations

import numpy as np
import simplejpeg

from fauxto.media import libjpeg
from fauxto.media.crops import Box
from fauxto.media.jpeg import JpegHeader
from fauxto.media.jpeg_stream import bare
from fauxto.media.parts import Walk

_REHEARSAL_BYTES = 1024
LEAST_SKIPPED = 2**17
"""Pixels beside the box from which on skipping them gains more than the rehearsal and the thread cost (measured)."""

_WARNINGS = ("Corrupt JPEG data", "Premature end of JPEG file", "Inconsistent progression")


def decode_rectangle(data: bytes, found: Walk, header: JpegHeader, box: Box) -> np.ndarray | None:
    """The box (stored coordinates) as uint8 RGB, or None where the whole picture has to be decoded instead.

    None for a box that skips too little, four colour components, a progressive JPEG whose last
    refinements are missing (decoders smooth those over their neighbourhood), headers that fail the rehearsal,
    or without the binding. Raises `libjpeg.LibjpegError` when the coded data are damaged above or inside of
    the box; damage below it is not seen.
    """
    skipped = header.width * header.height - box.width * box.height
    if skipped < max(LEAST_SKIPPED, 1) or len(header.components) == 4:
        return None
    if header.progressive and not _is_complete(found, header):
        return None
    mcu_width = 8 * max(component.horizontal for component in header.components)
    mcu_height = 8 * max(component.vertical for component in header.components)
    # One iMCU more on every inner side: up-sampling at the edge of what is decoded lacks its neighbours.
    top = max(0, box.y // mcu_height - 1) * mcu_height
    bottom = min(header.height, (-(-(box.y + box.height) // mcu_height) + 1) * mcu_height)
    left = max(0, box.x // mcu_width - 1) * mcu_width
    right = min(header.width, (-(-(box.x + box.width) // mcu_width) + 1) * mcu_width)
    if not _rehearse(bare(data, found, rows=min(mcu_height, header.height), scan_bytes=_REHEARSAL_BYTES)):
        return None
    if not libjpeg.available():
        return None
    # Several scans are all read before the first row comes out: announcing fewer rows makes each one shorter.
    stream = bare(data, found, rows=bottom if header.scans > 1 else None)
    if header.scans > 1 and stream.find(b"\xff\xd8", 2) >= 0:
        return None  # a start marker amid the scans is fatal, and the rehearsal does not see all their bytes
    pixels = libjpeg.read_rectangle(stream, left, top, right - left, box.y + box.height - top)
    return pixels[box.y - top :, box.x - left : box.x - left + box.width]


def _rehearse(stream: bytes) -> bool:
    """Try headers, tables and scans in a decoder that can leave a fatal error; warnings are expected here.

    `strict`, because without it a fatal error that follows a warning goes unreported.
    """
    try:
        simplejpeg.decode_jpeg(stream, colorspace="RGB", fastdct=False, fastupsample=False, strict=True)
    except ValueError as error:
        return str(error).startswith(_WARNINGS)
    return True


def _is_complete(found: Walk, header: JpegHeader) -> bool:
    """Whether the scans of a progressive JPEG refine every coefficient of every component to its last bit."""
    missing = {(component.id, k) for component in header.components for k in range(64)}
    for part in found.parts:
        if part.name != "SOS" or not len(part.data):
            continue
        count = part.data[0]
        if len(part.data) != 4 + 2 * count:
            return False
        first, last, low = part.data[-3], part.data[-2], part.data[-1] & 15
        if low == 0:
            missing -= {(part.data[1 + 2 * i], k) for i in range(count) for k in range(first, min(last, 63) + 1)}
    return not missing
