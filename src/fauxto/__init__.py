"""fauxto: was this picture made or altered by a machine, where, by what, and how sure can we be?

>>> import fauxto
>>> fauxto.Finding("photo.jpg").status
'ok'
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fauxto.catalog import list_systems
    from fauxto.finding import Finding
    from fauxto.run.model import load
    from fauxto.run.scan import scan, scan_many

__version__ = "0.1.0"

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# ONNX Runtime collects events about its use from the moment it is imported, and sends them; fauxto makes no connection.

__all__ = ["Finding", "__version__", "list_systems", "load", "scan", "scan_many"]

_HOMES = {
    "Finding": "fauxto.finding",
    "list_systems": "fauxto.catalog",
    "load": "fauxto.run.model",
    "scan": "fauxto.run.scan",
    "scan_many": "fauxto.run.scan",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import fauxto` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'fauxto' has no attribute {name!r}; it has {', '.join(__all__)}")
    from importlib import import_module  # noqa: PLC0415

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
