"""The signed layer: find a C2PA manifest in the container and have the native library check it, offline."""

from __future__ import annotations

import io
import json
import re
from functools import lru_cache

from fauxto.errors import InputError
from fauxto.media.container import Part, Walk
from fauxto.provenance.fields import excerpt
from fauxto.provenance.manifest import C2pa, interpret

MAX_MANIFEST = 32 * 2**20
"""Bytes of a manifest store that are given to the native library."""

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_UUID_BOX = "uuid:d8fec3d61b0e483c92975828877ec481"
_MIME = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "heif": "image/heif",
    "avif": "image/avif",
}


def manifest_bytes(walk: Walk) -> int:
    """The size of the manifest store that the container holds; 0 when there is none."""
    return sum(part.length for part in walk.parts if _is_manifest(walk.format, part))


def _is_manifest(format: str, part: Part) -> bool:
    match format:
        case "jpeg":  # a JUMBF segment: "JP", box instance, packet number, then a box of type "jumb"
            return part.name == "APP11" and bytes(part.data[:2]) == b"JP" and bytes(part.data[12:16]) == b"jumb"
        case "gif":
            return part.name == "APP" and bytes(part.data[:8]) == b"C2PA_GIF"
        case "tiff":
            return part.name.endswith(":52545")
    return part.name in {"caBX", "C2PA", _UUID_BOX}


def settings(trust_anchors: str | None) -> dict[str, object]:
    """The library's settings: what could open a connection is off; only the user's anchors are trusted."""
    found: dict[str, object] = {
        "verify": {
            "verify_after_reading": True,
            "verify_trust": True,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
        },
        # Identity assertions are not needed, and resolving one may ask a web server.
        "core": {
            "allowed_network_hosts": [],
            "decode_identity_assertions": False,
            "max_decompressed_manifest_size_in_mb": MAX_MANIFEST // 2**20,
        },
    }
    if trust_anchors is not None:
        found["trust"] = {"trust_anchors": trust_anchors}
    return found


@lru_cache(maxsize=8)
def parse_anchors(pem: str) -> str:
    """The certificates of a PEM text, without the comments around them.

    Raises `InputError` ("trust_anchors") when there is none or one is malformed: the user means to trust
    someone, and would silently trust nobody.
    """
    import ssl  # noqa: PLC0415 -- only who gives anchors pays for it

    anchors = "\n".join(_CERTIFICATE.findall(pem))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=anchors)
    except (ssl.SSLError, ValueError) as error:
        raise InputError(
            f"The trust anchors are no PEM text of certificates ({error}).",
            fix="Give a file of '-----BEGIN CERTIFICATE-----' blocks, for example the C2PA trust list.",
            code="trust_anchors",
        ) from error
    return anchors


def read(data: bytes, walk: Walk, trust_anchors: str | None = None) -> C2pa:
    """The manifest of a file: `C2pa("none")` without touching the library when the container holds none.

    `trust_anchors` is PEM text of the certificate authorities that the user trusts; without it no signer is
    known. A failure inside the library gives the state "unreadable" with its reason, never an exception.
    """
    size = manifest_bytes(walk)
    if not size:
        return C2pa()
    if size > MAX_MANIFEST:
        return C2pa("unreadable", reason=f"The manifest has {size:,} bytes; at most {MAX_MANIFEST:,} are read.")
    return _ask_library(data, _MIME[walk.format], trust_anchors)


def _ask_library(data: bytes, mime: str, trust_anchors: str | None) -> C2pa:
    """Have the native library check the manifest; every failure of it becomes the state "unreadable"."""
    try:
        from c2pa import C2paError, Context, Reader  # noqa: PLC0415 -- a file without manifest pays nothing
    except (ImportError, OSError) as error:
        return C2pa("unreadable", reason=excerpt(f"The C2PA library cannot be loaded: {error}"))
    try:
        with (
            Context.from_dict(settings(trust_anchors)) as context,
            Reader(mime, io.BytesIO(data), context=context) as reader,
        ):
            store = json.loads(reader.json())
    except C2paError as error:
        return _unreadable(str(error))
    except (ValueError, RecursionError) as error:
        return C2pa("unreadable", reason=f"The manifest store is no sound JSON ({type(error).__name__}).")
    if not isinstance(store, dict):
        return C2pa("unreadable", reason="The manifest store is empty.")
    return interpret(store, anchored=trust_anchors is not None)


def _unreadable(message: str) -> C2pa:
    # A manifest that is kept elsewhere is none here; the pointer to it is reported from the XMP.
    if message.startswith(("ManifestNotFound", "Remote")):
        return C2pa()
    return C2pa("unreadable", reason=excerpt(message))
