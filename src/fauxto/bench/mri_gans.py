"""The protocol of mri-gans: the same slices, degradation and steps for every GAN, with what each has to beat beside it.

Controls are the degraded input itself and its median filter; twins are the same generators under L1 alone. Parts are
split by patient; figures are of slices that nobody has seen.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import median_filter

from fauxto.bench.repaired import Report, Tally
from fauxto.data.slices.degrade import Degradation, degraded
from fauxto.data.slices.slice_set import SliceSet
from fauxto.data.worlds import phantoms
from fauxto.errors import InputError
from fauxto.generate.mri_gans import MRIGAN, Model, Schedule
from fauxto.provenance.mark import labelled_png

COUNTS: dict[phantoms.Organ, int] = {"knee": 1000, "heart": 805, "brain": 90}
"""Slices of each organ, as in the paper."""

LEAST = 35
"""Slices of an organ: seven patients, the fewest that can be split."""

INPUT, FILTERED, TWIN = "input", "median filter", ", L1 alone"
SHOWN = 6
"""Slices of each picture."""

Progress = Callable[[str, int], Callable[[], object]]
"""What and how many, to a function that is called after each."""


def silent(what: str, total: int) -> Callable[[], object]:
    """A progress that shows nothing."""
    return lambda: None


@dataclass(frozen=True, slots=True)
class Part:
    """One organ's slices for one purpose, as they are and as the network sees them."""

    slices: SliceSet
    inputs: np.ndarray

    @classmethod
    def of(cls, slices: SliceSet, degradation: Degradation) -> Part:
        """Slices and their degraded twins."""
        return cls(slices, degraded(slices.pixels, degradation))


