"""Fuzz the whole scan: mutated files of every format, with metadata of every tool, through the worker pool.

python -m tests.run.fuzz --count 10000 --out benchmarks/results/fuzz_scan.json [--folder PICTURES]

Each file must give exactly one row, in order: a Finding with the hash of its bytes, or an error of a stable
code that says what to do. The parent's memory and the number of worker deaths are part of the report.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack

import fauxto
from fauxto.finding import VERDICTS, Finding
from fauxto.media.sniff import sniff
from fauxto.run.options import OptionKeywords
from tests.media.fuzz import made_seeds, mutate, real_seeds, resident_bytes
from tests.provenance import files, signing
from tests.provenance.test_generators import ROWS

CONTENT = {
    *("empty", "unknown_format", "truncated", "corrupt", "unsupported", "too_many_bytes", "too_many_pixels"),
    *("too_many_scans", "too_many_chunks", "too_many_frames", "metadata_too_large", "memory"),
}
"""The codes that hostile content may have; "timeout" and "worker_died" are counted apart, "internal" is a defect."""


def seeds_with_metadata() -> list[bytes]:
    """Files with the metadata of every known tool, and signed ones."""
    ours = signing.authority("fauxto fuzz")
    definition = signing.manifest({"action": "c2pa.created", "digitalSourceType": signing.TRAINED})
    plain = [(files.picture(format.upper()), f"image/{format}") for format in ("jpeg", "png", "webp")]
    signed = [signing.sign(data, kind, definition, ours) for data, kind in plain]
    return [data for cases in ROWS.values() for data, _ in cases] + signed * 10


def run(
    seeds: list[bytes], count: int, seed: int, keep: Path | None = None, **options: Unpack[OptionKeywords]
) -> dict[str, object]:
    """Scan `count` mutations; those that cost a worker are kept in the folder `keep`, if there is one."""
    rng, start = random.Random(seed), time.monotonic()
    codes: dict[str, Counter[str]] = {}
    killers: list[str] = []
    resident: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        under_way: deque[Path] = deque()

        def paths() -> Iterator[Path]:
            for index in range(count):
                path = Path(folder) / f"{index}.bin"
                path.write_bytes(mutate(rng.choice(seeds), rng))
                under_way.append(path)
                yield path

        for index, finding in enumerate(fauxto.scan_many(paths(), **options)):
            path = under_way.popleft()
            data = path.read_bytes()
            path.unlink()
            assert finding.path == str(path), "a row is missing, or out of order"
            code = check(finding, data)
            codes.setdefault(sniff(data) or "none", Counter())[code] += 1
            if code in {"timeout", "worker_died"}:
                killers.append(finding.sha256 or hashlib.sha256(data).hexdigest())
                if keep is not None:
                    (keep / killers[-1]).write_bytes(data)
            if index in (count // 4, count - 1):
                resident.append(resident_bytes())
        assert not under_way, "files without a row"
    return {
        "files": count,
        "seed": seed,
        "rows": dict(sum(codes.values(), Counter[str]()).most_common()),
        "rows_by_format": {name: dict(counts.most_common()) for name, counts in sorted(codes.items())},
        "files_that_cost_a_worker": killers,
        "resident_bytes_of_the_parent_at_a_quarter_and_at_the_end": resident,
        "seconds": round(time.monotonic() - start, 1),
    }


def check(finding: Finding, data: bytes) -> str:
    """Hold one row against its file; gives the verdict, or the code of the error."""
    assert Finding.from_dict(json.loads(finding.to_json())) == finding
    assert finding.seconds is None or finding.seconds < 25
    if finding.error is None:
        assert finding.status == "ok" and finding.verdict in VERDICTS
        assert finding.sha256 == hashlib.sha256(data).hexdigest()
        assert finding.provenance is not None and finding.evidence
        assert finding.verdict != "edited" and not finding.provenance["decisive"], "no anchor was given"
        if finding.verdict == "generated":
            assert finding.p_value is not None and finding.fpr is not None and finding.p_value <= finding.fpr
        return finding.verdict
    code = finding.error["code"]
    assert finding.status == "error" and finding.verdict is None and finding.logit is None
    assert finding.error["what"] and finding.error["fix"]
    assert code in CONTENT | {"timeout", "worker_died"}, finding.error
    return code


def main() -> None:
    """The command in the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for files that cost a worker")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/fuzz_scan.json"))
    arguments = parser.parse_args()
    seeds = [*made_seeds(), *seeds_with_metadata()]
    if arguments.folder is not None:
        seeds += real_seeds(arguments.folder)
    report = run(seeds, arguments.count, arguments.seed, arguments.keep, stability=False)
    report = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "seeds": len(seeds), **report}
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
