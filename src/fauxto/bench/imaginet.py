"""ImagiNet: four kinds of content, four kinds of generators, re-posted test pictures; detect, and name the maker."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from fauxto.bench.cache import Cache
from fauxto.bench.contender import Contender, Lessons, ready
from fauxto.bench.cross_generator import Progress, facts, silent
from fauxto.bench.evaluate import MATCHED, TestSet, check_settings, evaluate
from fauxto.bench.folds import first, for_training
from fauxto.bench.table import Row, Table
from fauxto.catalog import Card, Input
from fauxto.contracts import Detector
from fauxto.data.audit import audit
from fauxto.data.generators import key
from fauxto.data.groups import groups
from fauxto.data.manifest import Sample
from fauxto.data.places import read_bytes
from fauxto.errors import FauxtoError, InputError, WeightError
from fauxto.launder import apply
from fauxto.learn.fit import Plan
from fauxto.media.decode import decode

CARD = Card(
    slug="imaginet",
    kinds=("benchmark",),
    title="ImagiNet: A Multi-Content Benchmark for Synthetic Image Detection",
    venue="arXiv",
    year=2024,
    idea="Photographs, paintings, faces and more, by GANs and diffusion models, re-posted as a social network would; "
    "every detector is calibrated on 80 pictures, then measured for each kind of generator.",
    input=Input(size=256, crop="a random square, scaled to 256 pixels, three times in four saved as JPEG or WebP"),
    output="a table: balanced accuracy and AUC by kind of generator, by content and by generator; and who names them",
    claim="Detectors of one kind of generator fail on the others; training on all kinds and contents does not.",
    choices=(
        "The group of reals that stands against a kind of generator: the test reals of the contents that it made.",
        "Pictures smaller than the crop are mirrored; how the original pads them is not established.",
        "The preparation of a picture depends on the seed and its bytes alone, not on workers and batches.",
        "As published, a calibration may turn the scores of a detector around; its slope is among the facts.",
        "Without a split 'calibration', 40 training pictures of each class are put aside for it.",
        "Both classes go through JPEG 90 beside the prepared files, which the original does not do.",
    ),
    fails_on=("manifests that do not name generators", "identification of generators that were not trained on"),
    source="https://github.com/delyan-boychev/imaginet",
)

MODELS: dict[str, tuple[str, ...]] = {
    "GAN": ("progan", "stylegan-xl", "stylegan3"),
    "SD": ("stable-diffusion-2.1", "sdxl-1.0", "animagine-xl"),
    "Midjourney": ("midjourney",),
    "DALL-E 3": ("dalle-3",),
}
"""The four kinds of generators and their members; a generator that is not listed is a kind of its own."""

FEWEST = 2
"""Pictures of a class that a test set needs."""


@dataclass(frozen=True)
class ImagiNet:
    """The protocol, on the released set or on any manifest with splits that names generators.

    `crops` and `plan` are the budget of every training; contenders with weights of their own are only tested. The test
    pictures are prepared once, by `seed`: a square of `size` to `largest` pixels, scaled to `size`. `calibrated` are
    the pictures of each class for the calibration where the manifest names none.
    """

    card: ClassVar[Card] = CARD
    models: Mapping[str, Collection[str]] = field(default_factory=lambda: dict(MODELS))
    crops: int = 8000
    plan: Plan = field(default_factory=lambda: Plan(crop=96, precision="32-true"))
    seeds: tuple[int, ...] = (0,)
    patches: int = 4
    most: int = 0
    size: int = 256
    largest: int = 1000
    calibrated: int = 40
    matched: str = MATCHED

    def run(
        self,
        detectors: Sequence[Contender],
        samples: Sequence[Sample],
        work: str | Path,
        *,
        progress: Progress = silent,
    ) -> Table:
        """Train, prepare, calibrate and measure; what `work` holds of an earlier run is not done again.

        Errors: InputError for a manifest without test pictures of a named generator, or too few to calibrate on.
        """
        check_settings(self)
        work = Path(work)
        learnt, calibration = self._divide(samples)
        wanted = {one.path: one for aspect in self.aspects(samples).values() for s in aspect for one in s.samples}
        found = audit(samples, near=False, step=progress("audit", len(samples)))
        folder = work / f"prepared-{self.size}-{self.largest}"
        prepared, lost = prepare([*wanted.values(), *calibration], folder, size=self.size, largest=self.largest)
        calibration = [prepared[one.path] for one in calibration if one.path in prepared]
        lessons = Lessons(learnt, work, self.patches)
        rows: list[Row] = []
        means: list[Row] = []
        told: dict[str, Any] = {"not prepared": lost, "calibration": {}, "identification": {}}
        step = progress("train and score", len(detectors) * len(self.seeds))
        fakes = [prepared[path] for path, sample in wanted.items() if sample.label and path in prepared]
        with Cache(work / "scores.sqlite") as cache:
            for seed in self.seeds:
                for one in detectors:
                    plan = replace(self.plan, seed=seed)
                    detector = ready(one, lessons, learnt, plan, crops=self.crops, folder=work / "runs")
                    trained_on = "train" if one.weights is None else "its own"
                    for aspect, sets in self.aspects(samples).items():
                        outcome = evaluate(
                            {one.name: detector},
                            [_through(each, prepared) for each in sets],
                            cache,
                            trained_on=trained_on,
                            matched=self.matched,
                            seed=seed,
                            calibration=calibration,
                        )
                        rows += outcome.rows
                        means += [replace(m, tested_on=f"{m.tested_on}, by {aspect}") for m in outcome.means]
                        told["calibration"][f"{one.name}, seed {seed}"] = outcome.calibrations[one.name]
                    if named := self._identify(detector, fakes):
                        told["identification"][f"{one.name}, seed {seed}"] = named
                    step()
        return Table("ImagiNet", self.matched, rows, means, facts(self, detectors, samples, found) | told)

    def aspects(self, samples: Sequence[Sample]) -> dict[str, list[TestSet]]:
        """The test sets by kind of generator, by content and by generator; an aspect that says nothing is left out."""
        tests = [sample for sample in samples if sample.split == "test"]
        reals = [sample for sample in tests if not sample.label]
        fakes = [sample for sample in tests if sample.label and sample.generator]

        def sets(names: Mapping[str, list[Sample]]) -> list[TestSet]:
            made = []
            for name, members in sorted(names.items()):
                contents = {sample.content for sample in members}
                own = [sample for sample in reals if sample.content in contents] or reals
                if min(len(own), len(members)) >= FEWEST:
                    made.append(TestSet(name, first(own, self.most) + first(members, self.most)))
            return made

        found = {
            "model": sets(_by(fakes, lambda s: self.model_of(s.generator))),
            "content": sets(_by([s for s in fakes if s.content], lambda s: s.content)),
            "generator": sets(_by(fakes, lambda s: s.generator)),
        }
        if not found["model"]:
            raise InputError(
                "No row of the manifest is a test picture of a named generator, with reals beside it.",
                fix="Index the released set (fauxto data index), or give splits: fauxto data split MANIFEST.",
            )
        if len(found["generator"]) == len(found["model"]):
            del found["generator"]
        return {aspect: made for aspect, made in found.items() if made}

    def model_of(self, generator: str) -> str:
        """The kind that a generator belongs to, or its own name.

        >>> ImagiNet().model_of("StyleGAN3"), ImagiNet().model_of("flux")
        ('GAN', 'flux')
        """
        word = key(generator)
        return next((kind for kind, names in self.models.items() if word in map(key, names)), generator)

    def _divide(self, samples: Sequence[Sample]) -> tuple[list[Sample], list[Sample]]:
        """What is trained on, and what is calibrated on; relatives stay on one side."""
        learnt = for_training(samples)
        calibration = [sample for sample in samples if sample.split == "calibration"]
        if not calibration:
            by_class = ([s for s in learnt if s.label == label] for label in (0, 1))
            chosen = {s.path for one in by_class for s in first(one, 0)[: self.calibrated]}
            calibration = [sample for sample in learnt if sample.path in chosen]
            marked = [replace(s, split="calibration") if s.path in chosen else s for s in learnt]
            learnt = for_training(marked)
        if len({sample.label for sample in calibration}) < 2:
            raise InputError(
                f"There are {len(calibration)} pictures to calibrate on, and not of both classes.",
                fix="Give rows of both classes the split 'calibration', or add training pictures.",
            )
        return learnt, calibration

    def _identify(self, detector: Detector, fakes: Sequence[Sample]) -> dict[str, Any]:
        """How well a detector that names generators tells their kinds apart; nothing for one that does not."""
        identify = getattr(detector, "identify", None)
        if identify is None:
            return {}
        answers = np.array([self.model_of(sample.generator) for sample in fakes])
        kinds = sorted(set(answers))
        try:
            chances = [identify([decode(read_bytes(sample.path))])[0] for sample in fakes]
        except WeightError as error:
            return {"status": error.what}
        table = np.array([[_chance(row, kind, self.model_of) for kind in kinds] for row in chances])
        guesses = np.array(kinds)[table.argmax(1)]
        areas = [roc_auc_score(answers == kind, table[:, i]) for i, kind in enumerate(kinds)] if len(kinds) > 1 else []
        return {
            "balanced accuracy": round(float(balanced_accuracy_score(answers, guesses)), 4),
            "by chance": round(1 / len(kinds), 4),
            "one-vs-rest AUC": round(float(np.mean(areas)), 4) if areas else None,
            "recall": {str(k): round(float((guesses[answers == k] == k).mean()), 4) for k in kinds},
            "pictures": len(fakes),
        }


def prepare(
    samples: Sequence[Sample], folder: Path, *, seed: int = 0, size: int = 256, largest: int = 1000
) -> tuple[dict[str, Sample], dict[str, str]]:
    """Re-post every picture as `repost` does, into lossless WebP files; by old path the new sample, and what was lost.

    A file that lies there is not made again. What belongs together (`groups`) still does: `parent` names the group.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, Sample] = {}
    lost: dict[str, str] = {}
    for sample, group in zip(samples, groups(samples).tolist(), strict=True):
        try:
            data = read_bytes(sample.path)
            content = hashlib.sha256(data).hexdigest()
            path = folder / f"{seed}-{content[:40]}.webp"
            if not path.is_file():
                made = repost(decode(data), np.random.default_rng([seed, int(content[:16], 16)]), size, largest)
                partial = path.with_suffix(".partial")
                Image.fromarray(made).save(partial, "WEBP", lossless=True, method=2)
                partial.replace(path)
        except (FauxtoError, OSError) as error:
            lost[sample.path] = error.code if isinstance(error, FauxtoError) else "unreadable"
            continue
        found[sample.path] = replace(sample, path=str(path), sha256="", parent=f"group {group}")
    return found, lost


