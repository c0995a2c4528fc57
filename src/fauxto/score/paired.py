"""Paired tests of two detectors on the same pictures: McNemar on calls, the bootstrap on any metric."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from fauxto.errors import InputError
from fauxto.score.bootstrap import Metric, draws
from fauxto.score.delong import Comparison
from fauxto.score.roc import both

Scores = tuple[np.ndarray, np.ndarray]
"""`(real, fake)` scores of one detector; the two of a pair hold the same pictures in the same order."""


def mcnemar(first: Scores, second: Scores, threshold: float = 0.0) -> float:
    """Two-sided exact p-value that both detectors are as often right at `threshold` (McNemar, 1947).

    Only pictures on which they disagree count: of those, each should win half (binomial test).

    >>> mcnemar((np.full(6, -1.0), np.ones(1)), (np.ones(6), np.ones(1)))
    0.03125
    """
    first, second = _pair(first, second)
    right = [np.concatenate([scores[0] <= threshold, scores[1] > threshold]) for scores in (first, second)]
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    if not only_first + only_second:
        return 1.0
    return float(stats.binomtest(only_first, only_first + only_second).pvalue)


def paired_bootstrap(
    metric: Metric,
    first: Scores,
    second: Scores,
    clusters: tuple[Sequence[str], Sequence[str]] | None = None,
    *,
    seed: int = 0,
    rounds: int = 1000,
    level: float = 0.95,
) -> Comparison:
    """The difference of a metric (first minus second) over draws that take the same pictures for both detectors.

    `clusters` names the cluster of every real and every fake; without it each picture is its own. The p-value is twice
    the smaller share of draws on one side of 0, ties counting half and the data themselves as one more draw.
    """
    first, second = _pair(first, second)
    names = clusters or tuple([f"{k}{i}" for i in range(len(first[k]))] for k in (0, 1))
    differences = np.array(
        [
            metric(first[0][real], first[1][fake]) - metric(second[0][real], second[1][fake])
            for real, fake in draws(*names, seed=seed, rounds=rounds)
        ]
    )
    tail = (1 - level) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    ties = (differences == 0).sum() / 2
    smaller = min((differences < 0).sum(), (differences > 0).sum()) + ties
    p_value = min(1.0, 2 * float(smaller + 1) / (rounds + 1))
    return Comparison(metric(*first) - metric(*second), (float(low), float(high)), p_value)


def _pair(first: Scores, second: Scores) -> tuple[Scores, Scores]:
    first, second = both(*first), both(*second)
    if [len(part) for part in first] != [len(part) for part in second]:
        raise InputError(
            "A paired test needs both detectors' scores of the same pictures.",
            fix="Leave out what either could not read.",
        )
    return first, second
