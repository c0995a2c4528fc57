"""How well clusters without names agree with classes: accuracy under the best one-to-one map, and purity."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from fauxto.errors import ContractError


def contingency(classes: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """How often each class `(n,)` meets each cluster `(n,)`, `(classes, clusters)`; both count from 0.

    Errors: ContractError when they differ in length or are empty.
    """
    classes, clusters = np.asarray(classes), np.asarray(clusters)
    if classes.shape != clusters.shape or classes.ndim != 1 or not len(classes):
        raise ContractError(
            f"One class and one cluster a sample expected; got {classes.shape} and {clusters.shape}.",
            fix="Give two arrays of one length.",
        )
    table = np.zeros((classes.max() + 1, clusters.max() + 1), np.int64)
    np.add.at(table, (classes, clusters), 1)
    return table


def matched_accuracy(classes: np.ndarray, clusters: np.ndarray) -> float:
    """The share of samples in the cluster of their class, clusters named by the best one-to-one map (Kuhn 1955).

    >>> matched_accuracy(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]))
    0.75
    """
    table = contingency(classes, clusters)
    rows, columns = linear_sum_assignment(table, maximize=True)
    return float(table[rows, columns].sum() / table.sum())


def mean_purity(classes: np.ndarray, clusters: np.ndarray) -> float:
    """The share of a cluster that its most frequent class has, averaged over the clusters that are not empty.

    >>> mean_purity(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]))
    0.8333333333333333
    """
    table = contingency(classes, clusters)
    table = table[:, table.sum(0) > 0]
    return float((table.max(0) / table.sum(0)).mean())
