"""What happens to pictures on the way: operators, text chains and named pipelines, seeded and replayable."""

from __future__ import annotations

from fauxto.launder.chain import Record, Shipment, Step, apply, follow, parse, replay, ship
from fauxto.launder.fitted import Fitted, calibrate
from fauxto.launder.grids import GRIDS
from fauxto.launder.mixtures import MIXTURES, draw
from fauxto.launder.operators import OPERATORS, at_severity
from fauxto.launder.pipelines import PIPELINES, Pipeline

__all__ = [
    "GRIDS",
    "MIXTURES",
    "OPERATORS",
    "PIPELINES",
    "Fitted",
    "Pipeline",
    "Record",
    "Shipment",
    "Step",
    "apply",
    "at_severity",
    "calibrate",
    "draw",
    "follow",
    "parse",
    "replay",
    "ship",
]
