"""From trained detectors and test sets to rows: scored once, cut into sets, measured raw and matched."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fauxto.bench.cache import Cache
from fauxto.bench.contender import cost
from fauxto.bench.headers import header_auc
from fauxto.bench.measured import Measured, Part, mean, measure
from fauxto.bench.runner import RAW, Scores, score
from fauxto.bench.table import Row
from fauxto.contracts import Detector
from fauxto.data.groups import groups
from fauxto.data.manifest import Sample
from fauxto.errors import InputError
from fauxto.launder.chain import parse
from fauxto.learn.calibrate import fit_platt

UNREGULARISED = 1e10
"""Inverse of the penalty of a calibration: none to speak of."""
MATCHED = "jpeg:90"
"""What both classes go through unless told otherwise: one format, one quality, the pixels otherwise as they are."""


@dataclass(frozen=True, slots=True)
class TestSet:
    """Reals and fakes that are measured together; `group` is the kind of their generator."""

    __test__ = False  # no test class, whatever pytest makes of its name

    name: str
    samples: list[Sample]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rows for every test set, and the unweighted means over all sets and over those of a group."""

    rows: list[Row]
    means: list[Row]
    calibrations: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Slope and intercept by detector, then by chain, where the scores were calibrated."""


def check_settings(protocol: Any) -> None:
    """Look at what all protocols share before anything is trained: crops, seeds and the chain of the matching.

    Errors: InputError.
    """
    if protocol.matched != RAW:
        parse(protocol.matched)
    if protocol.crops < 2:
        raise InputError(f"{protocol.crops} crops hold no two classes.", fix="Give --crops 2 or more; 8000, say.")
    if not protocol.seeds or min(protocol.seeds) < 0:
        raise InputError(f"Seeds are numbers from 0 on; got {list(protocol.seeds)}.", fix="Correct --seeds.")


def evaluate(
    detectors: Mapping[str, Detector],
    sets: Sequence[TestSet],
    cache: Cache,
    *,
    trained_on: str,
    matched: str = MATCHED,
    conditions: Sequence[str] = ("",),
    seed: int = 0,
    calibration: Sequence[Sample] = (),
    step: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Measure detectors on test sets under every condition, a chain that follows the matching ("" = none).

    A picture that is in several sets is scored once. Pictures of one parent, and duplicates, are one cluster of the
    intervals. With pictures of `calibration` a logistic regression of one number is fitted on their logits, for each
    detector and chain, and what it gives is measured in place of the logits. Errors: InputError when a set has fewer
    than two scored pictures of a class, or a calibration fewer than one.
    """
    wanted = [*calibration, *(sample for one in sets for sample in one.samples)]
    union = list({sample.path: sample for sample in wanted}.values())
    chains = list(dict.fromkeys(chain for condition in conditions for chain in _both(matched, condition)))
    scores = score(detectors, union, chains, cache, step=step)
    calibrations = _calibrate(scores, {sample.path for sample in calibration}) if calibration else {}
    cut = _Cut(scores, seed)
    rows, means = [], []
    for name, detector in detectors.items():
        gmac, parameters = cost(detector)
        for condition in conditions:
            pairs = [cut.measure(name, one, chain) for one in sets for chain in _both(matched, condition)]
            raw, same = pairs[::2], pairs[1::2]
            common = Row(
                detector=name,
                trained_on=trained_on,
                tested_on=f"mean of {len(sets)}",
                raw=raw[0][1],
                matched=same[0][1],
                images_per_second=round(1 / cut.scores.seconds[name], 2),
                gmac=gmac,
                parameters=parameters,
                condition=condition,
                seed=seed,
            )
            rows += [
                replace(common, tested_on=one.name, group=one.group, raw=before[1], matched=after[1])
                for one, before, after in zip(sets, raw, same, strict=True)
            ]
            for group, members in _averages(sets).items():
                before, after = (
                    mean(*zip(*(pairs[i] for i in members), strict=True), seed=seed) for pairs in (raw, same)
                )
                where = f"mean of {len(members)}" + (f" of {group}" if group else "")
                means.append(replace(common, tested_on=where, group=group, raw=before, matched=after))
    return Evaluation(rows, means, calibrations)


