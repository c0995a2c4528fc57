"""What the outside of a picture says: container, size, JPEG tables, metadata. Never a pixel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

from fauxto.data.manifest import Sample
from fauxto.data.places import read_bytes
from fauxto.media.container import Part, walk
from fauxto.media.decode import probe
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.media.orientation import is_turned

_SIGNS: tuple[tuple[str, tuple[str, ...], bytes], ...] = (
    ("exif", ("APP1",), b"Exif\0"),
    ("exif", ("eXIf", "EXIF", "item:Exif"), b""),
    ("xmp", ("APP1",), b"http://ns.adobe.com/x"),
    ("xmp", ("iTXt",), b"XML:com.adobe.xmp\0"),
    ("xmp", ("XMP ", "XMP", "item:mime", "IFD0:700"), b""),
    ("icc", ("APP2",), b"ICC_PROFILE\0"),
    ("icc", ("iCCP", "ICCP", "IFD0:34675"), b""),
    ("c2pa", ("APP11", "caBX", "C2PA", "uuid:d8fec3d61b0e483c92975828877ec481"), b""),
    ("iptc", ("APP13",), b"Photoshop 3.0\0"),
    ("text", ("COM", "tEXt", "zTXt", "iTXt"), b""),
)
METADATA = tuple(dict.fromkeys(kind for kind, _, _ in _SIGNS))
"""The kinds of metadata whose presence is told."""

_HABITS = {"APP0": "jfif", "APP14": "adobe", "pHYs": "density", "gAMA": "gamma", "sRGB": "srgb", "DRI": "restarts"}
"""Parts that belong to the way an encoder writes its container."""


@dataclass(frozen=True)
class Outside:
    """The facts of one file. `width`, `height` are as stored; `length` counts bytes; `tables` names the pair of
    quantization tables by hash ("" where there are none), `quality` is the IJG quality that they imply, or None.
    `habits` are optional parts that the encoder wrote, such as "jfif".
    """

    format: str
    width: int
    height: int
    length: int
    mode: str
    frames: int
    trailing: bool
    metadata: frozenset[str]
    habits: frozenset[str]
    sha256: str
    quality: float | None = None
    subsampling: str = ""
    progressive: bool = False
    tables: str = ""

    @cached_property
    def bits_per_pixel(self) -> float:
        """Bits of the file for each pixel of the picture."""
        return 8 * self.length / (self.width * self.height)


def outside(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Outside:
    """Measure the bytes of a picture. Errors: InputError and ResourceError, as `media.decode.probe` has them."""
    header = probe(data, limits)
    turned = is_turned(header.orientation)
    width, height = (header.height, header.width) if turned else (header.width, header.height)
    parts = walk(data, limits).parts
    jpeg = header.jpeg
    tables = sorted(jpeg.quantization.items()) if jpeg is not None else []
    return Outside(
        format=header.format,
        width=width,
        height=height,
        length=len(data),
        mode=header.mode,
        frames=header.frames,
        trailing=header.trailing > 0,
        metadata=frozenset(kind for part in parts for kind in _kinds(part)),
        habits=frozenset(_HABITS[part.name] for part in parts if part.name in _HABITS),
        sha256=hashlib.sha256(data).hexdigest(),
        quality=jpeg.quality if jpeg is not None else None,
        subsampling=jpeg.subsampling if jpeg is not None else "",
        progressive=jpeg is not None and jpeg.progressive,
        tables=hashlib.sha256(repr(tables).encode()).hexdigest()[:12] if tables else "",
    )


def measured(sample: Sample) -> Sample:
    """The sample with `format`, `width`, `height`, `quality` and `sha256` taken from its file.

    Errors: as `outside` has them, and OSError as reading a file has them.
    """
    facts = outside(read_bytes(sample.path))
    return replace(
        sample,
        format=facts.format,
        width=facts.width,
        height=facts.height,
        quality=facts.quality or 0.0,
        sha256=facts.sha256,
    )


def _kinds(part: Part) -> list[str]:
    head = bytes(part.data[:32])
    return [kind for kind, names, start in _SIGNS if part.name in names and head.startswith(start)][:1]
