"""What every metric of this room takes: a table of features, one row a picture."""

from __future__ import annotations

import numpy as np

from fauxto.errors import InputError


def as_features(features: np.ndarray, what: str = "features", least: int = 1) -> np.ndarray:
    """The table as float64 `(n, d)`. Errors: InputError when it is no table, too short, or holds no plain numbers."""
    table = np.asarray(features, dtype=np.float64)
    if table.ndim != 2 or not table.shape[1]:
        raise InputError(
            f"The {what} have the shape {table.shape}; expected (pictures, numbers each).",
            fix="Flatten what the network gives for one picture into one row.",
        )
    if len(table) < least:
        raise InputError(
            f"There are {len(table)} pictures among the {what}; this metric needs at least {least}.",
            fix="Give more pictures, or leave the metric out.",
            code="too_few_pictures",
        )
    if not np.isfinite(table).all():
        bad = int((~np.isfinite(table)).any(axis=1).sum())
        raise InputError(
            f"{bad} of {len(table)} rows of the {what} hold NaN or infinity.",
            fix="The generator or the network has diverged: look at its pictures before its score.",
            code="not_finite",
        )
    return table


def as_pair(real: np.ndarray, fake: np.ndarray, least: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Both tables, checked to lie in one space. Errors: InputError."""
    real, fake = as_features(real, "real features", least), as_features(fake, "fake features", least)
    if real.shape[1] != fake.shape[1]:
        raise InputError(
            f"The real features have {real.shape[1]} numbers each, the fake ones {fake.shape[1]}.",
            fix="Compute both with the same network.",
        )
    return real, fake
