"""Where a sentence of ours is made: marked for the catalogue, and filled in."""

from __future__ import annotations


def say(sentence: str, **values: object) -> str:
    """The English `sentence` with its `{placeholders}` filled in; Babel collects the sentence from the call.

    `sentence` has to be a literal, its placeholders bare names (format numbers before), and each name has to be
    listed in `sentence` as one of `PHRASES`, `NUMBERS` or `QUOTED`.

    >>> say("Up to {rate} reference photographs look this synthetic.", rate="1 in 250")
    'Up to 1 in 250 reference photographs look this synthetic.'
    """
    return sentence.format(**values) if values else sentence
