"""What a worker of a scan does: a path comes in, a Finding goes out as JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path

from fauxto.run.options import Options
from fauxto.run.worker import Handler


def settings_of(options: Options, journal: tuple[Path, str] | None) -> str:
    """What `open_scanner` needs: the options, and the path and fingerprint of a journal of known contents."""
    known = (str(journal[0]), journal[1]) if journal else None
    return json.dumps({"options": options.to_json(), "journal": known})


def open_scanner(settings: str) -> Handler:
    """Set up a worker."""
    from fauxto.run.journal import Contents  # noqa: PLC0415
    from fauxto.run.pipeline import Scanner  # noqa: PLC0415  # numpy and codecs: the parent needs none of them

    charge = json.loads(settings)
    known = Contents(Path(charge["journal"][0]), charge["journal"][1]) if charge["journal"] else None
    scanner = Scanner(Options.from_json(charge["options"]), known)
    scanner.model.open()  # not on the time of the first picture
    return lambda request: scanner.scan(os.fsdecode(request)).to_json().encode("utf-8", "replace")
