"""The language that a browser asks for."""

from __future__ import annotations

import re

from fauxto.language.catalogue import DEFAULT, LANGUAGES

_RANGE = re.compile(r"([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?")
_MOST = 50


def negotiate(header: str | None) -> str:
    """The code of the best language for an `Accept-Language` header (RFC 9110, 12.5.4); English where none fits.

    >>> negotiate("pt-BR, de-CH;q=0.8, fr;q=0.9"), negotiate("*"), negotiate(None)
    ('fr', 'en', 'en')
    """
    best, weight = DEFAULT, 0.0
    for part in (header or "").split(",")[:_MOST]:
        if not (found := _RANGE.fullmatch(part.strip())):
            continue
        code, quality = found[1].lower(), float(found[2] or 1)
        if code in LANGUAGES and quality > weight:
            best, weight = code, quality
    return best
