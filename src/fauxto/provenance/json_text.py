"""JSON out of untrusted text, bounded."""

from __future__ import annotations

import json
from typing import Any

MAX_JSON = 4 * 2**20
"""Characters of JSON that are parsed; generation graphs of real tools stay well below."""


def load_object(text: str) -> dict[str, Any] | None:
    """The JSON object that makes up the whole text, or None when it is none, too long, or nested beyond
    reason.

    >>> load_object('{"a": 1}'), load_object("[1]"), load_object("a cat")
    ({'a': 1}, None, None)
    """
    text = text.strip(" \t\r\n\0")
    if len(text) > MAX_JSON or not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def nested(value: Any, key: str) -> dict[str, Any]:
    """`value[key]` where both are objects, else an empty one."""
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def text_of(value: object) -> str:
    """A string or a number as text; "" for anything else, whose printed form could be of any size and depth.

    >>> text_of("a"), text_of(7), text_of(["a"]), text_of(None)
    ('a', '7', '', '')
    """
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
