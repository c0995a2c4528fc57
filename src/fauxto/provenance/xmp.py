"""XMP packets (ISO 16684-1): the top-level properties, by namespace URI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_PACKET = 4 * 2**20

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
IPTC_EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
BASIC = "{http://ns.adobe.com/xap/1.0/}"
EXIF = "{http://ns.adobe.com/exif/1.0/}"
TIFF = "{http://ns.adobe.com/tiff/1.0/}"
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
DC_TERMS = "{http://purl.org/dc/terms/}"
TC260 = "{http://www.tc260.org.cn/ns/AIGC/1.0/}"

_LISTS = {RDF + "Seq", RDF + "Bag", RDF + "Alt"}


class BadPacket(ValueError):
    """The packet is too long, not well-formed, or declares a document type or entities."""


def properties(packet: bytes | memoryview) -> Iterator[tuple[str, str]]:
    """`("{namespace}name", value)` of each top-level property; a list gives one pair an item.

    Both RDF forms count: attribute and element. Properties nested in structures (an ingredient, a history
    entry) speak of something else than this picture and are left out. Raises `BadPacket`.
    """
    for description in _root(packet).iter(RDF + "RDF"):
        for node in description.findall(RDF + "Description"):
            for name, value in node.attrib.items():
                if not name.startswith(RDF):
                    yield name, value
            for child in node:
                for value in _values(child):
                    yield str(child.tag), value


def _values(element: Element) -> Iterator[str]:
    """The texts of a property: its own, its resource, or those of its list."""
    resource = element.get(RDF + "resource")
    if resource is not None:
        yield resource
    elif not len(element):
        yield (element.text or "").strip()
    else:
        for child in element:
            if child.tag in _LISTS:
                yield from ((item.text or "").strip() for item in child.findall(RDF + "li") if not len(item))


def _root(packet: bytes | memoryview) -> Element:
    from xml.etree.ElementTree import ParseError  # noqa: PLC0415 -- a file without XMP pays nothing

    from defusedxml import DefusedXmlException  # noqa: PLC0415
    from defusedxml.ElementTree import fromstring  # noqa: PLC0415

    if len(packet) > MAX_PACKET:
        raise BadPacket(f"it has {len(packet):,} bytes; at most {MAX_PACKET:,} are read")
    raw = bytes(packet).strip(b"\0 \t\r\n")
    try:
        root: Element = fromstring(raw, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadPacket("it declares a document type or entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise BadPacket(f"it is not well-formed ({error})") from error
    return root
