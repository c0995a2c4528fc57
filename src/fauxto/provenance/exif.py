"""Text fields of an Exif block."""

from __future__ import annotations

from collections.abc import Iterator

from fauxto.media.tiff_tags import tags

MAX_VALUE, MAX_BLOCK = 4 * 2**20, 16 * 2**20
_MAX_TAGS = 1000

_TEXT = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x927C: "MakerNote",
    0xA433: "LensMake",
    0xA434: "LensModel",
}
_WINDOWS_TEXT = {0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9D: "XPAuthor", 0x9C9E: "XPKeywords"}
_USER_COMMENT = 0x9286
_EXPOSURE = {0x829A: "ExposureTime", 0x829D: "FNumber", 0x8827: "ISOSpeedRatings", 0x920A: "FocalLength"}


def fields(block: bytes | memoryview) -> Iterator[tuple[str, str]]:
    """`(name, text)` of the fields that can speak of origin; of exposure fields only that they are there
    ("yes").

    Takes a block with or without its "Exif" prefix. Directories that point in circles are read once; an entry
    that points outside of the block is left out. Reading ends when the values together, which may overlap,
    pass `MAX_BLOCK` bytes.
    """
    view = memoryview(block)
    if bytes(view[:6]) == b"Exif\0\0":
        view = view[6:]
    if bytes(view[:4]) not in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        return
    left = MAX_BLOCK
    for tag in tags(view, _MAX_TAGS):
        left -= len(tag.data)
        if left < 0:
            return
        if tag.directory in {"IFD0", "Exif"}:
            yield from value(tag.tag, tag.data)


def value(tag: int, data: memoryview) -> Iterator[tuple[str, str]]:
    """`(name, text)` of one tag by its number, or nothing when it does not speak of origin."""
    if tag in _TEXT:
        # Exif says ASCII; writers mean UTF-8.
        yield _TEXT[tag], decode(bytes(data[:MAX_VALUE]).split(b"\0", 1)[0])
    elif tag in _WINDOWS_TEXT:
        yield _WINDOWS_TEXT[tag], bytes(data[:MAX_VALUE]).decode("utf-16-le", "replace").strip("\0")
    elif tag == _USER_COMMENT:
        yield "UserComment", user_comment(bytes(data[:MAX_VALUE]))
    elif tag in _EXPOSURE:
        yield _EXPOSURE[tag], "yes"


def decode(raw: bytes) -> str:
    """UTF-8 where it is that, else Latin-1 (which never fails)."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def user_comment(raw: bytes) -> str:
    """The text of a UserComment, whose first 8 bytes name the character set.

    "UNICODE" leaves the byte order open, and writers differ: the order that gives more ASCII letters is
    taken.

    >>> user_comment(b"ASCII\\0\\0\\0hello"), user_comment(b"UNICODE\\0" + "hello".encode("utf-16-be"))
    ('hello', 'hello')
    """
    charset, body = raw[:8], raw[8:]
    if charset == b"UNICODE\0":
        if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return body.decode("utf-16", "replace").strip("\0")
        orders = [body.decode(order, "replace").strip("\0") for order in ("utf-16-le", "utf-16-be")]
        return max(orders, key=lambda text: sum(" " <= c <= "~" for c in text[:1000]))
    if charset in (b"ASCII\0\0\0", b"JIS\0\0\0\0\0", b"\0" * 8):
        return decode(body.strip(b"\0 "))
    return decode(raw.strip(b"\0 "))
