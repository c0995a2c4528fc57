"""What published packages mean by the same word: resizing, input scale, neighbours, splits. Say it with each number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fauxto.errors import InputError


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to compute the scores. `resizing` is a name of `resize.RESIZINGS`; "network" stands for the filter that
    the network was trained with. `scale` is what Inception divides by; `k` and `closed` are those of Precision and
    Recall; `splits` and `bias` (of the logits) those of the Inception Score; `subsets` x `subset` is KID's.
    """

    name: str
    resizing: str
    scale: Literal["127.5", "128"]
    k: int
    closed: bool
    splits: int
    bias: bool
    subsets: int = 100
    subset: int = 1000


CONVENTIONS = {
    one.name: one
    for one in (
        Convention("clean-fid", "clean", "128", 5, False, 10, False),
        Convention("pytorch-fid", "legacy-torch", "127.5", 5, False, 10, True),
        Convention("torch-fidelity", "legacy-tensorflow", "128", 3, True, 10, False),
        Convention("nvidia", "legacy-tensorflow", "128", 3, True, 10, False),
        Convention("studiogan", "friendly-network", "127.5", 5, False, 1, True),
    )
}
"""pytorch-fid and clean-fid define no Precision, Recall or Inception Score: prdc's and torch-fidelity's stand in."""


def convention(name: str) -> Convention:
    """The convention of a package. Errors: InputError that lists all."""
    if name not in CONVENTIONS:
        raise InputError(f"There is no convention {name!r}.", fix=f"Use one of: {', '.join(CONVENTIONS)}.")
    return CONVENTIONS[name]
