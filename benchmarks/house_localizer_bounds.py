"""What a scan calls at a bound if the house localizer decides beside the detector: untouched and altered pictures.

Rows are those of `house_localizer_test.py measure`: `logit` is the localizer's, `house` the detector's, of the same
pixels. Who decides has half of the bound (`verdict.fusion.budget`); the detector has all of it where it is alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.score.threshold import wilson
from fauxto.verdict.conformal import p_value, threshold
from fauxto.verdict.fusion import budget

BOUNDS = (0.01, 0.02, 0.05)
ARMS = ("localizer at half", "detector at half", "either", "detector alone")

Row = Mapping[str, Any]
Sets = Mapping[str, list[Row]]
Logits = Mapping[str, list[float]]
"""Those of untouched photographs by population, ascending."""


def references(rows: Mapping[str, list[Row]], key: str) -> dict[str, list[float]]:
    """The logits of untouched photographs by population, ascending."""
    return {name: sorted(row[key] for row in found) for name, found in rows.items()}


def by_population(sets: Sets, start: str = "untouched/") -> dict[str, list[Row]]:
    """The rows of untouched photographs by population."""
    return {name.removeprefix(start): found for name, found in sorted(sets.items()) if name.startswith(start)}


def called(row: Row, localizer: Logits, detector: Logits, bound: float) -> tuple[bool, ...]:
    """Whether each of `ARMS` calls a picture at a bound, read against the logits of untouched photographs."""
    half = budget(bound, localizer_decides=True)
    local = _calls(row["logit"], localizer, half)
    house = _calls(row["house"], detector, half)
    return local, house, local or house, _calls(row["house"], detector, bound)


def _calls(logit: float, logits: Logits, bound: float) -> bool:
    return p_value(logit, {name: {"logits": own} for name, own in logits.items()}, bound)[0] <= bound


def each_against_the_others(rows: Mapping[str, list[Row]], bound: float) -> dict[str, list[tuple[bool, ...]]]:
    """Every reference asked as a picture, with all but itself as references."""
    hits: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    local, house = references(rows, "logit"), references(rows, "house")
    for name, found in rows.items():
        for row in found:
            left = [own | {name: _without(own[name], row[key])} for own, key in ((local, "logit"), (house, "house"))]
            hits[name].append(called(row, *left, bound))
    return hits


def _without(ascending: list[float], value: float) -> list[float]:
    at = ascending.index(value)
    return ascending[:at] + ascending[at + 1 :]


def kind_unknown(rows: Mapping[str, list[Row]], bound: float) -> dict[str, list[tuple[bool, ...]]]:
    """Every population asked against the other populations alone: photographs of a kind that is no reference."""
    hits = {}
    for name, found in rows.items() if len(rows) > 1 else ():
        others = {other: own for other, own in rows.items() if other != name}
        sides = references(others, "logit"), references(others, "house")
        hits[name] = [called(row, *sides, bound) for row in found]
    return hits


def shares(hits: list[tuple[bool, ...]]) -> dict[str, Any]:
    """How many pictures, and how many % of them each arm calls, with the 95 % interval (Wilson)."""
    row: dict[str, Any] = {"n": len(hits)}
    for arm, own in zip(ARMS, np.array(hits).T, strict=True):
        row[arm] = [round(100 * v, 2) for v in (own.mean(), *wilson(int(own.sum()), len(own)))]
    return row


def altered(sets: Sets) -> dict[str, list[Row]]:
    """The rows of what is not an untouched photograph of its own, self-made pictures of all kinds together as well."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for name, found in sorted(sets.items()):
        if name.startswith(("untouched/", "strangers/")):
            continue
        groups[name] += found
        if name.startswith("self-made"):
            groups[f"{name.split('/')[0]}/all/{name.rsplit('/', 1)[1]}"] += found
    return groups


def calls(sets: Sets, detector: Logits) -> dict[str, Any]:
    """At every bound: references, each against the others; kinds that are none; strangers; and altered pictures.

    The last two are read against `detector`, the references of the shipped detector, and all those of the localizer.
    """
    rows = by_population(sets)
    asked = {f"strangers/{name}": found for name, found in by_population(sets, "strangers/").items()} | altered(sets)
    local, tables = references(rows, "logit"), {}
    for bound in BOUNDS:
        own = each_against_the_others(rows, bound)
        tables[f"at {bound:.0%}"] = {
            "references": {name: shares(hits) for name, hits in own.items()}
            | {"all": shares([hit for hits in own.values() for hit in hits])},
            "no reference of its kind": {name: shares(hits) for name, hits in kind_unknown(rows, bound).items()},
            **{name: shares([called(row, local, detector, bound) for row in found]) for name, found in asked.items()},
        }
    return tables


def price(scores: Path, detector: Logits) -> dict[str, Any]:
    """How many % of generated pictures the detector calls at all of a bound, and at half: `house_scores.json`."""
    rows = [row for row in json.loads(scores.read_text())["rows"] if row["label"]]
    known = {name: {"logits": own} for name, own in detector.items()}
    table: dict[str, Any] = {}
    for condition in ("raw", "matched", "social"):
        logits = np.array([row["logits"][condition] for row in rows if condition in row["logits"]])
        table[condition] = {"n": len(logits)}
        for bound in BOUNDS:
            bars = [threshold(known, b) for b in (bound, budget(bound, localizer_decides=True))]
            found = [round(100 * float(np.mean(logits > bar)), 1) for bar in bars if bar is not None]
            table[condition][f"at {bound:.0%}, at half of it"] = found
    return table
