"""Calibration of logits on pictures that were never trained on. Scanning applies it without torch (`verdict/`)."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from fauxto.errors import InputError


def fit_platt(logits: np.ndarray, labels: np.ndarray, strength: float = 100.0) -> dict[str, Any]:
    """Slope and intercept of sigmoid(a z + b), both classes weighted alike (Platt, 1999); `strength` is the inverse of
    the penalty on the slope.

    The probability then assumes even odds of real and generated before looking; other base rates need a correction.
    Errors: InputError unless both classes are there; ContractError is left to the slope check of the caller.

    >>> fitted = fit_platt(np.array([-2.0, -1.0, 0.5, 2.0]), np.array([0, 0, 1, 1]))
    >>> fitted["kind"], fitted["slope"] > 0
    ('platt', True)
    """
    labels = np.asarray(labels)
    if len(set(labels.tolist())) != 2:
        raise InputError(
            "Calibration needs real and generated pictures; got one class only.",
            fix="Add rows of the other class with split 'calibration' to the manifest.",
        )
    model = LogisticRegression(C=strength, class_weight="balanced")
    model.fit(np.asarray(logits, dtype=np.float64)[:, None], labels)
    return {"kind": "platt", "slope": float(model.coef_[0, 0]), "intercept": float(model.intercept_[0])}
