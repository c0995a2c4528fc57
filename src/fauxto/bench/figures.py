"""The figures of a table: a matrix per detector, and a bar per detector with its interval, raw beside matched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from fauxto.bench.table import Row, Table


MOST_BARS = 24
"""Pairs of bars whose names can still be read."""


def draw(table: Table, folder: Path) -> list[Path]:
    """PNG files in `folder`: `bars.png`, and `matrix-<detector>.png` where there are several training sets."""
    made = [_bars(table, folder / "bars.png")]
    plain = [row for row in table.rows if not row.condition]
    for detector in dict.fromkeys(row.detector for row in plain):
        rows = [row for row in plain if row.detector == detector]
        if len({row.trained_on for row in rows}) > 1:
            made.append(_matrix(rows, detector, folder / f"matrix-{_safe(detector)}.png"))
    return made


def _bars(table: Table, path: Path) -> Path:
    """A pair of bars for each mean (or each row where there are no means): AUC raw and matched, and the header's.

    More than `MOST_BARS` would be unreadable: then each detector has one pair, the mean of its runs, and its whiskers
    reach from the lowest run to the highest.
    """
    groups = _runs(table.means or table.rows)
    figure = Figure(figsize=(max(6.4, min(24, 2 + 0.7 * len(groups))), 5), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(groups))
    for shift, side, colour in ((-0.2, "raw", "#b0b0b0"), (0.2, "matched", "#2b6cb0")):
        value, low, high = np.array([_whiskers(runs, side) for runs in groups.values()]).T
        error = np.clip([value - low, high - value], 0, None)
        axes.bar(at + shift, value, 0.4, yerr=error, color=colour, capsize=2, label=f"AUC, {side}")
    axes.plot(at + 0.2, [_header(runs) for runs in groups.values()], "k_", markersize=14, label="header alone, matched")
    axes.axhline(0.5, color="black", linewidth=0.6, linestyle=":")
    names, common = labels(list(groups))
    axes.set_xticks(at, names, rotation=60, ha="right", fontsize=7)
    most = max(map(len, groups.values()))
    told = f"mean of {most} runs, whiskers from the lowest to the highest" if most > 1 else "whiskers: 95 % intervals"
    axes.set(ylim=(0, 1.02), ylabel="AUC")
    axes.set_title("\n".join(filter(None, (table.protocol, common, told))), fontsize=9)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8)
    return _save(figure, path)


def _runs(rows: Sequence[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The rows that share a pair of bars, under what tells the pair apart."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        words: tuple[str, ...] = (row.detector, row.condition)
        if len(rows) <= MOST_BARS:
            words = (row.detector, row.trained_on, row.tested_on, f"seed {row.seed}", row.condition)
        groups.setdefault(words, []).append(row)
    return groups


def _whiskers(runs: Sequence[Row], side: str) -> tuple[float, float, float]:
    """The AUC and its interval; of several runs the mean, the lowest and the highest."""
    found = [getattr(run, side).auc for run in runs]
    values = [one.value for one in found]
    if len(found) == 1:
        return values[0], found[0].low, found[0].high
    return float(np.mean(values)), min(values), max(values)


def _header(runs: Sequence[Row]) -> float:
    """The header's AUC on the matched files, mean of the runs that have one."""
    found = [run.matched.header_auc for run in runs if run.matched.header_auc is not None]
    return float(np.mean(found)) if found else float("nan")


def labels(rows: Sequence[tuple[str, ...]]) -> tuple[list[str], str]:
    """A label for each row of words, without those words that all rows share at a place; and what they share.

    >>> labels([("npr", "all but sdxl", "mean of 7"), ("safe", "all but sdxl", "mean of 7")])
    (['npr', 'safe'], 'all but sdxl, mean of 7')
    """
    if len(rows) < 2:
        return [" ".join(filter(None, row)) for row in rows], ""
    shared = [len(set(words)) == 1 for words in zip(*rows, strict=True)]
    own = [" ".join(word for word, same in zip(row, shared, strict=True) if word and not same) for row in rows]
    return own, ", ".join(word for word, same in zip(rows[0], shared, strict=True) if word and same)


def _matrix(rows: list[Row], detector: str, path: Path) -> Path:
    """Trained on (down) against tested on (across), matched AUC, mean over seeds."""
    down, across = (list(dict.fromkeys(getattr(row, key) for row in rows)) for key in ("trained_on", "tested_on"))
    cells: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        cells.setdefault((row.trained_on, row.tested_on), []).append(row.matched.auc.value)
    values = np.full((len(down), len(across)), np.nan)
    for (trained, tested), found in cells.items():
        values[down.index(trained), across.index(tested)] = np.mean(found)
    figure = Figure(figsize=(min(24, 3 + 0.6 * len(across)), min(24, 2 + 0.5 * len(down))), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, vmin=0, vmax=1, cmap="RdYlGn", aspect="auto")
    for (y, x), value in np.ndenumerate(values):
        if np.isfinite(value):
            axes.text(x, y, f"{value:.2f}", ha="center", va="center", fontsize=7)
    axes.set_xticks(range(len(across)), across, rotation=60, ha="right", fontsize=7)
    axes.set_yticks(range(len(down)), down, fontsize=7)
    axes.set(xlabel="tested on", ylabel="trained on", title=f"{detector}: AUC, format-matched")
    figure.colorbar(image)
    return _save(figure, path)


def _save(figure: Figure, path: Path) -> Path:
    FigureCanvasAgg(figure).print_figure(path, dpi=120, metadata={"Software": None})
    return path


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name)
