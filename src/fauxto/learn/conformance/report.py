"""What one conformance check found, and the subject that all checks look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from fauxto.errors import ContractError

SEED = 20240
"""Initial weights are drawn from this seed wherever a check builds the detector, also in a fresh process."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the sweep: what was measured against what was expected, and what to do when it failed."""

    name: str
    passed: bool
    measured: str
    expected: str
    fix: str


class Subject:
    """A detector class under check. `name` is what `find` takes; `build()` repeats the initial weights.

    `small` checks the small sibling that the class names in its `small` attribute (the whole one when it names none);
    `backbone` is handed to the constructor when it is given.
    """

    def __init__(
        self, kind: type[Any], path: Path, name: str, small: bool = False, backbone: str | None = None
    ) -> None:
        self.kind = kind
        self.path = path
        self.name = name
        self.small = small
        self.backbone = backbone

    def build(self, seed: int = SEED) -> Any:
        """A fresh detector; torch's global random state is left as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            arguments = dict(getattr(self.kind, "small", {})) if self.small else {}
            return self.kind(**arguments | ({} if self.backbone is None else {"backbone": self.backbone}))

    @cached_property
    def detector(self) -> Any:
        """One instance for the checks that change nothing."""
        return self.build()

    def network(self, detector: Any = None) -> nn.Module:
        """The detector's network. Errors: ContractError when it is no `torch.nn.Module`."""
        network = (detector or self.detector).network()
        if not isinstance(network, nn.Module):
            raise ContractError(
                f"network() gave {type(network).__name__}, not a torch.nn.Module.",
                fix="Return the module itself.",
            )
        return network

    @property
    def trainable(self) -> bool:
        """Whether there is anything to train (a training-free detector has no parameter that wants a
        gradient).
        """
        return any(parameter.requires_grad for parameter in self.network().parameters())


Check = Callable[[Subject], Outcome]
