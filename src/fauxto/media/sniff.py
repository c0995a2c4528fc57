"""Which picture format are these bytes? Told by content only; a file's name is never looked at."""

from __future__ import annotations

FORMATS = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "heif", "avif")
"""Every format that fauxto decodes."""

_MAGIC = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"}
_BMP_HEADER_SIZES = {12, 16, 40, 52, 56, 64, 108, 124}

_REFUSED = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"8BPS", "a Photoshop document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
)


def sniff(data: bytes) -> str | None:
    """The format of a picture as one of `FORMATS`, or None.

    >>> sniff(b"\\x89PNG\\r\\n\\x1a\\n"), sniff(b"<svg/>")
    ('png', None)
    """
    head = bytes(data[:64])
    for magic, format in _MAGIC:
        if head.startswith(magic):
            return format
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "bmp"
    if head[4:8] == b"ftyp":
        return _bmff_format(head)
    return None


def describe(data: bytes) -> str:
    """What bytes that are no picture of ours look like, in words for an error message.

    >>> describe(b"%PDF-1.7"), describe(b"<svg xmlns='...'>"), describe(b"abc")
    ('a PDF document', 'an SVG, XML or HTML text', 'neither a picture nor any file that fauxto knows')
    """
    head = bytes(data[:64])
    for magic, words in _REFUSED:
        if head.startswith(magic):
            return words
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return "an SVG, XML or HTML text"
    if head[4:8] == b"ftyp":
        return "a video or another ISO media file"
    return "neither a picture nor any file that fauxto knows"


def _bmff_format(head: bytes) -> str | None:
    """AVIF or HEIF by the major brand, then by the compatible brands of the `ftyp` box."""
    size = int.from_bytes(head[:4], "big")
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, min(size, len(head)) - 3, 4))]
    if _AVIF_BRANDS.intersection(brands):
        return "avif"
    return "heif" if brands[0] in _HEIF_BRANDS or {b"heic", b"heix"}.intersection(brands) else None
