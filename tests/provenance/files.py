"""Small files with metadata of every kind, built by hand: what the readers are tested on."""

from __future__ import annotations

import io
import struct
import zlib
from html import escape

import pillow_heif
from PIL import Image

EXIF_TAGS = {
    "ImageDescription": 0x010E,
    "Make": 0x010F,
    "Model": 0x0110,
    "Software": 0x0131,
    "Artist": 0x013B,
    "MakerNote": 0x927C,
    "UserComment": 0x9286,
    "FNumber": 0x829D,
}
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
NAMESPACES = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "AIGC": "http://www.tc260.org.cn/ns/AIGC/1.0/",
}
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def picture(format: str, size: int = 16) -> bytes:
    """A plain gradient without any metadata."""
    image = Image.linear_gradient("L").resize((size, size)).convert("RGB")
    out = io.BytesIO()
    if format == "HEIF":
        pillow_heif.from_pillow(image).save(out)
    else:
        image.save(out, format)
    return out.getvalue()


def chunk(name: str, payload: bytes) -> bytes:
    body = name.encode("ascii") + payload
    return struct.pack(">I", len(payload)) + body + struct.pack(">I", zlib.crc32(body))


def png(*chunks: bytes) -> bytes:
    """A PNG with these chunks right after its header."""
    plain = picture("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def text(key: str, value: str, kind: str = "tEXt") -> bytes:
    """A PNG text chunk of the given kind."""
    name, raw = key.encode("latin-1") + b"\0", value.encode("utf-8")
    match kind:
        case "tEXt":
            return chunk(kind, name + raw)
        case "zTXt":
            return chunk(kind, name + b"\0" + zlib.compress(raw))
        case "iTXt":
            return chunk(kind, name + b"\0\0en\0\0" + raw)
    return chunk("iTXt", name + b"\1\0\0\0" + zlib.compress(raw))


def png_texts(**texts: str) -> bytes:
    return png(*(text(key, value) for key, value in texts.items()))


def segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def jpeg(*segments: bytes) -> bytes:
    """A JPEG with these segments right after its start."""
    plain = picture("JPEG")
    return plain[:2] + b"".join(segments) + plain[2:]


def webp(**chunks: bytes) -> bytes:
    """A WebP with further chunks; names of three letters are padded with a space."""
    body = picture("WEBP")[12:]
    for name, payload in chunks.items():
        padded = payload + b"\0" * (len(payload) % 2)
        body += name.ljust(4).encode("ascii") + struct.pack("<I", len(payload)) + padded
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def exif(order: str = "<", **fields: str | bytes) -> bytes:
    """An Exif block (no prefix): ASCII entries, UserComment as given bytes, FNumber as a rational, all in
    IFD0.
    """
    entries, heap = [], b""
    start = 8 + 2 + 12 * len(fields) + 4
    for name, value in sorted(fields.items(), key=lambda item: EXIF_TAGS[item[0]]):
        raw = value if isinstance(value, bytes) else value.encode("utf-8") + b"\0"
        kind, count = (7, len(raw)) if name == "UserComment" else (2, len(raw))
        if name == "FNumber":
            kind, count, raw = 5, 1, struct.pack(order + "II", 28, 10)
        stored = raw.ljust(4, b"\0")
        if len(raw) > 4:
            stored = struct.pack(order + "I", start + len(heap))
            heap += raw + b"\0" * (len(raw) % 2)
        entries.append(struct.pack(order + "HHI", EXIF_TAGS[name], kind, count) + stored)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + struct.pack(order + "H", len(entries)) + b"".join(entries) + b"\0" * 4 + heap


def jpeg_exif(order: str = "<", **fields: str | bytes) -> bytes:
    return jpeg(segment(0xE1, b"Exif\0\0" + exif(order, **fields)))


def user_comment(value: str, order: str = "be") -> bytes:
    return b"UNICODE\0" + value.encode(f"utf-16-{order}")


def xmp(form: str = "element", prefixes: dict[str, str] | None = None, **properties: str) -> bytes:
    """A packet with properties like `photoshop__Credit="..."`, in "attribute", "element", "resource" or
    "list" form.

    `prefixes` renames a namespace's prefix, as Midjourney does.
    """
    renamed = prefixes or {}
    names = {key: key.split("__") for key in properties}
    spaces = " ".join(f'xmlns:{renamed.get(p, p)}="{NAMESPACES[p]}"' for p in sorted({p for p, _ in names.values()}))
    attributes, elements = "", ""
    for key, (prefix, name) in names.items():
        tag, value = f"{renamed.get(prefix, prefix)}:{name}", escape(properties[key])
        match form:
            case "attribute":
                attributes += f' {tag}="{value}"'
            case "element":
                elements += f"<{tag}>{value}</{tag}>"
            case "resource":
                elements += f'<{tag} rdf:resource="{value}"/>'
            case "list":
                elements += f"<{tag}><rdf:Seq><rdf:li>{value}</rdf:li></rdf:Seq></{tag}>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces}{attributes}>{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def jpeg_xmp(form: str = "element", **properties: str) -> bytes:
    return jpeg(segment(0xE1, JPEG_XMP + xmp(form, **properties)))


def png_xmp(form: str = "element", **properties: str) -> bytes:
    return png(text("XML:com.adobe.xmp", xmp(form, **properties).decode(), "iTXt"))


def webp_xmp(form: str = "element", **properties: str) -> bytes:
    return webp(**{"XMP": xmp(form, **properties)})


def iim(**records: str) -> bytes:
    """A JPEG whose Photoshop resources hold these IPTC records (named by number: `r110="..."`)."""
    data = b"".join(
        struct.pack(">BBBH", 0x1C, 2, int(name[1:]), len(value.encode())) + value.encode()
        for name, value in records.items()
    )
    resource = b"8BIM" + struct.pack(">H", 0x0404) + b"\0\0" + struct.pack(">I", len(data)) + data
    return jpeg(segment(0xED, b"Photoshop 3.0\0" + resource))
