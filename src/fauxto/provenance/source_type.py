"""The vocabulary of digital source types (IPTC NewsCodes `digitalsourcetype`, and what C2PA adds)."""

from __future__ import annotations

import re

from fauxto.provenance.fields import PointsTo

_URI = re.compile(r"https?://(?:cv\.iptc\.org/newscodes|c2pa\.org)/digitalsourcetype/([A-Za-z]{1,64})/?")

TERMS: dict[str, PointsTo] = {
    "trainedAlgorithmicMedia": "generated",
    "compositeWithTrainedAlgorithmicMedia": "edited",
    "digitalCapture": "camera",
    "computationalCapture": "camera",
    "negativeFilm": "camera",
    "positiveFilm": "camera",
    # The rest says nothing about a learnt generator: drawings, screenshots, human edits, classic algorithms.
    "print": "none",
    "compositeCapture": "none",
    "composite": "none",
    "compositeSynthetic": "none",
    "algorithmicMedia": "none",
    "algorithmicallyEnhanced": "none",
    "dataDrivenMedia": "none",
    "digitalArt": "none",
    "digitalCreation": "none",
    "humanEdits": "none",
    "minorHumanEdits": "none",
    "screenCapture": "none",
    "softwareImage": "none",
    "virtualRecording": "none",
    "trainedAlgorithmicData": "none",
    "empty": "none",
}
"""What each term says of a still picture."""


def term(value: str) -> str | None:
    """The term that a URI or a bare word names, or None when it is none of the vocabulary.

    >>> term("https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia")
    'trainedAlgorithmicMedia'
    >>> term("made by trainedAlgorithmicMedia, they say") is None
    True
    """
    value = value[:200].strip()
    found = _URI.fullmatch(value)
    word = found[1] if found else value
    return word if word in TERMS else None
