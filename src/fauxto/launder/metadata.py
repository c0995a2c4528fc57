"""What a file declares of itself: taken out, carried over from the original, or forged. The coded picture stays."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from fauxto.errors import InputError
from fauxto.launder.operation import Operator
from fauxto.launder.parameters import whole
from fauxto.media.container import Walk, walk
from fauxto.media.decode import probe
from fauxto.media.jpeg_stream import bare
from fauxto.media.orientation import upright
from fauxto.media.png_chunks import bare_png
from fauxto.media.tiff_tags import ORIENTATION, tags
from fauxto.media.tiff_tags import orientation as exif_orientation

_TIFF = (b"II*\0", b"MM\0*")
_SHORT = 3
_ONE_TAG = b"MM\0*\0\0\0\x08\0\x01" + ORIENTATION.to_bytes(2, "big") + b"\0\x03\0\0\0\x01\0"
"""A TIFF of one directory with one SHORT, up to the low byte of its value."""

_LARGEST = 16 * 2**20
"""No profile and no packet of metadata is inflated further."""

_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_EXIF, _XMP, _ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
_SEGMENT = 65533
"""A JPEG segment holds no more bytes; a profile goes into several, an Exif or XMP that is longer is refused."""

_MANIFEST = {"jpeg": "APP11", "png": "caBX", "webp": "C2PA"}
"""Where each container keeps a C2PA manifest; it is carried over as it is, and no longer fits the picture."""

_FLAGS = {"ICCP": 0x20, "EXIF": 0x08, "XMP ": 0x04}
_ALPHA_OR_ANIMATION = 0x12
"""What the first chunk of a WebP announces (RFC 9649)."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file says beside its picture: Exif as TIFF bytes, XMP packet, ICC profile, and pieces of C2PA manifest.

    `container` is that of the file; pieces of manifest can be carried to a file of the same container only.
    """

    exif: bytes = b""
    xmp: bytes = b""
    icc: bytes = b""
    manifest: tuple[bytes, ...] = ()
    container: str = ""


def declared(data: bytes) -> Declared:
    """What a JPEG, PNG or WebP declares. Errors: those of `walk`; InputError for another container."""
    found = _walked(data)
    return replace(
        _READERS[found.format](found),
        manifest=tuple(bytes(part.data) for part in found.parts if part.name == _MANIFEST[found.format]),
        container=found.format,
    )


def strip(data: bytes) -> bytes:
    """The same coded picture without Exif, XMP, ICC, C2PA, comments and whatever lies behind the end.

    An orientation other than upright alone stays, or the picture would be shown turned.
    """
    return write(data, oriented(Declared(), exif_orientation(declared(data).exif)))


def keep(data: bytes, original: bytes) -> bytes:
    """The file with what the original declares, as an honest editor or a forger leaves it there.

    The orientation stays the file's own: its pixels are upright already, unless it says otherwise. A C2PA manifest is
    carried to a file of the same container only: it is whole, and its hash no longer fits.
    """
    return write(data, oriented(declared(original), exif_orientation(declared(data).exif)))


def forge_orientation(data: bytes, orientation: int) -> bytes:
    """The file with an Exif that says it is turned, 1 to 8, from how it was shown: readers that follow show it so."""
    what = declared(data)
    stored = np.arange(6).reshape(2, 3, 1)
    wanted = upright(upright(stored, exif_orientation(what.exif)), orientation)
    return write(data, oriented(what, next(o for o in range(1, 9) if np.array_equal(upright(stored, o), wanted))))


def oriented(what: Declared, orientation: int) -> Declared:
    """The same with this orientation, in place where its Exif has one; an Exif without gives way to that alone."""
    if exif_orientation(what.exif) == orientation:
        return what
    found = tags(what.exif) if what.exif[:4] in _TIFF else ()
    tag = next((tag for tag in found if (tag.directory, tag.tag) == ("IFD0", ORIENTATION)), None)
    if tag is None or tag.type != _SHORT or tag.count != 1:
        return replace(what, exif=_ONE_TAG + bytes([orientation]) + bytes(6))
    value = orientation.to_bytes(2, tag.order)
    return replace(what, exif=what.exif[: tag.offset] + value + what.exif[tag.offset + 2 :])


def write(data: bytes, what: Declared) -> bytes:
    """The coded picture of a JPEG, PNG or WebP with exactly these declarations. Errors: InputError for another."""
    found = _walked(data)
    manifest = what.manifest if what.container == found.format else ()
    return _WRITERS[found.format](data, found, replace(what, manifest=manifest))


def _walked(data: bytes) -> Walk:
    found = walk(data)
    if found.format not in _WRITERS:
        raise InputError(
            f"Metadata is kept and forged in JPEG, PNG and WebP; this file is {found.format}.",
            fix="Put jpeg, webp or png before the step.",
        )
    return found


def _of_jpeg(found: Walk) -> Declared:
    texts = [bytes(part.data) for part in found.parts if part.name == "APP1"]
    exif = next((text[len(_EXIF) :] for text in texts if text.startswith(_EXIF)), b"")
    xmp = next((text[len(_XMP) :] for text in texts if text.startswith(_XMP)), b"")
    profiles = sorted(bytes(p.data)[len(_ICC) :] for p in found.parts if p.name == "APP2" and p.data[:12] == _ICC)
    return Declared(exif, xmp, b"".join(profile[2:] for profile in profiles))


def _of_png(found: Walk) -> Declared:
    exif, profile = (found.first(name) for name in ("eXIf", "iCCP"))
    texts = [bytes(part.data) for part in found.parts if part.name == "iTXt" and part.data[:18] == _XMP_KEYWORD]
    xmp = b""
    if texts:
        text = [*texts[0][20:].split(b"\0", 2), b"", b""][2]  # behind the language and the translated keyword
        xmp = _inflated(text) if texts[0][18:19] == b"\1" else text
    icc = _inflated(bytes(profile.data).partition(b"\0")[2][1:]) if profile else b""
    return Declared(bytes(exif.data) if exif else b"", xmp, icc)


def _of_webp(found: Walk) -> Declared:
    exif, xmp, icc = (found.first(name) for name in ("EXIF", "XMP ", "ICCP"))
    exif_bytes, xmp_bytes, icc_bytes = (bytes(part.data) if part else b"" for part in (exif, xmp, icc))
    return Declared(exif_bytes.removeprefix(_EXIF), xmp_bytes, icc_bytes)


def _inflated(packed: bytes) -> bytes:
    """At most `_LARGEST` bytes of what was deflated; nothing where it is damaged."""
    try:
        return zlib.decompressobj().decompress(packed, _LARGEST)
    except zlib.error:
        return b""


def _jpeg(data: bytes, found: Walk, what: Declared) -> bytes:
    clean = bare(data, found)
    head = 2
    while clean[head : head + 2] in (b"\xff\xe0", b"\xff\xee"):  # JFIF and Adobe say what the colours are
        head += 2 + int.from_bytes(clean[head + 2 : head + 4], "big")
    return clean[:head] + b"".join(_segments(what)) + clean[head:]


def _segments(what: Declared) -> Iterator[bytes]:
    pieces = [(0xE1, _EXIF + what.exif)] if what.exif else []
    pieces += [(0xE1, _XMP + what.xmp)] if what.xmp else []
    room = _SEGMENT - len(_ICC) - 2
    count = -(-len(what.icc) // room)
    pieces += [
        (0xE2, _ICC + bytes([i + 1, count]) + what.icc[i * room : (i + 1) * room]) for i in range(min(count, 255))
    ]
    pieces += [(0xEB, piece) for piece in what.manifest]
    for marker, payload in pieces:
        if len(payload) > _SEGMENT or count > 255:
            raise InputError(f"A JPEG holds no {len(payload)} bytes in one piece of metadata.", fix="Put png instead.")
        yield bytes([0xFF, marker]) + (len(payload) + 2).to_bytes(2, "big") + payload


def _png(data: bytes, found: Walk, what: Declared) -> bytes:
    clean = bare_png(data, found)
    head = 8 + 12 + 13  # signature and IHDR
    chunks = [(b"caBX", piece) for piece in what.manifest]
    chunks += [(b"iCCP", b"ICC profile\0\0" + zlib.compress(what.icc))] if what.icc else []
    chunks += [(b"eXIf", what.exif)] if what.exif else []
    chunks += [(b"iTXt", _XMP_KEYWORD + b"\0\0\0\0" + what.xmp)] if what.xmp else []
    written = [
        len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big") for name, body in chunks
    ]
    return clean[:head] + b"".join(written) + clean[head:]


def _webp(data: bytes, found: Walk, what: Declared) -> bytes:
    coded = [part for part in found.parts if part.name in ("VP8 ", "VP8L", "ALPH", "ANIM", "ANMF")]
    chunks = [("ICCP", what.icc)] if what.icc else []
    chunks += [(part.name, bytes(part.data)) for part in coded]
    chunks += [(name, body) for name, body in (("EXIF", what.exif), ("XMP ", what.xmp)) if body]
    chunks += [("C2PA", piece) for piece in what.manifest]
    first = found.first("VP8X")
    if first is not None or len(chunks) > len(coded):
        sides = bytes(first.data[4:10]) if first is not None else _sides(data)
        flags = first.data[0] & _ALPHA_OR_ANIMATION if first is not None and first.data else 0
        flags |= sum(_FLAGS[name] for name, _ in chunks if name in _FLAGS)
        chunks.insert(0, ("VP8X", bytes([flags, 0, 0, 0]) + sides))
    body = b"WEBP" + b"".join(
        name.encode() + len(piece).to_bytes(4, "little") + piece + b"\0" * (len(piece) % 2) for name, piece in chunks
    )
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _sides(data: bytes) -> bytes:
    header = probe(data)
    return b"".join((side - 1).to_bytes(3, "little") for side in (header.width, header.height))


_READERS = {"jpeg": _of_jpeg, "png": _of_png, "webp": _of_webp}
_WRITERS = {"jpeg": _jpeg, "png": _png, "webp": _webp}


def _strip(data: bytes, rng: np.random.Generator, original: bytes | None) -> bytes:
    return strip(data)


def _keep(data: bytes, rng: np.random.Generator, original: bytes | None) -> bytes:
    return data if original is None else keep(data, original)


def _forge(data: bytes, rng: np.random.Generator, original: bytes | None, orientation: int) -> bytes:
    return forge_orientation(data, orientation)


def _turned(pixels: np.ndarray, rng: np.random.Generator, orientation: int) -> np.ndarray:
    return np.ascontiguousarray(upright(pixels, orientation))


TABLE = (
    Operator("strip", "The file without metadata; the pixels stay.", _strip, on_file=True),
    Operator("keep", "The file with the metadata of the original; the pixels stay.", _keep, on_file=True),
    Operator("forge_orientation", "The file says in Exif that it is turned; readers that follow show it so.", _forge,
             (whole("orientation", 6, 1, 8),), moves=True, outline=_turned, on_file=True),
)  # fmt: skip
"""Operators of this file: they take the file that the step before wrote, and the original."""
