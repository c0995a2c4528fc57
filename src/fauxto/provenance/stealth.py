"""Generation settings hidden in the lowest bits of the pixels ("stealth PNG info").

The bits run column by column, from the top down. The alpha plane carries one bit a pixel ("stealth_pnginfo",
or "stealth_pngcomp" when gzipped); without alpha the bits of r, g, b follow each other ("stealth_rgbinfo",
"stealth_rgbcomp"). After the 15 bytes of the mark: the payload's length in bits, 32 bits, big-endian; then
UTF-8 text.
"""

from __future__ import annotations

import zlib

import numpy as np

from fauxto.errors import InputError
from fauxto.provenance.fields import Field, Fields, Tag, excerpt
from fauxto.provenance.generators import recognise
from fauxto.provenance.json_text import load_object

MAX_TEXT = 4 * 2**20
_MARK, _LENGTH = 15, 4
_KINDS = {
    "alpha": {b"stealth_pnginfo": False, b"stealth_pngcomp": True},
    "rgb": {b"stealth_rgbinfo": False, b"stealth_rgbcomp": True},
}


def read_stealth(pixels: np.ndarray) -> list[Tag]:
    """The tags that a hidden text gives: those of its settings, or one without a generator when it is of no
    known form.

    `pixels` is uint8 HWC, RGB or RGBA, exactly as stored: any resizing, cropping or lossy saving destroys the
    text.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise InputError(
            f"Expected uint8 H x W x 3 or H x W x 4 pixels; got {pixels.dtype} {pixels.shape}.",
            fix="Give the pixels as they are stored, with their alpha plane.",
        )
    planes = {"rgb": pixels[..., :3]} | ({"alpha": pixels[..., 3:]} if pixels.shape[2] == 4 else {})
    for name, plane in planes.items():
        text = _text(plane, _KINDS[name])
        if text is not None:
            return _tags(f"{name} plane", text)
    return []


def _text(plane: np.ndarray, kinds: dict[bytes, bool]) -> str | None:
    """The hidden text of one plane, or None."""
    mark = _bytes(plane, 0, _MARK)
    if mark not in kinds:
        return None
    bits = int.from_bytes(_bytes(plane, _MARK, _LENGTH), "big")
    payload = _bytes(plane, _MARK + _LENGTH, min(bits // 8, MAX_TEXT))
    if kinds[mark]:
        inflater = zlib.decompressobj(wbits=31)
        try:
            payload = inflater.decompress(payload, MAX_TEXT)
        except zlib.error:
            return None
    return payload.decode("utf-8", "replace")


def _bytes(plane: np.ndarray, start: int, count: int) -> bytes:
    """`count` bytes of the bit stream from byte `start`; only the columns that hold them are touched."""
    height, width, channels = plane.shape
    per_column = height * channels
    first, last = 8 * start // per_column, -(-8 * (start + count) // per_column)
    columns = plane[:, first : min(last, width)].transpose(1, 0, 2).reshape(-1) & 1
    skipped = 8 * start - first * per_column
    return np.packbits(columns[skipped : skipped + 8 * count]).tobytes()


def _tags(carrier: str, text: str) -> list[Tag]:
    """Read the text as one PNG `parameters`, or as an object whose keys are PNG keywords (NovelAI)."""
    texts = load_object(text) or {}
    fields = [Field(carrier, "png-text", key, value) for key, value in texts.items() if isinstance(value, str)]
    found = recognise(Fields([Field(carrier, "png-text", "parameters", text), *fields]))
    plain = Tag(carrier, "stealth", "", "hidden settings", None, "generated", "strong", excerpt(text))
    return [
        Tag(t.carrier, "stealth", t.field, t.value, t.generator, t.points_to, t.strength, t.prompt) for t in found
    ] or [plain]
