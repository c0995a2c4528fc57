"""What a file says of itself: signed manifests (C2PA) and declared metadata, read offline."""

from __future__ import annotations

from dataclasses import replace

from fauxto.errors import ResourceError
from fauxto.media.container import Walk, walk
from fauxto.media.limits import DEFAULT_LIMITS, Limits
from fauxto.provenance import c2pa, xmp
from fauxto.provenance.carriers import read_fields
from fauxto.provenance.fields import Tag, excerpt
from fauxto.provenance.generators import recognise
from fauxto.provenance.manifest import C2pa
from fauxto.provenance.result import Provenance

__all__ = ["C2pa", "Provenance", "Tag", "read"]

_MAX_TAGS = 100


def read(
    data: bytes, *, limits: Limits = DEFAULT_LIMITS, trust_anchors: str | None = None, found: Walk | None = None
) -> Provenance:
    """Everything the bytes of one picture say of their origin; no pixel is decoded and no connection opened.

    `trust_anchors` is PEM text of the authorities whose C2PA signatures count as proof; `found` is the walk of these
    bytes where it is done already. Raises `InputError`
    for bytes that are no picture, an empty file or a PEM without certificates, and `ResourceError`
    "too_many_bytes"; metadata that are malformed, hostile or too large become tags of strength "none".
    """
    anchors = None if trust_anchors is None else c2pa.parse_anchors(trust_anchors)
    try:
        found = found or walk(data, limits)
    except ResourceError as error:
        if error.code == "too_many_bytes":
            raise
        return Provenance(tags=(Tag("file", "comment", "", excerpt(error.what), strength="none"),))
    manifest = c2pa.read(data, found, anchors)
    fields, unreadable = read_fields(found)
    remote = fields.first("xmp", xmp.DC_TERMS + "provenance")
    if remote is not None and remote.value.startswith(("http://", "https://")):
        manifest = replace(manifest, remote_url=excerpt(remote.value))
    return Provenance(manifest, tuple([*recognise(fields), *unreadable][:_MAX_TAGS]))