def _calibrate(scores: Scores, paths: set[str]) -> dict[str, dict[str, Any]]:
    """Put the logit of a logistic regression, fitted on the pictures of `paths`, in place of every logit."""
    chosen = np.array([sample.path in paths for sample in scores.samples])
    labels = np.array([sample.label for sample in scores.samples])
    found: dict[str, dict[str, Any]] = {}
    for name, by_chain in scores.logits.items():
        found[name] = {}
        for chain, logits in by_chain.items():
            known = chosen & np.isfinite(logits)
            fitted = fit_platt(logits[known], labels[known], strength=UNREGULARISED)
            by_chain[chain] = fitted["slope"] * logits + fitted["intercept"]
            found[name][chain or "as they lie"] = {key: round(fitted[key], 4) for key in ("slope", "intercept")}
    return found


def _averages(sets: Sequence[TestSet]) -> dict[str, list[int]]:
    """Which sets are averaged: all of them under "", and those of each group where there are several groups."""
    found = {"": list(range(len(sets)))}
    for i, one in enumerate(sets):
        if one.group:
            found.setdefault(one.group, []).append(i)
    if len(found) == 2:
        found = {"": found[""]}
    return {group: members for group, members in found.items() if len(members) > 1}


def _both(matched: str, condition: str) -> tuple[str, str]:
    """The raw and the matched chain of a condition."""
    return condition or RAW, "|".join(filter(None, (matched, condition))) or RAW


class _Cut:
    """Scores of all pictures, cut into test sets."""

    def __init__(self, scores: Scores, seed: int) -> None:
        self.scores, self._seed = scores, seed
        self._at = {sample.path: i for i, sample in enumerate(scores.samples)}
        self._labels = np.array([sample.label for sample in scores.samples])
        self._clusters = np.array([str(number) for number in groups(scores.samples)])
        self._headers: dict[tuple[str, str], float | None] = {}
        self._known: dict[tuple[str, str, str], tuple[Part, Measured]] = {}

    def measure(self, name: str, one: TestSet, chain: str) -> tuple[Part, Measured]:
        """The logits and the figures of a detector on a set under a chain."""
        if (name, one.name, chain) not in self._known:
            self._known[name, one.name, chain] = self._measure(name, one, chain)
        return self._known[name, one.name, chain]

    def _measure(self, name: str, one: TestSet, chain: str) -> tuple[Part, Measured]:
        at = np.array([self._at[sample.path] for sample in one.samples])
        logits, labels, clusters = self.scores.logits[name][chain][at], self._labels[at], self._clusters[at]
        real, fake = (np.isfinite(logits) & (labels == label) for label in (0, 1))
        try:
            part = Part(logits[real], logits[fake], clusters[real].tolist(), clusters[fake].tolist())
        except InputError as error:
            reasons = sorted({self.scores.status[name][chain][i] for i in at} - {"ok"})
            why = f" Failures: {', '.join(reasons)}." if reasons else ""
            raise InputError(f"{one.name}: {error.what}{why}", fix=error.fix) from error
        failed, header = int(np.isnan(logits).sum()), self._header(one, at, chain)
        return part, measure(part, failed=failed, header_auc=header, seed=self._seed)

    def _header(self, one: TestSet, at: np.ndarray, chain: str) -> float | None:
        if (one.name, chain) not in self._headers:
            facts = [self.scores.facts[chain][i] for i in at]
            self._headers[one.name, chain] = header_auc(
                facts, self._labels[at], self._clusters[at].tolist(), self._seed
            )
        return self._headers[one.name, chain]