@dataclass(frozen=True, kw_only=True)
class MRIGANs:
    """Every model on every organ. `pooled` trains each once on all organs together; else each organ has its own.

    `twins` adds each architecture under L1 alone, `leaky` splits by slice instead of by patient: wrong on purpose.
    """

    models: tuple[Model, ...] = ("vanilla", "dcgan", "wgan")
    degradation: Degradation = "undersampled"
    schedule: Schedule = field(default_factory=Schedule)
    width: int = 64
    seeds: tuple[int, ...] = (0,)
    pooled: bool = False
    twins: bool = True
    leaky: bool = False

    def run(self, organs: Mapping[str, SliceSet], folder: Path | None = None, *, progress: Progress = silent) -> Report:
        """Train, repair and score; with a folder, what was trained is kept there, and the same run goes on from it.

        Errors: InputError for organs of different sizes, or too few patients; what training raises.
        """
        if not self.models or not self.seeds:
            raise InputError("A study has at least one model and one seed.", fix="For example models=('dcgan',).")
        parts = {organ: self._parts(slices) for organ, slices in organs.items()}
        if len({part["test"].slices.pixels.shape[1] for part in parts.values()}) != 1:
            raise InputError("The organs' slices are of different sizes, or there are none.", fix="Prepare them alike.")
        tallies = {organ: Tally(part["test"].slices, self.degradation) for organ, part in parts.items()}
        for organ, tally in tallies.items():
            tally.add(INPUT, parts[organ]["test"].inputs)
            tally.add(FILTERED, filtered(parts[organ]["test"].inputs))
        for seed in self.seeds:
            for arm, model, schedule in self._arms():
                for group in [tuple(organs)] if self.pooled else [(organ,) for organ in organs]:
                    start = time.perf_counter()
                    some = [parts[organ]["train"] for organ in group]
                    bar = partial(progress, f"{arm}, {' and '.join(group)}, seed {seed}")
                    gan = self._trained(model, schedule, seed, some, folder=folder, bar=bar)
                    seconds = time.perf_counter() - start
                    for organ in group:
                        test = parts[organ]["test"]
                        made = gan.reconstruct(test.inputs)
                        tallies[organ].add(arm, made, seconds, twice=True)
                        if folder is not None and seed == self.seeds[0]:
                            _show(folder / "pictures" / f"{organ}, {arm}.png", test, made)
        rows = [row for organ, tally in tallies.items() for row in tally.rows(organ)]
        tests = {organ: tally.tests(self.models) for organ, tally in tallies.items()}
        return Report(rows, tests, self._facts(parts))

    def _arms(self) -> list[tuple[str, Model, Schedule]]:
        """Every model, then each architecture under L1 alone."""
        arms: list[tuple[str, Model, Schedule]] = [(model, model, self.schedule) for model in self.models]
        alone = replace(self.schedule, adversarial=0.0)
        twins: tuple[Model, ...] = ("vanilla", "dcgan")
        return arms + [(f"{m}{TWIN}", m, alone) for m in twins if self.twins and m in self.models]

    def _parts(self, slices: SliceSet) -> dict[str, Part]:
        placed = slices.by_slice() if self.leaky else slices.by_patient()
        return {name: Part.of(placed[name], self.degradation) for name in ("train", "test")}

    def _trained(
        self,
        model: Model,
        schedule: Schedule,
        seed: int,
        parts: list[Part],
        *,
        folder: Path | None,
        bar: Callable[[int], Callable[[], object]],
    ) -> MRIGAN:
        """A GAN trained on these parts, or the one that an earlier run has kept."""
        targets, inputs = (
            np.concatenate(arrays) for arrays in zip(*((p.slices.pixels, p.inputs) for p in parts), strict=True)
        )
        told = repr((model, asdict(schedule), seed, self.width)).encode()
        digest = hashlib.sha256(told + targets.tobytes() + inputs.tobytes()).hexdigest()[:16]
        path = folder / "work" / f"{model}-{digest}.safetensors" if folder is not None else None
        if path is not None and path.is_file():
            return MRIGAN.load(path)
        gan = MRIGAN(model, targets.shape[1], width=self.width, seed=seed)
        advance = bar(schedule.steps)
        gan.fit(targets, inputs, schedule, seed, step=lambda done, of: advance())
        if path is not None:
            gan.save(path)
        return gan

    def _facts(self, parts: Mapping[str, Mapping[str, Part]]) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "degradation": self.degradation,
            "schedule": asdict(self.schedule),
            "width": self.width,
            "seeds": list(self.seeds),
            "trained on": "all organs together" if self.pooled else "each organ by itself",
            "split": "by slice: patients lie on both sides, the figures are too good" if self.leaky else "by patient",
        }
        for organ, part in parts.items():
            facts[organ] = {
                name: {"slices": len(one.slices), "patients": len(set(one.slices.patients))}
                for name, one in part.items()
            }
        return facts


def phantom_organs(size: int = 64, share: float = 1.0, seed: int = 0) -> dict[str, SliceSet]:
    """The three organs of the phantoms world in the paper's numbers, or a share of them, five slices a patient."""
    return {
        organ: organ_of_phantoms(organ, max(LEAST, round(count * share)), size, seed) for organ, count in COUNTS.items()
    }


def organ_of_phantoms(organ: phantoms.Organ, count: int, size: int, seed: int = 0) -> SliceSet:
    """Slices of one organ, with the patients' numbers as names."""
    drawn = phantoms.slices(organ, count, seed, size)
    patients = tuple(f"{organ} {k}" for k in drawn.volumes)
    return SliceSet(drawn.pixels, patients, tuple(f"{patient}, slice {k}" for k, patient in enumerate(patients)))


def filtered(slices: np.ndarray) -> np.ndarray:
    """A 3 x 3 median of each slice: what needs no learning."""
    return np.stack([median_filter(picture, 3) for picture in slices])


def _show(path: Path, test: Part, made: np.ndarray) -> None:
    """The first test slices of a folder: input, repaired, truth, beside each other."""
    rows = [np.concatenate(three, 1) for three in zip(test.inputs, made, test.slices.pixels, strict=True)][:SHOWN]
    grey = (np.concatenate(rows) * 255 + 0.5).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(labelled_png(grey[..., None].repeat(3, 2), "fauxto mri-gans"))
