"""Where declared metadata sits in each container: parts in, fields out."""

from __future__ import annotations

from collections.abc import Iterator

from fauxto.media.container import Part, Walk
from fauxto.provenance import exif, iim, png_text, xmp
from fauxto.provenance.fields import Field, Fields, Standard, Tag, excerpt

MAX_TEXTS = 1000
MAX_TOTAL = 16 * 2**20
"""Texts, and bytes of text after inflation, that are read from one file; the rest is reported as
unreadable.
"""

_PNG_XMP = "XML:com.adobe.xmp"
_PNG_RAW = ("Raw profile type exif", "Raw profile type APP1", "Raw profile type xmp", "Raw profile type iptc")
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_BMFF_XMP = "uuid:be7acfcb97a942e89c71999491e3afac"


class Reading:
    """Gathers the fields of one file within its budget, and a tag for whatever cannot be read."""

    def __init__(self) -> None:
        self.fields: list[Field] = []
        self.unreadable: list[Tag] = []
        self._texts, self._bytes = MAX_TEXTS, MAX_TOTAL

    def add(self, carrier: str, standard: Standard, pairs: Iterator[tuple[str, str]]) -> None:
        """Take the fields of one part."""
        for name, value in pairs:
            if not self._spend(len(value)):
                return
            self.fields.append(Field(carrier, standard, name, value))

    def xmp(self, carrier: str, packet: bytes | memoryview) -> None:
        """Take the properties of one XMP packet."""
        if not self._spend(len(packet)):
            return
        if bytes(packet[: len(_JPEG_XMP)]) == _JPEG_XMP:  # also seen in HEIF items and raw profiles
            packet = packet[len(_JPEG_XMP) :]
        try:
            self.add(carrier, "xmp", xmp.properties(packet))
        except xmp.BadPacket as error:
            self.fail(carrier, "xmp", f"The XMP packet cannot be read: {error}.")

    def png(self, part: Part) -> None:
        """Take one PNG text chunk, which may wrap XMP, Exif or IPTC."""
        carrier = f"PNG {part.name}"
        if not self._spend(part.length):
            return
        try:
            name, text = png_text.read_text(part.name, part.data)
        except png_text.BadText as error:
            self._bytes -= 0 if part.name == "tEXt" else png_text.MAX_TEXT  # what a bomb may have cost
            self.fail(carrier, "png-text", f"The {part.name} chunk cannot be read: {error}.")
            return
        self._bytes -= max(0, len(text) - part.length)
        if name == _PNG_XMP:
            self.xmp(carrier, text)
        elif name in _PNG_RAW:
            self._raw_profile(carrier, text)
        else:
            self.fields.append(Field(carrier, "png-text", name, exif.decode(text)))

    def fail(self, carrier: str, standard: Standard, reason: str) -> None:
        """Note that something of the file cannot be read, and why."""
        if len(self.unreadable) < 20:
            self.unreadable.append(Tag(carrier, standard, "", excerpt(reason), strength="none"))

    def _raw_profile(self, carrier: str, text: bytes) -> None:
        """Unwrap ImageMagick's storage of a foreign block: its name, its length, hexadecimal digits."""
        try:
            block = bytes.fromhex("".join(text.decode("ascii").split()[2:]))
        except ValueError:
            self.fail(carrier, "png-text", "The raw profile is not hexadecimal.")
            return
        if block.startswith(b"Exif\0\0"):
            self.add(carrier, "exif", exif.fields(block))
        elif block.startswith(b"Photoshop 3.0\0"):
            self.add(carrier, "iim", iim.fields(block))
        elif block.startswith((_JPEG_XMP, b"<")):
            self.xmp(carrier, block)

    def _spend(self, size: int) -> bool:
        """Book one text; False, once noted, when the budget of the file is used up."""
        over = self._texts < 1 or size > self._bytes
        if over and self._texts >= 0:
            self._texts = -1
            self.fail("file", "comment", "There is more metadata than is read; the rest is left out.")
        if over or self._texts < 0:
            return False
        self._texts, self._bytes = self._texts - 1, self._bytes - size
        return True


