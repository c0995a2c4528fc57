"""Which options of a scan a caller of the service may choose, taken from `run.options` so that none is told twice."""

from __future__ import annotations

import typing
from dataclasses import MISSING, Field, fields
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model
from pydantic import Field as Described

from fauxto.run.options import Options

OPERATORS = frozenset({"model", "backend", "regions", "heatmap", "trust_anchors", "allow_network", "limits", "memory"})
"""Fields of `Options` that are the operator's: what runs, what it may cost, where it writes."""

_HARMLESS = (bool, int, float)

_WORDS = {
    "fpr": "At most this share of photographs like the reference sets is called.",
    "thorough": "Read more windows of the picture, against references of their own: slower, a second opinion.",
    "stability": "Also score copies as they would be re-shipped; a call that does not survive is inconclusive.",
    "localize": "Search the whole picture for altered regions (`finding.regions`, unless those are the heat map).",
    "forensics": "Add what the classical forensic tools say as evidence; no verdict changes.",
}


def _open_to_callers() -> dict[str, Field[Any]]:
    """The switches, numbers and choices among the options; a text could be a path, and is never a caller's."""
    types = typing.get_type_hints(Options)
    return {
        item.name: item
        for item in fields(Options)
        if item.name not in OPERATORS
        and (types[item.name] in _HARMLESS or typing.get_origin(types[item.name]) is Literal)
    }


def _model() -> type[BaseModel]:
    types = typing.get_type_hints(Options)
    described: dict[str, Any] = {}
    for name, item in _open_to_callers().items():
        bounds: dict[str, Any] = {"gt": 0, "lt": 1} if name == "fpr" else {}
        default = ... if item.default is MISSING else item.default
        described[name] = (types[name], Described(default, description=_WORDS.get(name), **bounds))
    described["heatmap"] = (bool, Described(False, description="Map where the score comes from (`finding.regions`)."))
    return create_model(
        "ScanOptions",
        __config__=ConfigDict(extra="forbid", frozen=True, strict=True),
        __doc__="What a caller may ask of a scan.",
        **described,
    )


ScanOptions = _model()
"""What a caller may ask of a scan: `fpr`, `stability`, `heatmap` and whatever switches the engine has besides."""


def keywords(asked: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `run.options.Options` for validated options of a caller.

    >>> keywords({"fpr": 0.05, "heatmap": True})
    {'fpr': 0.05, 'regions': True}
    """
    chosen = dict(asked)
    if "heatmap" in chosen:
        chosen["regions"] = bool(chosen.pop("heatmap"))
    return chosen
