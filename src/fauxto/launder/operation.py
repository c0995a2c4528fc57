"""One row of the table of operators."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fauxto.launder.parameters import Parameter

Apply = Callable[..., np.ndarray | bytes]


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of the table: how the operator is called in a chain, what it does, and its five severities.

    `moves` says that a pixel may end up elsewhere, so that masks have to follow: by `outline`, which takes what `run`
    takes, or by `run` itself. `needs` is a module that is not part of the base install. With `on_file`, `run` takes the
    bytes of the file that the step before wrote, and the `original`'s or None, and gives bytes.
    """

    name: str
    does: str
    run: Apply
    parameters: tuple[Parameter, ...] = ()
    severities: tuple[str, ...] = ()
    moves: bool = False
    outline: Apply | None = None
    needs: str = ""
    on_file: bool = False

    @property
    def available(self) -> bool:
        """Whether what it needs is installed."""
        return not self.needs or importlib.util.find_spec(self.needs) is not None


def rounded(values: np.ndarray) -> np.ndarray:
    """Float values to the nearest of 0 to 255, halves to even.

    >>> rounded(np.array([-3.0, 0.5, 1.5, 254.6, 300.0])).tolist()
    [0, 0, 2, 255, 255]
    """
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
