"""PNG text chunks, with bounded inflation."""

from __future__ import annotations

import zlib

MAX_TEXT = 4 * 2**20
"""Bytes of one text after inflation."""


class BadText(ValueError):
    """The chunk breaks the PNG specification, or inflates beyond the limit."""


def read_text(kind: str, payload: bytes | memoryview) -> tuple[str, bytes]:
    """Keyword and raw text of a `tEXt`, `zTXt` or `iTXt` chunk; raises `BadText`.

    >>> read_text("tEXt", b"Software\\0NovelAI")
    ('Software', b'NovelAI')
    """
    head = bytes(payload[:80])
    keyword, separator, _ = head.partition(b"\0")
    if not separator or not keyword:
        raise BadText("it has no keyword")
    name = keyword.decode("latin-1")
    body = memoryview(payload)[len(keyword) + 1 :]
    if kind == "tEXt":
        return name, _bounded(bytes(body[: MAX_TEXT + 1]))
    if kind == "zTXt":
        if bytes(body[:1]) != b"\0":
            raise BadText("its compression method is unknown")
        return name, inflate(body[1:])
    return name, _international(body)


def _international(body: memoryview) -> bytes:
    """The text of an iTXt after its flag, method, language and translated keyword."""
    compressed, method = bytes(body[:1]), bytes(body[1:2])
    parts = bytes(body[2 : 2 + 4096]).split(b"\0", 2)
    if len(parts) < 3 or (compressed == b"\1" and method != b"\0"):
        raise BadText("its header is malformed")
    start = 2 + len(parts[0]) + len(parts[1]) + 2
    return inflate(body[start:]) if compressed == b"\1" else _bounded(bytes(body[start : start + MAX_TEXT + 1]))


def inflate(packed: bytes | memoryview, limit: int = MAX_TEXT) -> bytes:
    """Inflate a zlib stream of at most `limit` bytes; a bomb costs no more than the limit."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(packed, limit + 1)
    except zlib.error as error:
        raise BadText(f"it does not inflate ({error})") from error
    if not stream.eof and len(text) <= limit:
        raise BadText("its compressed text ends early")
    return _bounded(text, limit)


def _bounded(text: bytes, limit: int = MAX_TEXT) -> bytes:
    if len(text) > limit:
        raise BadText(f"it holds more than {limit:,} bytes of text")
    return text
