"""Ask every forensic tool about untouched photographs and about forgeries, and write what `fauxto.forensics` ships.

    python benchmarks/forensics_calibration.py measure --pool POOL --rows rows.jsonl [--only NAME ...]
    python benchmarks/forensics_calibration.py forge --pool POOL --rows forged.jsonl [--each 20] [--matched]
    python benchmarks/forensics_calibration.py tampered --pool POOL --rows tampered.jsonl [--each 30]
    python benchmarks/forensics_calibration.py write --rows rows.jsonl --forged forged.jsonl --tampered tampered.jsonl

POOL is a folder of originals with a `manifest.csv` (path, label, source, width, height, blob). Photographs are taken in
the order of their content hashes, all sources in turn, up to so many a population and so many pixels each. Rows are
kept as they come: the same command goes on where it was interrupted, and `--only` measures some tools alone.

The threshold of a tool is set on one half of the photographs (by content hash): the lowest that flags at most 5 % of
that half in every population of 20 or more. What is shipped is the rate on the other half, with 95 % Wilson intervals.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fauxto.errors import FauxtoError
from fauxto.forensics.tools import TOOLS, tool
from fauxto.forensics.trace import Trace
from fauxto.media.decode import decode, open_picture
from fauxto.media.orientation import upright
from fauxto.score.roc import auc
from forensics_forgeries import KINDS, forge

POPULATIONS = {
    "EliSchwartz/imagenet-sample-images": ("web", 120), "BIDS/BSDS500": ("corel", 110),
    "chandrikadeb7/Face-Mask-Detection": ("people", 110), "drewnoakes/metadata-extractor-images": ("camera", 60),
    "google/dreambooth": ("phone", 40), "zzzDavid/ICDAR-2019-SROIE": ("scan", 30),
}  # fmt: skip
"""The population of each source, and how many of its photographs are measured."""
MOST_PIXELS = {"camera": 1_100_000, "phone": 1_100_000}
OTHERWISE = 300_000
BOUND, LEAST = 0.05, 20
FLOORS = {"double-compression": 0.1, "demosaicing": 0.5, "jpeg-grid": 1.0, "copy-move": 5.0}
"""No threshold lies below these: hardly any photograph moves these tools, and a bare trace is no flag."""
OUT = Path("src/fauxto/forensics/calibration.json")
MADE_FOR = {
    "jpeg-splice": ("jpeg-ghosts", "jpeg-grid", "error-level"),
    "resaved-splice": ("jpeg-ghosts", "double-compression", "error-level"),
    "inpainted": ("jpeg-ghosts", "double-compression", "noise"),
    "copy-move": ("copy-move",),
    "resampled": ("upsampling",),
    "noise": ("noise",),
    "mosaic": ("demosaicing",),
}
"""What `--matched` asks: of each kind of forgery the tools that could see it."""
UNTURN = {6: 8, 8: 6}


def photographs(pool: Path) -> list[tuple[str, dict[str, str]]]:
    """Population and manifest row of each photograph to measure, the populations in turn."""
    found = defaultdict(list)
    for row in manifest(pool):
        name, count = POPULATIONS.get(row["source"], ("", 0))
        if row["label"] != "real" or not name or len(found[name]) >= count:
            continue
        if int(row["width"]) * int(row["height"]) <= MOST_PIXELS.get(name, OTHERWISE):
            found[name].append(row)
    order = [(i / len(rows), name, row) for name, rows in sorted(found.items()) for i, row in enumerate(rows)]
    return [(name, row) for _, name, row in sorted(order, key=lambda item: item[:2])]


def manifest(pool: Path) -> list[dict[str, str]]:
    """The rows of a pool in the order of their content hashes."""
    with (pool / "manifest.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        return sorted(csv.DictReader(line.replace("\0", "") for line in file), key=lambda row: row["blob"])


def ask(name: str, data: bytes, stored: np.ndarray) -> Trace:
    """What a tool says of a file; `stored` are its pixels as stored."""
    function, about = tool(name)
    return function(data if about.reads == "file" else stored)


def pixels_of(data: bytes) -> np.ndarray:
    """The pixels as stored."""
    opened = open_picture(data)
    turn = opened.header.orientation
    return np.ascontiguousarray(upright(opened.read(), UNTURN.get(turn, turn)))


def known(path: Path) -> dict[str, dict]:
    """The rows of an earlier run, by key; the latest of a key counts."""
    if not path.exists():
        return {}
    return {row["key"]: row for row in map(json.loads, path.read_text().splitlines())}


def row_of(key: str, name: str, trace: Trace, seconds: float) -> dict:
    """One measurement as plain JSON types."""
    return {
        "key": key, "tool": name, "number": None if trace.number is None else round(trace.number, 4),
        "details": dict(trace.details), "seconds": round(seconds, 3),
    }  # fmt: skip


def measure(pool: Path, rows: Path, only: list[str]) -> None:
    """Ask every tool about the photographs."""
    done = known(rows)
    with rows.open("a") as out:
        for population, row in photographs(pool):
            wanted = [name for name in only if f"{row['blob']}:{name}" not in done]
            if not wanted:
                continue
            data = (pool / row["path"]).read_bytes()
            try:
                stored = pixels_of(data) if any(tool(name)[1].reads == "pixels" for name in wanted) else np.empty(0)
            except FauxtoError:
                continue
            for name in wanted:
                start = time.process_time()
                found = row_of(f"{row['blob']}:{name}", name, ask(name, data, stored), time.process_time() - start)
                extra = {"population": population, "megapixels": round(int(row["width"]) * int(row["height"]) / 1e6, 3)}
                out.write(json.dumps(found | extra) + "\n")
            out.flush()


def forged(pool: Path, rows: Path, only: list[str], each: int, matched: bool) -> None:
    """Ask every tool about forgeries of each kind and their controls."""
    done = known(rows)
    hosts = [row for name, row in photographs(pool) if name != "scan" and int(row["width"]) * int(row["height"]) > 2e5]
    with rows.open("a") as out:
        for i in range(each):
            pictures = [decode((pool / row["path"]).read_bytes()) for row in hosts[i : i + 2]]
            for k, kind in enumerate(KINDS):
                mine = MADE_FOR[kind] if matched else only
                wanted = [name for name in mine if f"{kind}:{i}:{name}" not in done]
                if not wanted:
                    continue
                fake, control, mask = forge(kind, *pictures, np.random.default_rng([i, k]))
                for name in wanted:
                    start = time.process_time()
                    trace, plain = (ask(name, data, decode(data)) for data in (fake, control))
                    found = row_of(f"{kind}:{i}:{name}", name, trace, time.process_time() - start)
                    pixel = 0.5 if trace.map is None else auc(trace.map[~mask], trace.map[mask])
                    extra = {"kind": kind, "control": plain.number, "pixel_auc": round(pixel, 4)}
                    out.write(json.dumps(found | extra) + "\n")
                out.flush()


def tampered(pool: Path, rows: Path, only: list[str], each: int) -> None:
    """Ask every tool about the tampered pictures of the pool."""
    done, seen = known(rows), Counter()
    with rows.open("a") as out:
        for row in manifest(pool):
            if row["label"] != "tampered" or seen[row["source"]] >= each:
                continue
            seen[row["source"]] += 1
            wanted = [name for name in only if f"{row['blob']}:{name}" not in done]
            if not wanted:
                continue
            data = (pool / row["path"]).read_bytes()
            stored = pixels_of(data)
            for name in wanted:
                start = time.process_time()
                found = row_of(f"{row['blob']}:{name}", name, ask(name, data, stored), time.process_time() - start)
                out.write(json.dumps(found | {"kind": row["generator"] or row["source"]}) + "\n")
            out.flush()


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson, 1927)."""
    z, share = 1.959964, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / (1 + z * z / count)
    return round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def share(numbers: list[float], threshold: float | None) -> dict:
    """How many of the numbers lie above a threshold, with the interval."""
    hits = sum(threshold is not None and number > threshold for number in numbers)
    low, high = wilson(hits, len(numbers))
    return {"n": len(numbers), "flagged": hits, "rate": round(hits / len(numbers), 4), "low": low, "high": high}


