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
    """One pair of bars for each mean (or each row where there are no means): AUC raw and matched, and the header's."""
    rows = table.means or table.rows
    figure = Figure(figsize=(min(24, 2 + 0.7 * len(rows)), 5), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(rows))
    for shift, side, colour in ((-0.2, "raw", "#b0b0b0"), (0.2, "matched", "#2b6cb0")):
        found = [getattr(row, side).auc for row in rows]
        value = np.array([one.value for one in found])
        error = np.clip([value - [one.low for one in found], [one.high for one in found] - value], 0, None)
        axes.bar(at + shift, value, 0.4, yerr=error, color=colour, capsize=2, label=f"AUC, {side}")
    header = [np.nan if row.matched.header_auc is None else row.matched.header_auc for row in rows]
    axes.plot(at + 0.2, header, "k_", markersize=14, label="header alone, matched")
    axes.axhline(0.5, color="black", linewidth=0.6, linestyle=":")
    names, common = labels([(row.detector, row.trained_on, row.tested_on, row.condition) for row in rows])
    axes.set_xticks(at, names, rotation=60, ha="right", fontsize=7)
    title = "\n".join(filter(None, (table.protocol, common)))
    axes.set(ylim=(0, 1.02), ylabel="AUC")
    axes.set_title(title, fontsize=9)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8)
    return _save(figure, path)


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
