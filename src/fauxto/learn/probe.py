"""Linear probes on frozen features, fitted to the optimum rather than for some epochs."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression


def fit_linear(
    features: np.ndarray, labels: np.ndarray, strength: float = 1.0, weights: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """Weights `(d,)` and bias of a logistic regression on `(n, d)` features, label 1 = generated.

    Features are brought to zero mean and unit deviation first, so that `strength` (the inverse of the L2 penalty)
    means the same on every backbone; the scaling is folded into what is given back. Both classes weigh alike; within a
    class rows weigh alike, or as `weights` say, `(n,)`, with a mean of 1 in each class.

    >>> weight, bias = fit_linear(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1]))
    >>> bool(weight[0] > 0 and abs(1.5 * weight[0] + bias) < 1e-6)
    True
    """
    values = np.asarray(features, np.float64)
    mean, deviation = values.mean(0), values.std(0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    model = LogisticRegression(C=strength, class_weight="balanced", max_iter=2000)
    model.fit((values - mean) / deviation, labels, sample_weight=weights)
    weight = model.coef_[0] / deviation
    return weight, float(model.intercept_[0] - weight @ mean)