def read_fields(walk: Walk) -> tuple[Fields, list[Tag]]:
    """The declared fields of a file, and a tag of strength "none" for each part that cannot be read."""
    reading = Reading()
    match walk.format:
        case "jpeg":
            _jpeg(reading, walk)
        case "png":
            _png(reading, walk)
        case "webp":
            _webp(reading, walk)
        case "gif":
            _gif(reading, walk)
        case "tiff":
            _tiff(reading, walk)
        case "heif" | "avif":
            _bmff(reading, walk)
    return Fields(reading.fields), reading.unreadable


def _jpeg(reading: Reading, walk: Walk) -> None:
    extended: list[memoryview] = []
    for part in walk.parts:
        if part.name == "APP1":
            head = bytes(part.data[:40])
            if head.startswith(b"Exif\0\0"):
                reading.add("JPEG APP1", "exif", exif.fields(part.data))
            elif head.startswith(_JPEG_XMP):
                reading.xmp("JPEG APP1", part.data)
            elif head.startswith(_JPEG_XMP_EXTENSION):
                extended.append(part.data[len(_JPEG_XMP_EXTENSION) :])
        elif part.name == "APP13":
            reading.add("JPEG APP13", "iim", iim.fields(part.data))
        elif part.name == "COM":
            reading.add("JPEG COM", "comment", iter([("Comment", exif.decode(bytes(part.data).strip(b"\0")))]))
    if extended:
        reading.xmp("JPEG APP1", _join_extended(extended))


def _join_extended(pieces: list[memoryview]) -> bytes:
    """Extended XMP of the first digest: 32 bytes of digest, total length, offset, then the piece."""
    digest = bytes(pieces[0][:32])
    ours = [(int.from_bytes(p[36:40], "big"), p[40:]) for p in pieces if bytes(p[:32]) == digest]
    return b"".join(piece for _, piece in sorted(ours, key=lambda item: item[0]))


def _png(reading: Reading, walk: Walk) -> None:
    for part in walk.parts:
        if part.name in {"tEXt", "zTXt", "iTXt"}:
            reading.png(part)
        elif part.name == "eXIf":
            reading.add("PNG eXIf", "exif", exif.fields(part.data))


def _webp(reading: Reading, walk: Walk) -> None:
    for part in walk.parts:
        if part.name == "EXIF":
            reading.add("WebP EXIF", "exif", exif.fields(part.data))
        elif part.name == "XMP ":
            reading.xmp("WebP XMP", part.data)


def _gif(reading: Reading, walk: Walk) -> None:
    for part in walk.parts:
        if part.name == "COM":
            reading.add("GIF comment", "comment", iter([("Comment", exif.decode(bytes(part.data)))]))
        elif part.name == "XMP":
            reading.xmp("GIF XMP", part.data)


def _tiff(reading: Reading, walk: Walk) -> None:
    """The walk has read the directories already; its parts carry the tag numbers."""
    for part in walk.parts:
        directory, _, number = part.name.partition(":")
        if directory in {"IFD0", "Exif"} and number.isdigit():
            if int(number) == 700:
                reading.xmp("TIFF 700", part.data)
            elif int(number) == 33723:
                reading.add("TIFF 33723", "iim", iim.records(part.data))
            else:
                reading.add(f"TIFF {number}", "exif", exif.value(int(number), part.data))


def _bmff(reading: Reading, walk: Walk) -> None:
    name = walk.format.upper()
    for part in walk.parts:
        if part.name == "item:Exif":
            skip = 4 + int.from_bytes(part.data[:4], "big")
            reading.add(f"{name} Exif item", "exif", exif.fields(part.data[skip:]))
        elif part.name in {"item:mime application/rdf+xml", _BMFF_XMP}:
            reading.xmp(f"{name} XMP", part.data)
