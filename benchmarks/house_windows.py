"""Where should a detector look? Layouts of windows compared on the same pictures.

    python benchmarks/house_windows.py --manifest manifest.csv --model MODEL --out benchmarks/results/house_windows.json

MODEL is a packaged model whose manifest keeps whole families of generators as split "test". Each picture is saved as
JPEG 90 and scored in a grid of windows, seven across and five down; a layout pools some of them. Pictures with a short
side below 400 pixels are left out: all layouts read the same there. Intervals of differences to the layout of one row
through the middle, edge to edge, resample pictures (both layouts on the same ones).
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.data.manifest import Sample, read
from fauxto.launder import apply
from fauxto.media.decode import decode
from fauxto.run.model import Model, load
from fauxto.run.pooling import upper_half
from fauxto.score.roc import auc, tpr_at

ROWS, COLUMNS = (0.42, 0.5, 0.58, 0.67, 0.74), (0.0, 0.2, 0.33, 0.5, 0.67, 0.8, 1.0)
"""Shares of the free height above, and of the free width beside, each window."""
Layout = tuple[tuple[float, ...], tuple[float, ...], Callable[[np.ndarray], float]]
LAYOUTS: dict[str, Layout] = {
    "middle row, edge to edge (3)": ((0.5,), (0.0, 0.5, 1.0), np.mean),
    "middle row, thirds (2)": ((0.5,), (0.33, 0.67), np.mean),
    "row at 0.58, thirds (2)": ((0.58,), (0.33, 0.67), np.mean),
    "row at 0.67, thirds (2)": ((0.67,), (0.33, 0.67), np.mean),
    "row at 0.58, fifths (4)": ((0.58,), (0.2, 0.33, 0.67, 0.8), np.mean),
    "three rows, fifths, mean (12)": ((0.42, 0.58, 0.74), (0.2, 0.33, 0.67, 0.8), np.mean),
    "three rows, fifths, upper half (12)": ((0.42, 0.58, 0.74), (0.2, 0.33, 0.67, 0.8), upper_half),
    "three rows, fifths, highest (12)": ((0.42, 0.58, 0.74), (0.2, 0.33, 0.67, 0.8), np.max),
}
BASE = next(iter(LAYOUTS))


def grid(model: Model, sample: Sample) -> np.ndarray | None:
    """The logits `(rows, columns)` of one picture, or None for a small one."""
    pixels = apply(decode(Path(sample.path).read_bytes()), "jpeg:90")
    height, width = pixels.shape[:2]
    if min(height, width) < 400:
        return None
    size = model.crop.size
    starts = [
        (int((height - size) * row) & ~1, int((width - size) * column) & ~1) for row in ROWS for column in COLUMNS
    ]
    windows = np.stack([pixels[y : y + size, x : x + size] for y, x in starts])
    return model.logits(windows).reshape(len(ROWS), len(COLUMNS))


def pool(grids: np.ndarray, layout: Layout) -> np.ndarray:
    """The logit of each picture `(n,)` from its grid `(n, rows, columns)`."""
    rows, columns, rule = layout
    picked = grids[:, [ROWS.index(r) for r in rows]][:, :, [COLUMNS.index(c) for c in columns]]
    return np.asarray([float(rule(own.ravel())) for own in picked])


def compare(grids: np.ndarray, labels: np.ndarray, rounds: int = 1000) -> list[dict[str, Any]]:
    """AUC and TPR at 5 % FPR of each layout, with the interval of the difference in AUC to the first."""
    scores = {name: pool(grids, layout) for name, layout in LAYOUTS.items()}
    rng = np.random.default_rng(0)
    real, fake = np.flatnonzero(labels == 0), np.flatnonzero(labels == 1)
    drawn = [(rng.choice(real, len(real)), rng.choice(fake, len(fake))) for _ in range(rounds)]
    base = np.asarray([auc(scores[BASE][r], scores[BASE][f]) for r, f in drawn])
    found = []
    for name, own in scores.items():
        gain = np.asarray([auc(own[r], own[f]) for r, f in drawn]) - base
        found.append({
            "layout": name, "auc": round(auc(own[real], own[fake]), 4),
            "tpr_5": round(tpr_at(own[real], own[fake], 0.05), 3),
            "gain": [round(float(v), 4) for v in np.quantile(gain, (0.025, 0.975))],
        })  # fmt: skip
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--most", type=int, default=40, help="pictures a generator or source")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    model, seen = load(options.model), defaultdict(int)
    samples = [s for s in read(options.manifest) if s.split == "test" or (s.split == "calibration" and not s.label)]
    grids, kept = [], []
    for sample in sorted(samples, key=lambda s: zlib.crc32(s.path.encode())):
        group = sample.generator or sample.source
        if seen[group] < options.most and (found := grid(model, sample)) is not None:
            seen[group] += 1
            grids.append(found)
            kept.append(sample.label)
    rows = compare(np.stack(grids), np.asarray(kept))
    counts = {"photographs": kept.count(0), "generated": kept.count(1)}
    options.out.write_text(json.dumps({"model": model.identity, **counts, "layouts": rows}, indent=1) + "\n")
    for row in rows:
        low, high = row["gain"]
        print(f"| {row['layout']} | {row['auc']:.3f} | {row['tpr_5']:.2f} | {low:+.3f} to {high:+.3f} |")


if __name__ == "__main__":
    main()
