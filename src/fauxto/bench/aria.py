"""ARIA: train on the pictures of one generator and method, test on all; fakes and the reals they were made from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from fauxto.bench.cache import Cache
from fauxto.bench.contender import Contender, Lessons, ready
from fauxto.bench.cross_generator import Progress, facts, silent
from fauxto.bench.evaluate import MATCHED, TestSet, check_settings, evaluate
from fauxto.bench.folds import Fold, matrix, unique_paths
from fauxto.bench.table import Row, Table
from fauxto.catalog import Card, Input
from fauxto.contracts import Detector
from fauxto.data.audit import audit
from fauxto.data.manifest import Sample
from fauxto.data.places import read_bytes
from fauxto.errors import FauxtoError, InputError
from fauxto.learn.fit import Plan
from fauxto.media.decode import decode

CARD = Card(
    slug="aria",
    kinds=("benchmark",),
    title="The Adversarial AI-Art: Understanding, Generation, Detection, and Benchmarking",
    venue="ESORICS",
    year=2024,
    idea="Real pictures of five kinds are made again by commercial generators, from text alone or from text and the "
    "picture; a detector is trained on one generator and method and tested on all of them.",
    input=Input(size=None, crop="whatever each detector reads"),
    output="a table: accuracies, precision, recall, AUC for every pair of families, by category, and the transfer gaps",
    claim="A detector of one generator and method loses accuracy on the others.",
    choices=(
        "No relative on both sides: the real picture that a training fake was made from is never tested on. Without "
        "splits a third of the groups is tested on; the published ratio is not established.",
        "The last step of a training is tested; the original stops early on the folder that is also its test set.",
        "Accuracies are counted over all labels; the original reads the first label of each batch.",
        "What thumbnails of 32 pixels alone tell stands beside each family: content is no trace.",
        "Both classes go through JPEG 90 beside the raw files, which the original does not do.",
    ),
    fails_on=("families with fewer than 20 pictures", "manifests that do not say of a fake what it was made from"),
    source="https://github.com/AdvAIArtProject/AdvAIArt",
)

THUMBNAIL = 32
"""Side of what the content probe sees."""


@dataclass(frozen=True)
class ARIA:
    """The protocol, on the released tree or on any manifest whose fakes have a generator and, in `architecture`, a
    method (T2I or I2I).

    `crops` and `plan` are the budget of every training. `most` caps each class of a test set (0 = all), `by_category`
    adds a test set for each category of the family that was trained on.
    """

    card: ClassVar[Card] = CARD
    crops: int = 8000
    plan: Plan = field(default_factory=lambda: Plan(crop=96, precision="32-true"))
    seeds: tuple[int, ...] = (0,)
    patches: int = 4
    most: int = 0
    by_category: bool = True
    matched: str = MATCHED

    def folds(self, samples: Sequence[Sample]) -> list[Fold]:
        """One training set a family, and the test sets of all; see `family`. Errors: InputError without families."""
        known = [replace(sample, generator=family(sample) if sample.label else "") for sample in samples]
        return matrix(known, "generator", most=self.most)

    def run(
        self,
        detectors: Sequence[Contender],
        samples: Sequence[Sample],
        work: str | Path,
        *,
        progress: Progress = silent,
    ) -> Table:
        """Train, test and compare; what `work` holds of an earlier run is not done again.

        Errors: InputError for a manifest without two families, or without reals on both sides.
        """
        check_settings(self)
        work = Path(work)
        folds = self.folds(samples)
        if len(folds) < 2:
            raise InputError(
                "There are pictures of one family only: nothing can transfer.",
                fix="Give fakes of two generators, or of both methods (column architecture: T2I, I2I).",
            )
        found = audit(samples, near=False, step=progress("audit", len(samples)))
        lessons = Lessons(unique_paths(folds), work, self.patches)
        rows: list[Row] = []
        means: list[Row] = []
        step = progress("train and score", len(folds) * len(detectors) * len(self.seeds))
        with Cache(work / "scores.sqlite") as cache:
            for seed in self.seeds:
                for fold in folds:
                    trained: dict[str, Detector] = {}
                    for one in detectors:
                        plan = replace(self.plan, seed=seed)
                        trained[one.name] = ready(
                            one, lessons, fold.train, plan, crops=self.crops, folder=work / "runs"
                        )
                        step()
                    common: dict[str, Any] = {
                        "trained_on": fold.trained_on, "matched": self.matched, "seed": seed,
                    }  # fmt: skip
                    outcome = evaluate(trained, fold.tests, cache, **common)
                    rows += outcome.rows
                    means += outcome.means
                    if self.by_category and (parts := categories(fold)):
                        rows += evaluate(trained, parts, cache, **common).rows
        told = {
            "transfer (accuracy, matched)": transfer(rows),
            "AUC of thumbnails alone": {fold.trained_on: thumbnail_auc(fold) for fold in folds},
        }
        return Table("ARIA", self.matched, rows, means, facts(self, detectors, samples, found) | told)


def family(sample: Sample) -> str:
    """What a fake counts as: its generator and its method; "" without a generator.

    >>> family(Sample("a.png", 1, "midjourney", architecture="I2I"))
    'midjourney I2I'
    """
    return f"{sample.generator} {sample.architecture}".strip() if sample.generator else ""


def categories(fold: Fold) -> list[TestSet]:
    """The test set of the fold's own family, cut by category; categories that lack a class are left out."""
    own = next((one for one in fold.tests if one.name == fold.trained_on), None)
    if own is None:
        return []
    found = []
    for content in sorted({sample.content for sample in own.samples if sample.content}):
        part = [sample for sample in own.samples if sample.content == content]
        fakes = sum(sample.label for sample in part)
        if min(fakes, len(part) - fakes) >= 2:
            found.append(TestSet(f"{own.name}, {content}", part, content))
    return found


