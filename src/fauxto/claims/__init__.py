"""Claims: one falsifiable check a system, with its control and its numbers. `fauxto claims` runs them.

A claim is a module `claims/<slug>.py` with one function `run(scale) -> ClaimResult`. "smoke" takes seconds
and runs in CI, "laptop" takes minutes, "full" needs the published data. Importing this package needs neither
torch nor numpy.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

from fauxto.errors import InputError

Scale = Literal["smoke", "laptop", "full"]
SCALES: tuple[Scale, ...] = get_args(Scale)


@dataclass(frozen=True, slots=True)
class Check:
    """One exact statement and what was found: a count, a largest error, a number of parameters."""

    statement: str
    passed: bool
    found: str


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """What one run of a claim found.

    `measured` and `control` are in `unit`, `margin` is their difference; `spread` is the larger standard
    deviation over seeds of the two (0 where nothing is drawn), `interval` the 95 % t-interval of the paired
    margin. `holds` is the claim's own rule, stated in `rule`, and every exact check. `details` are further
    numbers, plain JSON.
    """

    slug: str
    scale: Scale
    statement: str
    unit: str
    rule: str
    measured: float
    control: float
    margin: float
    holds: bool
    seconds: float = 0.0
    spread: float = 0.0
    interval: tuple[float, float] | None = None
    seeds: tuple[int, ...] = ()
    checks: tuple[Check, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return asdict(self)


def claim_file(slug: str) -> Path:
    """Where the claim of a system lives, whether or not it exists."""
    return Path(__file__).with_name(slug.replace("-", "_") + ".py")


def run(slug: str, scale: Scale) -> ClaimResult:
    """Run one claim and time it. Errors: InputError when the system has no claim or no such scale."""
    if scale not in SCALES:
        raise InputError(f"There is no scale {scale!r}.", fix=f"Use one of {', '.join(SCALES)}.")
    if not claim_file(slug).is_file():
        raise InputError(f"{slug!r} has no claim yet.", fix="`fauxto systems` shows which systems work.")
    module = importlib.import_module(f"fauxto.claims.{slug.replace('-', '_')}")
    start = time.perf_counter()
    result: ClaimResult = module.run(scale)
    return replace(result, seconds=round(time.perf_counter() - start, 1))