def repost(pixels: np.ndarray, rng: np.random.Generator, size: int = 256, largest: int = 1000) -> np.ndarray:
    """A random square of `size` to `largest` pixels, scaled to `size` (Lanczos), with 0.75 saved once; uint8 HWC.

    The square is at most as large as the picture, but at least `size`: a smaller picture is mirrored first. Saved means
    JPEG or WebP of quality 60 to 100. Source: the preparation of the ImagiNet test set.
    """
    height, width = pixels.shape[:2]
    side = int(rng.integers(size, max(size, min(height, width, largest)) + 1))
    missing = [max(0, side - length) for length in (height, width)]
    if any(missing):
        edges = [(gap // 2, gap - gap // 2) for gap in missing]
        pixels = np.pad(pixels, (*edges, (0, 0)), mode="symmetric")
    top, left = (int(rng.integers(length - side + 1)) for length in pixels.shape[:2])
    chain = f"to:{size},{size},lanczos"
    if rng.random() < 0.75:
        chain += f"|{rng.choice(['jpeg', 'webp'])}:{rng.integers(60, 101)}"
    return apply(np.ascontiguousarray(pixels[top : top + side, left : left + side]), chain)


def _by(samples: Sequence[Sample], name_of: Callable[[Sample], str]) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(name_of(sample), []).append(sample)
    return found


def _chance(row: Mapping[str, float], kind: str, model_of: Callable[[str], str]) -> float:
    return sum(value for generator, value in row.items() if model_of(generator) == kind or generator == kind)


def _through(one: TestSet, prepared: Mapping[str, Sample]) -> TestSet:
    return replace(one, samples=[prepared[sample.path] for sample in one.samples if sample.path in prepared])
