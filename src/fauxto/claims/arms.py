"""A table of arms: what each arm of a claim measured with each seed, and which parts of its statement hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from fauxto.claims.experiment import Margin, compare


@dataclass(frozen=True, slots=True)
class Table:
    """`rows[arm]` has what was measured with each seed, by name; all arms have the same seeds in the same order.

    >>> table = Table.of(("high", "low"), (0, 1), lambda arm, seed: {"FID": len(arm) + seed})
    >>> table.of_arm("FID", "low"), table.mean("FID", "high")
    ([3, 4], 4.5)
    """

    rows: Mapping[str, list[dict[str, float]]]

    @classmethod
    def of(cls, arms: Iterable[str], seeds: tuple[int, ...], measure: Callable[[str, int], dict[str, float]]) -> Table:
        """Measure every arm with every seed."""
        return cls({arm: [measure(arm, seed) for seed in seeds] for arm in arms})

    def of_arm(self, name: str, arm: str) -> list[float]:
        """One figure of one arm, seed by seed."""
        return [row[name] for row in self.rows[arm]]

    def mean(self, name: str, arm: str) -> float:
        """The same, over seeds."""
        return float(np.mean(self.of_arm(name, arm)))

    def above(self, name: str, arm: str, other: str) -> Margin:
        """How far a figure of `arm` lies above that of `other`."""
        return compare(self.of_arm(name, arm), self.of_arm(name, other))


def failing(parts: Mapping[str, bool]) -> str:
    """The sentence of a note that names the parts that do not hold; nothing when all do.

    >>> failing({"lower": False, "steadier": True})
    'Does not hold: lower. '
    """
    names = ", ".join(part for part, holds in parts.items() if not holds)
    return f"Does not hold: {names}. " if names else ""
