"""AIGIBench: is AI-generated image detection a solved problem? Four tasks on one test collection (NeurIPS 2025)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import ClassVar, cast

from fauxto.bench.cache import Cache
from fauxto.bench.contender import Contender, Lessons, equal_plans, train
from fauxto.bench.cross_generator import Progress, facts, silent
from fauxto.bench.evaluate import MATCHED, TestSet, check_settings, evaluate
from fauxto.bench.folds import for_training
from fauxto.bench.table import Row, Table
from fauxto.bench.wrapped import AUGMENTATIONS, Resized, augmented
from fauxto.catalog import Card, Input
from fauxto.contracts import Detector
from fauxto.data.audit import audit
from fauxto.data.manifest import Sample
from fauxto.errors import InputError
from fauxto.learn.fit import Plan

CARD = Card(
    slug="aigibench",
    kinds=("benchmark",),
    title="Is Artificial Intelligence Generated Image Detection a Solved Problem?",
    venue="NeurIPS",
    year=2025,
    idea="Retrain every detector alike, then ask: a second source, degraded copies, augmentation, resize or crop.",
    input=Input(size=None, crop="whatever each detector reads; task 4 compares it with a resize"),
    output="a table: R.Acc, F.Acc, Acc and AP of every subset, and their unweighted means",
    claim="A second training source helps where it is alike; degraded copies break thresholds before rankings.",
    choices=(
        "The levels of the degraded copies are not published: JPEG quality 50, Gaussian noise of 10 on 0-255, half "
        "size and back (bicubic), each a parameter.",
        "Setting II doubles the data with the sources; `volume` adds the control that repeats the budget on the first.",
        "The last step of a training is tested; nothing is selected on test data.",
        "Pictures are read as each detector reads them (native crops); the original resizes to 256 first, our task 4.",
        "Both classes go through JPEG 90 beside the raw files, which the original does not do.",
    ),
    fails_on=("manifests that do not name generators", "subsets whose reals come from another pipeline than its fakes"),
    source="https://github.com/HorizonTEL/AIGIBench",
)

GROUPS: dict[str, tuple[str, ...]] = {
    "GAN": ("ProGAN", "R3GAN", "StyleGAN3", "StyleGAN-XL", "StyleSwin", "WFIR"),
    "text to image": ("DALLE-3", "Imagen3", "Midjourney", "FLUX1-dev", "GLIDE", "SD3", "SDXL"),
    "face swap": ("BlendFace", "E4S", "FaceSwap", "InSwap", "SimSwap"),
    "personalised": ("BLIP", "Infinite-ID", "InstantID", "IP-Adapter", "PhotoMaker"),
    "open platform": ("CommunityAI", "SocialRF"),
}
"""The 25 test subsets in their five groups, by the names of their folders."""

ALIASES = {
    "styleswim": "styleswin", "imswap": "inswap", "midjourneyv6": "midjourney", "flux": "flux1dev",
    "sdv14": "stablediffusion14", "car": "progan", "cat": "progan", "chair": "progan", "horse": "progan",
}  # fmt: skip
"""Other names of subsets and of training folders, as `plain` writes them."""

DEGRADATIONS = {"jpeg": "jpeg:50", "noise": "noise:10", "sample": "resize:0.5|resize:2.0"}
"""The degraded copies of task 2 as chains; the levels are ours."""

SETTINGS: dict[str, tuple[str, ...]] = {"I": ("progan",), "II": ("progan", "stable-diffusion-1.4")}
"""What a detector is trained on: four object classes of ProGAN, then the same number of SD 1.4 pictures too."""

FEWEST = 2
"""Pictures of a class that a subset needs."""


@dataclass(frozen=True)
class AIGIBench:
    """The protocol, on the released tree or on any manifest with splits "train" and "test" that names generators.

    `settings` says which generators each setting trains on, in order: task 1 compares them, the last one is used by
    the other tasks. `volume` adds the first setting with the budget doubled: the original cannot tell more sources from
    more data. `crops` is the budget of the first setting; each further one has it in proportion to its generators (the
    original trains on twice as much). Contenders with weights of their own skip tasks 1 and 3.
    """

    card: ClassVar[Card] = CARD
    tasks: tuple[int, ...] = (1, 2, 3, 4)
    settings: Mapping[str, Collection[str]] = field(default_factory=lambda: dict(SETTINGS))
    degradations: Mapping[str, str] = field(default_factory=lambda: dict(DEGRADATIONS))
    augmentations: tuple[str, ...] = AUGMENTATIONS
    volume: bool = True
    crops: int = 8000
    plan: Plan = field(default_factory=lambda: Plan(crop=96, precision="32-true"))
    seeds: tuple[int, ...] = (0,)
    patches: int = 4
    most: int = 0
    matched: str = MATCHED

    def run(
        self,
        detectors: Sequence[Contender],
        samples: Sequence[Sample],
        work: str | Path,
        *,
        progress: Progress = silent,
    ) -> Table:
        """All tasks; what `work` holds of an earlier run is not done again.

        Errors: InputError for tasks or settings that are not there, and for a manifest without test subsets.
        """
        if not self.tasks or set(self.tasks) - {1, 2, 3, 4} or not self.settings:
            raise InputError(f"Tasks are 1 to 4 and need a setting; got {self.tasks}.", fix="Leave tasks out for all.")
        check_settings(self)
        work = Path(work)
        sets = subsets(samples, self.most)
        found = audit(samples, near=False, step=progress("audit", len(samples)))
        rows: list[Row] = []
        means: list[Row] = []
        arms = list(self._arms(detectors))
        step = progress("train and score", len(arms) * len(self.seeds))
        with Cache(work / "scores.sqlite") as cache:
            for seed in self.seeds:
                for arm in arms:
                    detector = self._detector(arm, seed, samples, work)
                    for name, tested, conditions in arm.tests(detector):
                        outcome = evaluate(
                            {name: tested},
                            sets,
                            cache,
                            trained_on=arm.label or arm.setting,
                            matched=self.matched,
                            conditions=conditions,
                            seed=seed,
                        )
                        rows += outcome.rows
                        means += outcome.means
                    step()
        return Table("AIGIBench", self.matched, rows, means, facts(self, detectors, samples, found))

    def _arms(self, detectors: Sequence[Contender]) -> Iterator[_Arm]:
        """Everything that is trained once, with what it is tested under."""
        *first, last = self.settings
        conditions = ("", *self.degradations.values()) if 2 in self.tasks else ("",)
        for one in detectors:
            full = _Arm(one, last, self._share(last), conditions, resized=4 in self.tasks)
            if one.weights is not None:
                yield replace(full, label="its own")
                continue
            clean = replace(full, conditions=("",), resized=False)
            if 1 in self.tasks:
                for name in first:
                    yield replace(clean, setting=name, share=self._share(name))
                if self.volume and first:
                    yield replace(clean, setting=first[0], label=f"{first[0]}, budget of {last}")
            yield full
            if 3 in self.tasks:
                for how in self.augmentations:
                    build = cast("Callable[[], Detector]", partial(augmented, build=one.build, how=how))
                    yield replace(clean, contender=Contender(f"{one.name} + {how}", build))

    def _share(self, setting: str) -> float:
        """The budget of a setting in units of the first one's: as many times as it has generators."""
        kinds = [len({plain(name) for name in self.settings[key]}) for key in (setting, next(iter(self.settings)))]
        return kinds[0] / kinds[1]

    def _detector(self, arm: _Arm, seed: int, samples: Sequence[Sample], work: Path) -> Detector:
        """Train an arm's contender, or load the weights that it came with."""
        one = arm.contender
        if one.weights is not None:
            return one.loaded()
        chosen = training(samples, self.settings[arm.setting])
        plan = equal_plans(one, replace(self.plan, seed=seed), round(self.crops * arm.share))
        return train(one, Lessons(chosen, work, self.patches), chosen, plan, work / "runs")


