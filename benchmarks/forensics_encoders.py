"""Count which cameras and programs wrote which quantization tables, in original photographs with Exif.

    python benchmarks/forensics_encoders.py --pool POOL

POOL is a folder of originals with a `manifest.csv` (path, label, format). An editor that names itself in Exif is
counted instead of the camera; a table of the standard stays in the list, for it tells which cameras write it.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image

from fauxto.errors import FauxtoError
from fauxto.forensics.quantization import digest
from fauxto.media.jpeg import read_header

EDITORS = (
    "Adobe Photoshop",
    "Adobe Lightroom",
    "Adobe ImageReady",
    "QuickTime",
    "ACDSee",
    "GIMP",
    "Picasa",
    "Paint.NET",
)
MAKERS = {"Eastman": "Kodak", "Asahi": "Pentax", "Konica": "Konica Minolta", "Research": "BlackBerry", "Lg": "LG",
          "Lge": "LG", "Jk": "JK Imaging", "Htc": "HTC", "Dji": "DJI", "Hp": "HP", "Hewlett-Packard": "HP"}  # fmt: skip
OUT = Path("src/fauxto/forensics/encoders.json")


def writer(path: Path) -> str:
    """The program or else the camera maker that Exif names; empty without one."""
    with Image.open(path) as image:
        exif = image.getexif()
    software, make = (str(exif.get(tag, "")).strip(" \0") for tag in (0x0131, 0x010F))
    editor = next((name for name in EDITORS if name.lower() in software.lower()), "")
    word = make.split(" ")[0].title()
    return editor or MAKERS.get(word, word)


def trusted(tables: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """The tables without names that fewer than two photographs bear: those may be typed by hand, or damaged."""
    total = Counter()
    for names in tables.values():
        total.update(names)
    kept = {key: {n: c for n, c in names.items() if total[n] > 1} for key, names in sorted(tables.items())}
    return {key: names for key, names in kept.items() if names}


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pool", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    tables: dict[str, Counter[str]] = defaultdict(Counter)
    with (arguments.pool / "manifest.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        rows = [row for row in csv.DictReader(line.replace("\0", "") for line in file) if row["label"] == "real"]
    for row in rows:
        if not row["format"].startswith("JPEG"):
            continue
        path = arguments.pool / row["path"]
        try:
            name, header = writer(path), read_header(path.read_bytes())
        except (FauxtoError, OSError, SyntaxError):
            continue
        if name:
            used = [header.quantization[c.table] for c in header.components[:2] if c.table in header.quantization]
            tables[digest(used)][name] += 1
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "photographs": sum(sum(names.values()) for names in tables.values()),
        "tables": trusted({key: dict(names.most_common()) for key, names in tables.items()}),
    }
    arguments.out.write_text(json.dumps(report, indent=0) + "\n")


if __name__ == "__main__":
    main()
