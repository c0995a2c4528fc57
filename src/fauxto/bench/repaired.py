"""How good repaired slices are, slice by slice and over patients, and the page that says so."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.data.slices.degrade import Degradation, consistent, contradiction, measurement
from fauxto.data.slices.slice_set import SliceSet
from fauxto.score.bootstrap import clustered_mean
from fauxto.score.rank_tests import RankTests, rank_tests
from fauxto.score.similarity import REACH, foreground, psnr, ssim, ssim_map

METRICS = ("psnr", "ssim", "psnr foreground", "ssim foreground", "ssim 7x7")
"""Of each slice; the foreground is the truth's own (Otsu, closed), 7x7 is scikit-image's default."""

TESTED = ("psnr foreground", "ssim foreground")
"""What rank tests are made of."""

LINES = " + lines"
"""Behind the name of an arm: with the measured lines of k-space put back."""


def quality(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The `METRICS` of slices `(n, s, s)` in [0, 1], float64 `(n, 5)`; PSNR is infinite where nothing differs."""
    rows = []
    for one, other in zip(made, truth, strict=True):
        mask, map_ = foreground(other), ssim_map(one, other)
        inside = np.zeros_like(mask)
        inside[REACH:-REACH, REACH:-REACH] = True
        both = mask & inside if (mask & inside).any() else inside
        rows.append(
            (
                psnr(one, other),
                float(map_[inside].mean()),
                psnr(one, other, mask=mask),
                float(map_[both].mean()),
                ssim(one, other, window="uniform"),
            )
        )
    return np.array(rows)


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric: `mean` over slices, 95 % interval over patients; `infinite` values are counted, not averaged."""

    mean: float
    low: float
    high: float
    median: float
    deviation: float
    infinite: int


def summary(values: np.ndarray, patients: Sequence[str]) -> Summary:
    """The summary of a metric `(n,)`; NaN everywhere where all values are infinite."""
    kept = np.isfinite(values)
    if not kept.any():
        return Summary(math.nan, math.nan, math.nan, math.nan, math.nan, len(values))
    finite = values[kept]
    names = [name for name, keep in zip(patients, kept, strict=True) if keep]
    mean, low, high = clustered_mean(finite, names)
    spread = float(finite.std(ddof=1)) if len(finite) > 1 else 0.0
    return Summary(mean, low, high, float(np.median(finite)), spread, int((~kept).sum()))


@dataclass(frozen=True, slots=True)
class Row:
    """One arm on the unseen slices of one organ, averaged over seeds; `contradiction` with the measurement, or None.

    `by_seed` has the mean of each metric for each seed; controls have one.
    """

    organ: str
    arm: str
    metrics: dict[str, Summary]
    by_seed: dict[str, list[float]]
    slices: int
    patients: int
    contradiction: float | None = None
    seconds: float = 0.0


class Tally:
    """What every arm reached on the unseen slices of one organ."""

    def __init__(self, slices: SliceSet, degradation: Degradation) -> None:
        self.truth, self.patients = slices.pixels, slices.patients
        self.scores: dict[str, list[np.ndarray]] = defaultdict(list)
        self.departures: dict[str, list[float]] = defaultdict(list)
        self.seconds: dict[str, float] = defaultdict(float)
        self.measured = [measurement(p, k) for k, p in enumerate(self.truth)] if degradation == "undersampled" else []

    def add(self, arm: str, made: np.ndarray, seconds: float = 0.0, *, twice: bool = False) -> None:
        """Score slices `(n, s, s)`; `twice` scores them with the measured lines put back, too, where there are any."""
        self.scores[arm].append(quality(made, self.truth))
        self.seconds[arm] += seconds
        if self.measured:
            pairs = list(zip(made, self.measured, strict=True))
            self.departures[arm].append(float(np.mean([contradiction(*pair) for pair in pairs])))
            if twice:
                put_back = np.stack([consistent(*pair) for pair in pairs])
                self.scores[arm + LINES].append(quality(put_back, self.truth))

    def rows(self, organ: str) -> list[Row]:
        """A row for each arm, its scores averaged over seeds."""
        found = []
        for arm, tables in self.scores.items():
            metrics, by_seed = {}, {}
            for column, name in enumerate(METRICS):
                metrics[name] = summary(np.mean([table[:, column] for table in tables], axis=0), self.patients)
                by_seed[name] = [summary(table[:, column], self.patients).mean for table in tables]
            apart = self.departures.get(arm)
            departure = float(np.mean(apart)) if apart else None
            counts = len(self.truth), len(set(self.patients))
            found.append(Row(organ, arm, metrics, by_seed, *counts, departure, round(self.seconds[arm], 1)))
        return found

    def tests(self, arms: Sequence[str]) -> dict[str, RankTests]:
        """Rank tests of arms over patients by metric: none of fewer than three arms, or of infinite scores."""
        _, numbers = np.unique(self.patients, return_inverse=True)
        found = {}
        for metric in TESTED:
            column = METRICS.index(metric)
            means = {
                arm: np.bincount(numbers, np.mean(self.scores[arm], axis=0)[:, column]) / np.bincount(numbers)
                for arm in arms
            }
            if len(arms) >= 3 and all(np.isfinite(values).all() for values in means.values()):
                found[metric] = rank_tests(means)
        return found


@dataclass(frozen=True)
class Report:
    """All rows, Friedman's and Wilcoxon's tests by organ and metric over patients, and how it came about."""

    rows: list[Row]
    tests: dict[str, dict[str, RankTests]]
    facts: dict[str, Any] = field(default_factory=dict)

    def row(self, organ: str, arm: str) -> Row:
        """One row."""
        return next(row for row in self.rows if (row.organ, row.arm) == (organ, arm))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types; what is no number is None."""
        rows = [asdict(row) for row in self.rows]
        tests = {organ: {name: asdict(test) for name, test in found.items()} for organ, found in self.tests.items()}
        return json.loads(
            json.dumps({"rows": rows, "tests": tests, "facts": self.facts}, default=str), parse_constant=_none
        )

    def save(self, folder: Path) -> list[Path]:
        """Write table.json and table.md."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / "table.json", folder / "table.md"]
        paths[0].write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n")
        paths[1].write_text(self.to_markdown())
        return paths

    def to_markdown(self) -> str:
        """The page: a table and the tests of each organ, then how it came about."""
        lines = [
            "# Repaired slices",
            "",
            "Means over unseen slices with 95 % intervals over patients; PSNR in dB, of a range of 1. `+ lines` is the "
            "same reconstruction with the measured lines of k-space put back. Contradiction is the share of the "
            "measurement that a reconstruction departs from. Seconds are those of training in this run.",
        ]
        for organ in dict.fromkeys(row.organ for row in self.rows):
            rows = [row for row in self.rows if row.organ == organ]
            lines += ["", f"## {organ}: {rows[0].slices} slices of {rows[0].patients} patients", "", *_table(rows)]
            lines += [line for name, test in self.tests.get(organ, {}).items() for line in ("", _told(name, test))]
        lines += ["", "## How", ""]
        lines += [
            f"- {name}: `{json.dumps(value, ensure_ascii=False, default=str)}`" for name, value in self.facts.items()
        ]
        return "\n".join(lines) + "\n"


def _table(rows: list[Row]) -> list[str]:
    columns = ("arm", *METRICS, "contradiction", "seconds")
    lines = [f"| {' | '.join(columns)} |", "|" + " --- |" * len(columns)]
    for row in rows:
        cells = [_cell(row.metrics[name], 2 if "psnr" in name else 4) for name in METRICS]
        last = ["-" if row.contradiction is None else f"{row.contradiction:.3f}", f"{row.seconds:.0f}"]
        lines.append(f"| {' | '.join([row.arm, *cells, *last])} |")
    return lines


def _cell(found: Summary, digits: int) -> str:
    infinite = f", {found.infinite} infinite" if found.infinite else ""
    return f"{found.mean:.{digits}f} ({found.low:.{digits}f}-{found.high:.{digits}f}){infinite}"


def _told(name: str, test: RankTests) -> str:
    pairs = "; ".join(f"{c.first} over {c.second}: p {c.p_value:.2g}, effect {c.effect:+.2f}" for c in test.contrasts)
    return f"{name}, over {test.subjects} patients: Friedman p {test.friedman:.2g}; Wilcoxon (Holm) {pairs}."


def _none(_: str) -> None:
    return None