@dataclass(frozen=True, slots=True)
class _Arm:
    """One training and what it is tested under; `share` is its budget in units of the first setting's."""

    contender: Contender
    setting: str
    share: float
    conditions: tuple[str, ...]
    resized: bool
    label: str = ""

    def tests(self, detector: Detector) -> Iterator[tuple[str, Detector, tuple[str, ...]]]:
        """The detector under its conditions and, for task 4, the same network on resized pictures."""
        yield self.contender.name, detector, self.conditions
        if self.resized:
            yield f"{self.contender.name}, resized", cast("Detector", Resized(detector)), ("",)


def plain(name: str) -> str:
    """A name without case, signs and aliases.

    >>> plain("StyleSwim"), plain("FLUX1-dev"), plain("sdv1.4") == plain("stable-diffusion-1.4")
    ('styleswin', 'flux1dev', True)
    """
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    return ALIASES.get(bare, bare)


def group_of(subset: str) -> str:
    """The group of one of the 25 subsets, "" for any other name."""
    return next((group for group, names in GROUPS.items() if plain(subset) in map(plain, names)), "")


def subsets(samples: Sequence[Sample], most: int = 0) -> list[TestSet]:
    """The test subsets: the fakes of each generator with the reals of its folder, or with all test reals.

    Reals belong to a subset when their source names it, as in the released tree; where none do, all test reals stand
    against every generator, and R.Acc is one measurement, not many. Errors: InputError when nothing is marked as test.
    """
    tests = [sample for sample in samples if sample.split == "test"]
    reals = [sample for sample in tests if not sample.label]
    names = list(dict.fromkeys(plain(s.generator) for s in tests if s.label and s.generator))
    found = []
    for name in names:
        fakes = [s for s in tests if s.label and plain(s.generator) == name]
        own = [s for s in reals if name in (plain(s.source), plain(s.generator))] or reals
        if min(len(fakes), len(own)) >= FEWEST:
            shown = fakes[0].generator
            kept = [*own[:most], *fakes[:most]] if most else own + fakes
            found.append(TestSet(shown, kept, group_of(shown) or fakes[0].family))
    if not found:
        raise InputError(
            "No row of the manifest is a test picture of a named generator, with reals beside it.",
            fix="Index the released tree (fauxto data index), or give splits: fauxto data split MANIFEST.",
        )
    return found


def training(samples: Sequence[Sample], generators: Collection[str]) -> list[Sample]:
    """The training rows of a setting: the fakes of its generators with the reals of their folders, or all reals.

    No relative of a test picture is among them. Errors: InputError when a class is missing.
    """
    names = {plain(name) for name in generators}
    rows = for_training(samples)
    fakes = [sample for sample in rows if sample.label and plain(sample.generator) in names]
    reals = [sample for sample in rows if not sample.label]
    own = [sample for sample in reals if plain(sample.source) in names] or reals
    if not fakes or not own:
        known = sorted({sample.generator for sample in rows if sample.label and sample.generator})
        raise InputError(
            f"There are {len(own)} real and {len(fakes)} fake training pictures of {', '.join(generators)}.",
            fix=f"Name generators of the split train: {', '.join(known) or 'there are none'}.",
        )
    return own + fakes
