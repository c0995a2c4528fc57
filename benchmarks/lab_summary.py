"""The lab comparison on one page: each detector's AUC on each family that it never saw, and the mean over families.

    python benchmarks/lab_summary.py [--table benchmarks/results/lab_comparison.parquet]

The interval of a mean is over families (percentile bootstrap): it says how far another draw of generators would move
it, which is what a reader wants to know of a generator to come. That of a single AUC stands in the full table.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

ROUNDS = 10_000


def over_families(values: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """The mean and its 95 % interval when families are drawn anew.

    >>> over_families([0.5, 0.5])
    (0.5, 0.5, 0.5)
    """
    found = np.asarray(values)
    drawn = np.random.default_rng(seed).choice(found, (ROUNDS, len(found))).mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(found.mean()), float(low), float(high)


def means(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A line a detector, best first, and the header probe last."""
    lines = [
        "| detector | AUC raw | AUC matched | by seed | R / F matched | images/s | GMAC | M parameters |",
        "|" + " --- |" * 8,
    ]
    found = []
    for name in dict.fromkeys(row["detector"] for row in rows):
        own = [row for row in rows if row["detector"] == name]
        raw, same = (over_families(_by_family(own, f"{side}_auc")) for side in ("raw", "matched"))
        sides = (100 * np.mean(_by_family(own, f"matched_{label}_accuracy")) for label in ("real", "fake"))
        cost = f"{own[0]['images_per_second']:.1f} | {own[0]['gmac']:.3f} | {own[0]['parameters'] / 1e6:.2f}"
        told = " / ".join(f"{side:.0f}" for side in sides)
        seeds = " ".join(f"{mean:.2f}" for mean in _by_seed(own, "matched_auc"))
        found.append((same[0], f"| {name} | {_span(raw)} | **{_span(same)}** | {seeds} | {told} | {cost} |"))
    lines += [line for _, line in sorted(found, reverse=True)]
    headers = (over_families(_by_family(_once(rows), f"{side}_header_auc")) for side in ("raw", "matched"))
    return [*lines, "| *headers alone* | " + " | ".join(map(_span, headers)) + " |" + " - |" * 5]


def by_family(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The matched AUC of each detector on each family, and of headers on the same pictures."""
    families = sorted({row["tested_on"] for row in rows})
    lines = [f"| detector | {' | '.join(families)} |", "|" + " --- |" * (len(families) + 1)]
    for name in dict.fromkeys(row["detector"] for row in rows):
        own = [row for row in rows if row["detector"] == name]
        lines.append(f"| {name} | {' | '.join(f'{v:.2f}' for v in _by_family(own, 'matched_auc'))} |")
    for side in ("raw", "matched"):
        found = _by_family(_once(rows), f"{side}_header_auc")
        lines.append(f"| *headers, {side}* | {' | '.join(f'*{v:.2f}*' for v in found)} |")
    return lines


def _once(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one detector: what they say of the pictures is the same for all."""
    return [row for row in rows if row["detector"] == rows[0]["detector"]]


def _by_family(rows: Sequence[dict[str, Any]], key: str) -> list[float]:
    """The mean over seeds for each family, in the order of their names."""
    families = sorted({row["tested_on"] for row in rows})
    return [float(np.mean([row[key] for row in rows if row["tested_on"] == one])) for one in families]


def _by_seed(rows: Sequence[dict[str, Any]], key: str) -> list[float]:
    """The mean over families for each seed."""
    seeds = sorted({row["seed"] for row in rows})
    return [float(np.mean([row[key] for row in rows if row["seed"] == one])) for one in seeds]


def _span(three: tuple[float, float, float]) -> str:
    return f"{three[0]:.3f} ({three[1]:.3f}-{three[2]:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path, default=Path("benchmarks/results/lab_comparison.parquet"))
    options = parser.parse_args()
    rows = [row for row in pq.read_table(options.table).to_pylist() if not row["mean"]]
    print("\n".join([*means(rows), "", *by_family(rows)]))


if __name__ == "__main__":
    main()
