"""The table of a protocol: one row a detector and test set, raw and format-matched side by side; saved three ways."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fauxto.bench.measured import Estimate, Measured
from fauxto.errors import InputError

LEAKY = 0.65
"""Above this AUC of the header probe a row's figure may be owed to formats and sizes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One detector, trained on one thing, tested on another under one condition.

    `raw` is on the files as they lie, `matched` on both classes re-encoded alike; `condition` is what happened to both
    after that ("" = nothing). `images_per_second` is one picture at a time, preprocessing and network, on this machine;
    `gmac` is for one picture (all its windows).
    """

    detector: str
    trained_on: str
    tested_on: str
    raw: Measured
    matched: Measured
    images_per_second: float
    gmac: float
    parameters: int
    group: str = ""
    condition: str = ""
    seed: int = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know before using the figures."""
        found = []
        if (self.matched.header_auc or 0) > LEAKY:
            found.append(f"leaky: headers alone reach {self.matched.header_auc:.2f} after matching")
        elif (self.raw.header_auc or 0) > LEAKY:
            found.append(f"raw is leaky: headers alone reach {self.raw.header_auc:.2f}")
        if self.matched.below_prevalence:
            found.append("ranks worse than chance")
        if self.matched.failed:
            found.append(f"{self.matched.failed} pictures failed")
        return tuple(found)


@dataclass(frozen=True)
class Table:
    """The outcome of a protocol. `facts` says how it came about: command, settings, versions, audit, what was left out.

    `means` are rows too: unweighted means over test sets.
    """

    protocol: str
    matched_by: str
    rows: list[Row]
    means: list[Row] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.rows:
            raise InputError(f"{self.protocol} gave no row.", fix="Check that the manifest holds its test sets.")

    def save(self, folder: str | Path) -> list[Path]:
        """Write table.parquet, table.md, table.json (the facts) and the figures; gives the paths, in that order."""
        from fauxto.bench.figures import draw  # noqa: PLC0415  matplotlib takes a second to import

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [flat(row) | {"mean": False} for row in self.rows] + [flat(row) | {"mean": True} for row in self.means]
        pq.write_table(pa.Table.from_pylist(rows), folder / "table.parquet")
        (folder / "table.json").write_text(json.dumps(self.facts, indent=1, ensure_ascii=False) + "\n")
        figures = draw(self, folder)
        (folder / "table.md").write_text(self.to_markdown(figures))
        return [folder / "table.parquet", folder / "table.md", folder / "table.json", *figures]

    def to_markdown(self, figures: Iterable[Path] = ()) -> str:
        """The page: means first, then every row, then how it came about."""
        lines = [f"# {self.protocol}", ""]
        lines += [
            "AUC with 95 % intervals; raw is the files as they lie, matched is both classes through "
            f"`{self.matched_by or 'nothing'}`. R/F are the accuracies of reals and fakes at logit 0, AP the average "
            "precision, all matched. Header is the AUC of a tree on file headers alone (raw / matched): a figure that "
            "it comes close to proves nothing.",
            "",
        ]
        lines += [f"![{path.stem}]({path.name})" for path in figures]
        for title, rows in (("Means over test sets", self.means), ("Every test set", self.rows)):
            if rows:
                lines += ["", f"## {title}", "", *_lines(rows)]
        lines += ["", "## How", ""]
        lines += [f"- {name}: {_plain(value)}" for name, value in self.facts.items()]
        return "\n".join(lines) + "\n"


COLUMNS = (
    "detector", "trained on", "tested on", "condition", "seed", "AUC raw", "AUC matched", "AP", "R / F", "TPR at 1 %",
    "ECE", "header", "n", "images/s", "GMAC", "M parameters", "notes",
)  # fmt: skip


def flat(row: Row) -> dict[str, Any]:
    """A row as plain columns: `raw_auc`, `raw_auc_low`, `raw_auc_high`, ..., `matched_auc`, ...; None where unknown."""
    values = {k: v for k, v in asdict(row).items() if k not in ("raw", "matched")}
    for side in ("raw", "matched"):
        for name in Measured.__dataclass_fields__:
            value = getattr(getattr(row, side), name)
            if name in _ESTIMATES:
                three = value or (None, None, None)
                values |= {f"{side}_{name}{end}": v for end, v in zip(("", "_low", "_high"), three, strict=True)}
            else:
                values[f"{side}_{name}"] = value
        values |= {f"{side}_{name}": round(getattr(getattr(row, side), name), 4) for name in ("precision", "f1")}
    return values | {"notes": "; ".join(row.notes)}


_ESTIMATES = ("auc", "average_precision", "accuracy", "real_accuracy", "fake_accuracy", "tpr", "balanced_accuracy")


def _lines(rows: list[Row]) -> list[str]:
    return [
        f"| {' | '.join(COLUMNS)} |",
        "|" + " --- |" * len(COLUMNS),
        *(f"| {' | '.join(_cells(row))} |" for row in rows),
    ]


def _cells(row: Row) -> list[str]:
    found = row.matched
    headers = " / ".join("-" if one.header_auc is None else f"{one.header_auc:.2f}" for one in (row.raw, found))
    return [
        row.detector,
        row.trained_on,
        row.tested_on,
        row.condition or "-",
        str(row.seed),
        _span(row.raw.auc),
        f"**{_span(found.auc)}**",
        f"{found.average_precision.value:.3f}",
        f"{100 * found.real_accuracy.value:.1f} / {100 * found.fake_accuracy.value:.1f}",
        "too few reals" if found.tpr is None else _span(found.tpr),
        f"{found.calibration_error:.3f}",
        headers,
        f"{found.reals} + {found.fakes}",
        f"{row.images_per_second:.1f}",
        f"{row.gmac:.2f}",
        f"{row.parameters / 1e6:.2f}",
        "; ".join(row.notes) or "-",
    ]


def _span(estimate: Estimate) -> str:
    return f"{estimate.value:.3f} ({estimate.low:.3f}-{estimate.high:.3f})"


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else f"`{json.dumps(value, ensure_ascii=False)}`"
