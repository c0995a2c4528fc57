"""What a detector's rates mean where fakes are rare: precision and false alarms at a stated prevalence."""

from __future__ import annotations

import numpy as np

from fauxto.errors import InputError


def precision_at(prevalence: float, tpr: float | np.ndarray, fpr: float | np.ndarray) -> np.ndarray:
    """The share of alarms that are right when `prevalence` of the pictures are generated (Bayes' rule).

    TPR and FPR do not depend on the prevalence of the test set, precision does: quote it at the prevalence of the
    place of use. NaN where nothing raises an alarm. Errors: InputError for a prevalence outside 0 to 1.

    >>> float(precision_at(0.01, tpr=0.9, fpr=0.01).round(3))
    0.476
    """
    _check(prevalence)
    right = prevalence * np.asarray(tpr, dtype=np.float64)
    wrong = (1 - prevalence) * np.asarray(fpr, dtype=np.float64)
    alarms = right + wrong
    return np.divide(right, alarms, out=np.full(np.shape(alarms), np.nan), where=alarms > 0)


def alarms_per(pictures: int, prevalence: float, tpr: float, fpr: float) -> tuple[float, float]:
    """How many right and how many false alarms to expect among so many pictures.

    >>> alarms_per(10_000, 0.01, tpr=0.9, fpr=0.01)
    (90.0, 99.0)
    """
    _check(prevalence)
    return pictures * prevalence * tpr, pictures * (1 - prevalence) * fpr


def _check(prevalence: float) -> None:
    if not 0 <= prevalence <= 1:
        raise InputError(f"A prevalence lies between 0 and 1; got {prevalence}.", fix="Use one such as 0.01.")
