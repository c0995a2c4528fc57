"""`fauxto data`: from a folder of pictures to a manifest, and what is in one."""

from __future__ import annotations

import json as _json
from collections import Counter
from pathlib import Path


def index(folder: Path, /, *, out: Path) -> int:
    """Write the manifest of a folder whose sub-folders name the classes (real and fake, 0_real and 1_fake, ...).

    Parameters
    ----------
    folder
        Searched recursively; links are not followed.
    out
        A .csv or .parquet file.
    """
    from fauxto.data import manifest  # noqa: PLC0415

    samples = manifest.index(folder)
    manifest.write(samples, out)
    counts = Counter("fake" if sample.label else "real" for sample in samples)
    print(f"{len(samples)} pictures ({counts['real']} real, {counts['fake']} fake) written to {out}")
    return 0


def describe(manifest: Path, /, *, json: bool = False) -> int:
    """Count the pictures of a manifest by class, group and split.

    Parameters
    ----------
    manifest
        A .csv or .parquet manifest.
    json
        One JSON object a line.
    """
    from fauxto.data.manifest import read  # noqa: PLC0415

    counts = Counter(
        ("fake" if s.label else "real", s.generator or s.source or "unknown", s.split or "none") for s in read(manifest)
    )
    for (label, group, split), count in sorted(counts.items()):
        row = {"label": label, "group": group, "split": split, "pictures": count}
        print(_json.dumps(row) if json else f"{label:5} {group:40} {split:12} {count:7}")
    return 0
