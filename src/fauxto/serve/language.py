"""Answers in the language that a caller asks for with Accept-Language: sentences only, keys and verdicts stay."""

from __future__ import annotations

from fastapi import Request

from fauxto.language import localized, negotiate, translate
from fauxto.serve import schema


def spoken(request: Request) -> str:
    """The code of the language to answer in; English where none of ours is asked for."""
    return negotiate(request.headers.get("accept-language"))


def in_words(scan: schema.Scan, request: Request) -> schema.Scan:
    """A scan with its evidence and what would change it in the language of the request; its error has a code."""
    if scan.finding is None:
        return scan
    language = spoken(request)
    finding = localized(scan.finding, language)
    changes = [translate(words, language) for words in scan.changes]
    return scan.model_copy(update={"finding": finding, "changes": changes})
