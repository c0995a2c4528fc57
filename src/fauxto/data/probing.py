"""Scoring a probe: a shallow tree on held-out groups, and the generator that it tells best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fauxto.score.labelled import TAIL, labelled_auc, labelled_interval

FOLDS = 5
"""Parts of a cross-validation."""

LEAF = 5
"""The fewest pictures that a leaf of the tree stands for."""

_DEPTH, _SHARE = 4, 0.02


def held_out_scores(columns: np.ndarray, labels: np.ndarray, parts: np.ndarray, seed: int) -> np.ndarray:
    """What a decision tree of depth 4 gives each sample, `(n,)`, fitted where the sample's group is not."""
    from sklearn.tree import DecisionTreeClassifier  # noqa: PLC0415

    scores = np.full(len(labels), 0.5)
    fold = folds(labels, parts, seed)
    for number in range(FOLDS):
        fit, score = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        if len(np.unique(labels[fit])) < 2 or not len(score):
            continue
        leaf = max(LEAF, int(_SHARE * len(fit)))
        tree = DecisionTreeClassifier(
            max_depth=_DEPTH, min_samples_leaf=leaf, class_weight="balanced", random_state=seed
        )
        scores[score] = tree.fit(columns[fit], labels[fit]).predict_proba(columns[score])[:, 1]
    return np.round(scores, 9)  # the same share of a class is the same score, whatever the order of the sum


def folds(labels: np.ndarray, parts: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each sample, `(n,)`: whole groups, dealt by size, those of one class apart from the other's.

    >>> folds(np.array([0, 0, 1, 1, 1]), np.array([7, 7, 3, 4, 5]), 0).tolist()
    [0, 0, 3, 2, 1]
    """
    _, numbers, sizes = np.unique(parts, return_inverse=True, return_counts=True)
    share = np.bincount(numbers, labels) / sizes  # of class 1 in each group
    random = np.random.default_rng(seed).random(len(sizes))
    order = np.lexsort((random, -sizes, share))
    dealt = np.empty(len(sizes), dtype=np.int64)
    dealt[order] = np.arange(len(sizes)) % FOLDS
    return dealt[numbers]


@dataclass(frozen=True, slots=True)
class Told:
    """A generator, its AUC against all reals, and the lower end of the interval of that."""

    name: str = ""
    auc: float = 0.5
    low: float = 0.0


def told_best(
    scores: np.ndarray, labels: np.ndarray, parts: np.ndarray, names: Sequence[str], *, fewest: int, seed: int
) -> Told:
    """The generator with `fewest` pictures or more that is told best, its interval corrected for the choice."""
    generator = np.asarray(names)
    real = labels == 0
    found, counts = np.unique(generator[~real], return_counts=True)
    found = found[counts >= fewest]
    if not len(found):
        return Told()
    values = [labelled_auc(scores[here], labels[here]) for here in (real | (generator == name) for name in found)]
    best = int(np.argmax(values))
    here = (real | (generator == found[best])).nonzero()[0]
    low, _ = labelled_interval(scores[here], labels[here], parts[here], seed=seed, tail=TAIL / len(found))
    return Told(str(found[best]), values[best], low)
