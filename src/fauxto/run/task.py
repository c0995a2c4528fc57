"""What a worker of a scan does: a path comes in, a Finding goes out as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fauxto.run.options import Options
from fauxto.run.worker import Handler


def open_scanner(settings: str) -> Handler:
    """Set up a worker: `settings` is what `settings_of` returns."""
    from fauxto.run.pipeline import Scanner  # noqa: PLC0415  # numpy and codecs: the parent needs none of them

    scanner = Scanner(Options.from_json(settings))
    return lambda request: scanner.scan(os.fsdecode(request)).to_json().encode("utf-8", "replace")
