"""Detectors of which nothing is trained: their threshold, set on the pictures of a manifest."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np

from fauxto.contracts import Detector, Trainable
from fauxto.data.manifest import Sample
from fauxto.data.places import read_bytes
from fauxto.errors import InputError, ResourceError
from fauxto.launder import apply
from fauxto.learn.histories import HISTORIES
from fauxto.media.decode import decode


@runtime_checkable
class Calibrated(Detector, Protocol):
    """A Detector without training: `calibrate(reals, false_alarms=...)` puts its threshold at a logit of 0.

    One that also takes `fakes` finds the direction of its score by them; `save` writes what was found.
    """

    def calibrate(self, reals: Sequence[np.ndarray], false_alarms: float = 0.05) -> None: ...  # noqa: D102
    def save(self, path: str) -> None: ...  # noqa: D102


def is_only_calibrated(system: object) -> TypeGuard[Calibrated]:
    """Whether nothing of a system is trained, but a threshold can be set."""
    return isinstance(system, Calibrated) and not isinstance(system, Trainable)


class Pictures(Sequence[np.ndarray]):
    """The pixels of samples, decoded when they are asked for and, with `histories`, shipped as `package` ships them."""

    def __init__(self, samples: Sequence[Sample], histories: bool) -> None:
        self.samples, self.histories = samples, histories

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: Any) -> Any:
        """The picture at a place, uint8 `(h, w, 3)`."""
        sample = self.samples[index]
        pixels = decode(read_bytes(sample.path))
        return apply(pixels, HISTORIES[index % len(HISTORIES)], seed=index) if self.histories else pixels


def calibrate(
    detector: Calibrated, samples: Sequence[Sample], false_alarms: float = 0.05, *, histories: bool = True
) -> dict[str, Any]:
    """Set the threshold on the real samples, and the direction on the others where the detector asks for them.

    Returns what to tell: pictures that were used and, by path, why others could not be read; whether the generated ones
    were asked; and the share of the reals that are above the threshold now, at most `false_alarms`. Pictures are read
    one after the other, so a manifest of any length fits. Errors: InputError for a share out of 0 to 1, or without
    reals that can be read.
    """
    if not 0 < false_alarms < 1:
        raise InputError(f"A share of false alarms lies between 0 and 1; got {false_alarms}.", fix="Give 0.05, say.")
    skipped: dict[str, str] = {}
    asks = "fakes" in inspect.signature(detector.calibrate).parameters
    found: dict[int, list[Sample]] = {0: [], 1: []}
    for sample in samples:
        if sample.label and not asks:
            continue
        try:
            decode(read_bytes(sample.path))
        except (InputError, ResourceError, OSError) as error:
            skipped[sample.path] = str(error)
        else:
            found[1 if sample.label else 0].append(sample)
    if not found[0]:
        raise InputError(
            f"A threshold is set on real pictures; none of the {len(samples)} rows for it is one that can be read.",
            fix="Add some hundred photographs: `fauxto data index FOLDER` reads folders called real and fake.",
        )
    reals, fakes = (Pictures(found[label], histories) for label in (0, 1))
    if asks:
        detector.calibrate(reals, fakes=fakes, false_alarms=false_alarms)  # type: ignore[call-arg]  # looked up above
    else:
        detector.calibrate(reals, false_alarms=false_alarms)
    above = float(np.mean(detector.score(reals) > 0))
    return {
        "reals": len(reals),
        "fakes": len(fakes),
        "skipped": skipped,
        "false_alarms": false_alarms,
        "reals_above_threshold": round(above, 4),
        "direction_by_fakes": bool(len(fakes)),
    }
