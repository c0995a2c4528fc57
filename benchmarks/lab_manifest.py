"""Draw the small manifest of the lab comparison: at most so many pictures of each family, by content.

    python benchmarks/lab_manifest.py --manifest house.csv --fakes 60 --reals 90 --out lab.csv

The manifest is that of `house_data.py`; `family` names what shares a decoder or a maker, and the population of a real.
Splits are dropped: the protocol makes its own.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

from fauxto.data.manifest import Sample, read, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--fakes", type=int, default=60)
    parser.add_argument("--reals", type=int, default=90)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    taken: dict[tuple[int, str], int] = {}
    kept = []
    for sample in sorted(read(options.manifest), key=digest):
        key = (sample.label, sample.family)
        taken[key] = taken.get(key, 0) + 1
        if taken[key] <= (options.fakes if sample.label else options.reals):
            kept.append(replace(sample, split=""))
    write(kept, options.out)
    for (label, family), count in sorted(taken.items()):
        print(f"{'fake' if label else 'real'}  {family:12} {min(count, options.fakes if label else options.reals)}")


def digest(sample: Sample) -> str:
    """An order that has nothing to do with names: the hash of the file's name, itself a hash in the pool."""
    return hashlib.sha256(Path(sample.path).name.encode()).hexdigest()


if __name__ == "__main__":
    main()