def shipped(  # noqa: PLR0912
    rows: Iterator[dict], forgeries: list[dict], pool: list[dict]
) -> dict:
    """The calibration of every tool."""
    numbers: dict[str, dict[tuple[str, int], list[float]]] = defaultdict(lambda: defaultdict(list))
    kinds: dict[str, Counter] = defaultdict(Counter)
    unasked, flags, seconds = Counter(), defaultdict(list), defaultdict(list)
    for row in rows:
        half = int(row["key"][:8], 16) % 2
        if row["number"] is None:
            unasked[row["tool"]] += 1
        # A tool that cannot be asked flags nothing: it counts as the least unusual.
        numbers[row["tool"]][row["population"], half].append(-1.0 if row["number"] is None else row["number"])
        if row["tool"] == "quantization":
            kinds[row["population"]][row["details"].get("kind", "none")] += 1
        seconds[row["tool"]].append(row["seconds"] / max(row["megapixels"], 0.05))
        flags[row["key"].partition(":")[0], row["population"], half].append((row["tool"], row["number"]))
    tools: dict[str, dict] = {}
    for name in TOOLS:
        halves = numbers[name]
        if not any(half == 1 for _, half in halves):
            continue
        first = [np.sort(values) for (_, half), values in halves.items() if half == 0 and len(values) >= LEAST]
        pooled = np.sort([value for (_, half), values in halves.items() if half == 0 for value in values])
        first = first or ([pooled] if len(pooled) else [])
        threshold = None
        if name != "quantization" and first:
            allowed = [values[len(values) - 1 - int(BOUND * len(values))] for values in first]
            threshold = max(FLOORS.get(name, 0.0), round(float(np.ceil(max(allowed) * 100) / 100), 4))
        second = {population: values for (population, half), values in sorted(halves.items()) if half == 1}
        every = [value for values in second.values() for value in values]
        entry = {
            "threshold": threshold,
            "photographs": share(every, threshold) | {"not_asked": unasked[name]},
            "populations": {population: share(values, threshold) for population, values in second.items()},
            "references": sorted(round(value, 3) for value in every),
            "seconds_per_megapixel": round(statistics.median(seconds[name]), 2),
            "forgeries": {},
            "tampered": {},
        }
        for kind in KINDS:
            mine = [row for row in forgeries if row["tool"] == name and row["kind"] == kind]
            if mine and name != "quantization":
                fake, control = ([-1.0 if r[k] is None else r[k] for r in mine] for k in ("number", "control"))
                entry["forgeries"][kind] = share(fake, threshold) | {
                    "control": share(control, threshold)["rate"],
                    "auc": round(auc(np.array(control), np.array(fake)), 3),
                    "pixel_auc": round(float(np.mean([row["pixel_auc"] for row in mine])), 3),
                }
        for kind in sorted({row["kind"] for row in pool}):
            mine = [
                -1.0 if r["number"] is None else r["number"] for r in pool if (r["tool"], r["kind"]) == (name, kind)
            ]
            if mine and name != "quantization":
                entry["tampered"][kind] = share(mine, threshold)
        if name == "quantization":
            entry["kinds"] = {population: dict(found) for population, found in sorted(kinds.items())}
        tools[name] = entry
    thresholds = {name: entry["threshold"] for name, entry in tools.items()}
    together: dict[str, list[int]] = defaultdict(list)
    for (_, population, half), found in flags.items():
        if half == 1 and len({n for n, _ in found} - {"quantization"}) == len(TOOLS) - 1:
            raised = [n for n, v in found if thresholds[n] is not None and v is not None and v > thresholds[n]]
            together[population].append(len(raised))
    counts = [n for values in together.values() for n in values]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "sources": {name: source for source, (name, _) in POPULATIONS.items()},
        "bound": BOUND,
        "photographs": sum(len(found) >= len(TOOLS) - 1 for found in flags.values()),
        "any_flag": {str(least): share([float(n) for n in counts], least - 0.5) for least in (1, 2, 3)},
        "tools": tools,
    }


def main() -> None:
    """The commands of the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("step", choices=("measure", "forge", "tampered", "write"))
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--forged", type=Path)
    parser.add_argument("--tampered", type=Path)
    parser.add_argument("--only", nargs="*", default=list(TOOLS))
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--matched", action="store_true", help="of each kind of forgery ask only the tools made for it")
    parser.add_argument("--out", type=Path, default=OUT)
    a = parser.parse_args()
    match a.step:
        case "measure":
            measure(a.pool, a.rows, a.only)
        case "forge":
            forged(a.pool, a.rows, a.only, a.each, a.matched)
        case "tampered":
            tampered(a.pool, a.rows, a.only, a.each)
        case "write":
            rows, forgeries, pool = (
                list(known(path).values()) if path else [] for path in (a.rows, a.forged, a.tampered)
            )
            a.out.write_text(json.dumps(shipped(iter(rows), forgeries, pool), indent=1) + "\n")


if __name__ == "__main__":
    main()
