"""What the header of a JPEG says: size, subsampling, scans, quantization tables and their quality."""

from __future__ import annotations

import operator
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fauxto.errors import InputError
from fauxto.media.container import Walk, walk
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.media.quantization import NATURAL_ORDER, quality_of

_SOF = {f"SOF{i}" for i in (0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15)}
_PROGRESSIVE = {"SOF2", "SOF6", "SOF10", "SOF14"}
_REORDER = operator.itemgetter(*NATURAL_ORDER)


@dataclass(frozen=True, slots=True)
class Component:
    """One colour plane: its id, sampling factors, and the number of its quantization table."""

    id: int
    horizontal: int
    vertical: int
    table: int


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What the marker segments of a JPEG say.

    `width`, `height` are the stored size; `subsampling` is "4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1",
    "4:1:0", "gray" or the factors of every plane as "2x2,1x1,2x1"; `scans` counts the SOS segments;
    `quantization` maps table number to 64 values in natural (row by row) order; `quality` is the IJG quality
    of the tables or None (see `quantization.quality_of`); `restart_interval` counts MCUs, 0 = none;
    `adobe_transform` is the colour transform of the Adobe segment (0 none, 1 YCbCr, 2 YCCK) or None.
    """

    width: int
    height: int
    components: tuple[Component, ...]
    precision: int
    process: str
    subsampling: str
    progressive: bool
    scans: int
    quantization: dict[int, tuple[int, ...]]
    quality: float | None
    restart_interval: int
    adobe_transform: int | None


def read_header(data: bytes, limits: Limits = DEFAULT_LIMITS) -> JpegHeader:
    """The header of a JPEG, without decoding.

    Raises `InputError` ("corrupt") when there is no sound frame header, and what `container.walk` raises.
    """
    return header_of(walk(data, limits))


def header_of(parts: Walk) -> JpegHeader:
    """The header from a walk that is already done."""
    frame = next((part for part in parts.parts if part.name in _SOF), None)
    if frame is None or parts.format != "jpeg":
        raise _corrupt("has no frame header (SOF)", "truncated" if parts.truncated else "corrupt")
    sof = frame.data
    count = sof[5] if len(sof) >= 6 else 0
    if not count or len(sof) != 6 + 3 * count:
        raise _corrupt(f"has a frame header (SOF) of {len(sof)} bytes for {count} components")
    components = tuple(
        Component(sof[i], sof[i + 1] >> 4, sof[i + 1] & 15, sof[i + 2]) for i in range(6, 6 + 3 * count, 3)
    )
    if any(not (1 <= c.horizontal <= 4 and 1 <= c.vertical <= 4) for c in components):
        raise _corrupt("has sampling factors outside of 1 to 4")
    stored: dict[int, memoryview] = {}
    restart, adobe = 0, None
    for part in parts.parts:
        if part.name == "SOS":
            break
        if part.name == "DQT":
            stored.update(_tables(part.data))
        elif part.name == "DRI" and len(part.data) == 2:
            restart = int.from_bytes(part.data, "big")
        elif part.name == "APP14" and part.data[:5] == b"Adobe" and len(part.data) >= 12:
            adobe = part.data[11]
    tables = {number: _natural(raw) for number, raw in stored.items()}  # the last of a number counts, as in libjpeg
    used = [tables[c.table] for c in components[:3] if c.table in tables]
    return JpegHeader(
        width=int.from_bytes(sof[3:5], "big"),
        height=int.from_bytes(sof[1:3], "big"),
        components=components,
        precision=sof[0],
        process=frame.name,
        subsampling=_subsampling(components),
        progressive=frame.name in _PROGRESSIVE,
        scans=sum(part.name == "SOS" for part in parts.parts),
        quantization=tables,
        quality=quality_of(*used[:2]) if used else None,
        restart_interval=restart,
        adobe_transform=adobe,
    )


def _tables(segment: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and bytes (one or two a value) of each table of a DQT segment; one that is cut off is left out."""
    position = 0
    while position < len(segment):
        size, number = 1 + (segment[position] >> 4 > 0), segment[position] & 15
        raw = segment[position + 1 : position + 1 + 64 * size]
        if len(raw) < 64 * size:
            return
        yield number, raw
        position += 1 + 64 * size


def _natural(raw: memoryview) -> tuple[int, ...]:
    """A table of 64 or 128 bytes from zigzag to natural order."""
    return _REORDER(struct.unpack(">64H", raw) if len(raw) == 128 else raw)


def _subsampling(components: tuple[Component, ...]) -> str:
    """The J:a:b name of three planes whose chroma planes are alike; otherwise every plane's factors."""
    if len(components) == 1:
        return "gray"
    luma, chroma = components[0], components[1:3]
    factors = {(c.horizontal, c.vertical) for c in chroma}
    if len(components) == 3 and len(factors) == 1:
        across, down = factors.pop()
        ratio: tuple[float, float] = (luma.horizontal / across, luma.vertical / down)
        names: dict[tuple[float, float], str] = {
            (1, 1): "4:4:4",
            (2, 1): "4:2:2",
            (2, 2): "4:2:0",
            (1, 2): "4:4:0",
            (4, 1): "4:1:1",
            (4, 2): "4:1:0",
        }
        if ratio in names:
            return names[ratio]
    return ",".join(f"{c.horizontal}x{c.vertical}" for c in components)


def _corrupt(what: str, code: str = "corrupt") -> InputError:
    return InputError(f"The JPEG {what}.", fix="Fetch or export the picture again.", code=code)
