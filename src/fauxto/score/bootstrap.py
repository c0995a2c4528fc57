"""The clustered bootstrap: intervals for pictures that come in families (one parent, one source, one prompt)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fauxto.errors import InputError
from fauxto.score.roc import both

Metric = Callable[[np.ndarray, np.ndarray], float]


def clustered_interval(
    metric: Metric,
    real: np.ndarray,
    fake: np.ndarray,
    real_clusters: Sequence[str],
    fake_clusters: Sequence[str],
    *,
    seed: int = 0,
    rounds: int = 500,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of `metric(real, fake)` when whole clusters, not pictures, are drawn with replacement.

    A cluster that holds reals and fakes (a photograph and what was made from it) is drawn as a whole. Clusters are
    drawn within three kinds (reals only, fakes only, both), so no draw lacks a class. With fewer than some twenty
    clusters of a kind the interval is too short: no bootstrap can know what it has not seen.
    """
    real, fake = both(real, fake)
    values = [
        metric(real[chosen_real], fake[chosen_fake])
        for chosen_real, chosen_fake in draws(real_clusters, fake_clusters, seed=seed, rounds=rounds)
    ]
    tail = (1 - level) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def clustered_mean(
    values: Sequence[float], clusters: Sequence[str], *, seed: int = 0, rounds: int = 2000, level: float = 0.95
) -> tuple[float, float, float]:
    """The mean over pictures and its percentile interval when whole clusters are drawn with replacement.

    Errors: InputError for no value, one that is not finite, or clusters of another number.
    """
    given = np.asarray(values, np.float64)
    if not given.size or not np.isfinite(given).all() or len(clusters) != len(given):
        raise InputError(
            f"Expected finite values and as many clusters; got {len(given)} and {len(clusters)}.",
            fix="Leave undefined ones out.",
        )
    names, numbers = np.unique(np.asarray(clusters), return_inverse=True)
    sums, counts = np.bincount(numbers, given), np.bincount(numbers)
    drawn = np.random.default_rng(seed).integers(len(names), size=(rounds, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(given.mean()), float(low), float(high)


def draws(
    real_clusters: Sequence[str], fake_clusters: Sequence[str], *, seed: int, rounds: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """`rounds` times the indices of the reals and of the fakes that a draw of clusters holds, with repeats."""
    if not len(real_clusters) or not len(fake_clusters):
        raise InputError("A bootstrap over clusters needs both classes.", fix="Check the labels of the manifest.")
    names, numbers = np.unique(np.concatenate([real_clusters, fake_clusters]), return_inverse=True)
    of_real, of_fake = numbers[: len(real_clusters)], numbers[len(real_clusters) :]
    kind = np.isin(np.arange(len(names)), of_real) + 2 * np.isin(np.arange(len(names)), of_fake)
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        times = np.zeros(len(names), dtype=np.int64)
        for members in (np.flatnonzero(kind == k) for k in (1, 2, 3)):
            if len(members):
                np.add.at(times, rng.choice(members, len(members)), 1)
        yield np.repeat(np.arange(len(of_real)), times[of_real]), np.repeat(np.arange(len(of_fake)), times[of_fake])