def transfer(rows: Sequence[Row]) -> dict[str, dict[str, float | None]]:
    """Mean accuracy of each detector on the family trained on, on its generator's other method, on the same method of
    other generators, on neither; None where there is no such pair. Seeds are averaged.
    """
    found: dict[str, dict[str, list[float]]] = {}
    kinds = ("same family", "other method", "other generator", "both other")
    for row in rows:
        if "," in row.tested_on:
            continue
        pairs = [name.rpartition(" ")[::2] for name in (row.trained_on, row.tested_on)]
        generator, method = (one == other for one, other in zip(*pairs, strict=True))
        kind = kinds[2 * (not generator) + (not method)]
        found.setdefault(row.detector, {name: [] for name in kinds})[kind].append(row.matched.accuracy.value)
    return {
        detector: {kind: round(float(np.mean(values)), 4) if values else None for kind, values in by_kind.items()}
        for detector, by_kind in found.items()
    }


def thumbnail_auc(fold: Fold) -> float | None:
    """AUC of a random forest on thumbnails, fitted on a fold's training pictures and tested on its own family.

    What it reaches, content and layout alone give away. None where pictures cannot be read.
    """
    own = next((one for one in fold.tests if one.name == fold.trained_on), None)
    if own is None:
        return None
    (taught, labels), (tested, answers) = _thumbnails(fold.train), _thumbnails(own.samples)
    if min(len(set(labels)), len(set(answers))) < 2:
        return None
    forest = RandomForestClassifier(100, random_state=0, min_samples_leaf=3).fit(taught, labels)
    return round(float(roc_auc_score(answers, forest.predict_proba(tested)[:, 1])), 4)


def _thumbnails(samples: Sequence[Sample]) -> tuple[np.ndarray, list[int]]:
    rows, labels = [], []
    for sample in samples:
        try:
            picture = Image.fromarray(decode(read_bytes(sample.path)))
        except (FauxtoError, OSError):
            continue
        rows.append(np.asarray(picture.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)).reshape(-1))
        labels.append(sample.label)
    return np.array(rows), labels


def clean_descriptions(text: str) -> list[str] | None:
    """The four descriptions of a picture, cleaned: what follows `--ar` and the words "in the style of" go.

    None for a file that has to be dropped: one that begins with an apology, or whose lines are no multiple of four.

    >>> clean_descriptions("a cat in the style of ink --ar 3:2\\n" * 4)[0]
    'a cat ink'
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or len(lines) % 4 or re.match(r"(?i)(i'?m |i am )?(sorry|apolog)", lines[0]):
        return None
    cut = (re.sub(r"(?i)\bin the style of\b", " ", line.split("--ar")[0]) for line in lines)
    return [" ".join(line.split()) for line in cut]
