"""The heavier libraries of some tools, imported when they are used, and what to type where they are missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from fauxto.errors import ResourceError


def need(module: str) -> ModuleType:
    """A module of the extra `forensics`. Errors: ResourceError ("missing") that names the command to type."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ResourceError(
            f"This trace needs {module.partition('.')[0]}, which the base install leaves out.",
            fix="Run: pip install 'fauxto[forensics]'",
            code="missing",
        ) from error
