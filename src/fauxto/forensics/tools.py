"""The table of tools: name to module, so that listing them imports none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from fauxto.errors import InputError
from fauxto.forensics.trace import About, Trace

TOOLS = {
    "error-level": "error_level",
    "jpeg-ghosts": "jpeg_ghosts",
    "jpeg-grid": "jpeg_grid",
    "double-compression": "double_compression",
    "quantization": "quantization",
    "noise": "noise",
    "demosaicing": "demosaicing",
    "upsampling": "upsampling",
    "copy-move": "copy_move",
}
"""Every tool: its name on the command line, and the module and function of this room that it is."""

Tool = Callable[..., Trace]


def tool(name: str) -> tuple[Tool, About]:
    """The function and the card of a tool. Errors: InputError ("usage") for an unknown name.

    >>> tool("jpeg-grid")[1].reads
    'pixels'
    """
    check([name])
    module: Any = import_module(f"fauxto.forensics.{TOOLS[name]}")
    return getattr(module, TOOLS[name]), module.ABOUT


def check(names: Iterable[str]) -> None:
    """Refuse a name that no tool has."""
    if unknown := sorted(set(names) - TOOLS.keys()):
        raise InputError(
            f"There is no forensic tool {', '.join(map(repr, unknown))}.",
            fix=f"Choose from: {', '.join(TOOLS)}.",
            code="usage",
        )
