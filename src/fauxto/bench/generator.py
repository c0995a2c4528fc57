"""Two folders, real and generated, to a report: every metric of one feature pass, with what was done to get there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.bench.cache import Cache
from fauxto.bench.generator_features import Batch, Preparation, Survey, stream
from fauxto.bench.generator_figures import FIGURES, Figures, Sets
from fauxto.bench.generator_notes import notes
from fauxto.data.walk import Problems, files
from fauxto.errors import InputError
from fauxto.learn.engine import Engine, fast_engine, torch_engine
from fauxto.nn.feature_network import FeatureNetwork
from fauxto.score.generative.conventions import Convention
from fauxto.score.generative.frechet import frechet, frechet_of
from fauxto.score.generative.moments import Gaussian, Moments, load_gaussian

METRICS = ("fid", *FIGURES)
"""What can be asked for; "fid" is the Fréchet distance in whatever space."""

DEFAULT = ("fid", "kid", "pr", "dc")
Progress = Callable[[str, int], Callable[[int], object]]
"""What and how many, to a function that is told how many more are done."""


@dataclass(slots=True)
class Side:
    """What is known of one set: moments always, features only where a metric needs them."""

    survey: Survey = field(default_factory=Survey)
    problems: Problems = field(default_factory=Problems)
    moments: Moments | None = None
    given: Gaussian | None = None
    rows: list[np.ndarray] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)

    def add(self, batch: Batch, keep: bool) -> None:
        """Take in a batch; without `keep` features are held only while they are fewer than the moments' own rows."""
        assert self.moments is not None
        self.moments.add(batch.features)
        if keep or self.moments.count <= self.moments.width:
            self.rows.append(batch.features)
            self.classes += batch.classes
        else:
            self.rows, self.classes = [], []

    def features(self) -> np.ndarray:
        """All kept features, `(n, d)`."""
        return np.concatenate(self.rows)

    def gaussian(self) -> Gaussian:
        """For the Fréchet distance."""
        if self.given is not None:
            return self.given
        assert self.moments is not None
        return self.moments.gaussian()


@dataclass(frozen=True, slots=True)
class Report:
    """The figures, how they were made, what the sets are like, and what to know before comparing them."""

    metrics: Figures
    settings: dict[str, Any]
    real: dict[str, Any]
    fake: dict[str, Any]
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {name: getattr(self, name) for name in ("metrics", "settings", "real", "fake", "notes")}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How to score: the network, the convention of a package, the metrics, and what to draw at random with."""

    network: FeatureNetwork
    convention: Convention
    metrics: Sequence[str] = DEFAULT
    seed: int = 0
    threads: int = 1
    fast: bool = True
    cache: Path | None = None
    most: int = 0
    save: Path | None = None

    def run(self, real: Path, fake: Path, progress: Progress = lambda what, total: lambda done: None) -> Report:
        """Score the pictures below `fake` against those below `real`; `real` may be an .npz of `mu` and `sigma`.

        `most` takes that many of each folder, drawn with the seed; 0 takes all. `save` keeps the real moments as .npz.
        Errors: InputError.
        """
        self._check(real, fake)
        engine = fast_engine(self.network, self.cache) if self.fast else torch_engine(self.network)
        preparation = self._preparation(engine)
        with Cache(self.cache / "features.sqlite") if self.cache is not None else nullcontext() as cache:
            sides = [
                self._read(name, folder, preparation, cache, progress)
                for name, folder in (("real", real), ("fake", fake))
            ]
        if self.save is not None:
            sides[0].gaussian().save(self.save)
        return Report(
            metrics=self._figures(*sides),
            settings=self.settings(),
            real={"folder": str(real), **_describe(sides[0])},
            fake={"folder": str(fake), **_describe(sides[1])},
            notes=notes(self.network.shape, self.metrics, self.convention.subset, *sides),
        )

    def settings(self) -> dict[str, Any]:
        """Everything that a figure has to be compared under."""
        one = self.convention
        return {
            "convention": one.name,
            "network": self.network.identity,
            "dimensions": self.network.shape.width,
            "resizing": self._preparation(self.network.features).name,
            "k": one.k,
            "closed_balls": one.closed,
            "inception_score_splits": one.splits,
            "logit_bias": one.bias,
            "kid_subsets": one.subsets,
            "kid_subset_size": one.subset,
            "seed": self.seed,
            "engine": "openvino-float32" if self.fast else "torch-float32",
        }

    def _check(self, real: Path, fake: Path) -> None:
        """Say at once what would only be found out after an hour."""
        if unknown := [name for name in self.metrics if name not in METRICS]:
            raise InputError(f"There is no metric {unknown[0]!r}.", fix=f"Use some of: {','.join(METRICS)}.")
        if not self.metrics:
            raise InputError("No metric is asked for.", fix=f"Use some of: {','.join(METRICS)}.")
        if real.suffix == ".npz" and set(self.metrics) != {"fid"}:
            raise InputError(
                "Stored moments give the Fréchet distance only.", fix="Use --metrics fid, or give the real pictures."
            )
        if "is" in self.metrics and self.network.head is None:
            self.network.logits(np.empty((0, self.network.shape.width)))

        for folder in (real, fake):
            if folder.suffix != ".npz" and next(files(folder, Problems()), None) is None:
                raise InputError(
                    f"{folder} holds no picture files.",
                    fix="Give the folder of the pictures themselves (.png, .jpg, ...).",
                )

    def _preparation(self, engine: Engine) -> Preparation:
        resizing = self.convention.resizing.replace("network", self.network.shape.filter)
        return Preparation(engine, self.network.identity, self.network.shape.size, resizing)

    def _read(self, name: str, folder: Path, preparation: Preparation, cache: Cache | None, progress: Progress) -> Side:
        side = Side()
        width = self.network.shape.width
        if folder.suffix == ".npz":
            side.given = load_gaussian(folder)
            if len(side.given.mean) != width:
                raise InputError(
                    f"{folder} has {len(side.given.mean)} dimensions, the network {width}.",
                    fix="Name the --backbone that the statistics were computed with.",
                )
            return side
        paths = self._listed(folder, side.problems)
        side.moments = Moments(width)
        batches = stream(
            folder,
            paths,
            preparation,
            side.survey,
            side.problems,
            cache=cache,
            threads=self.threads,
            step=progress(name, len(paths)),
        )
        for batch in batches:
            side.add(batch, keep=set(self.metrics) != {"fid"})
        if side.survey.pictures < 2:
            example = f" ({side.problems.shown[0][0]}: {side.problems.shown[0][1]})" if side.problems.count else ""
            seen = "1 picture" if side.survey.pictures == 1 else "0 pictures"
            raise InputError(
                f"{folder} holds {seen} that can be read; {side.problems.count} could not be{example}.",
                fix="Give at least two pictures; published figures use 10,000 to 50,000.",
                code="too_few_pictures",
            )
        return side

    def _listed(self, folder: Path, problems: Problems) -> list[str]:
        paths = list(files(folder, problems))
        if 0 < self.most < len(paths):
            chosen = np.random.default_rng(self.seed).choice(len(paths), self.most, replace=False)
            paths = [paths[index] for index in sorted(chosen)]
        return paths

    def _figures(self, real: Side, fake: Side) -> Figures:
        computed: Figures = {"fid": _distance(real, fake)} if "fid" in self.metrics else {}
        if set(self.metrics) != {"fid"}:
            sets = Sets(
                real.features(), fake.features(), real.classes, fake.classes, self.network, self.convention, self.seed
            )
            for name in dict.fromkeys(self.metrics):
                if name != "fid":
                    computed |= FIGURES[name](sets)
        return computed


def _distance(real: Side, fake: Side) -> float:
    """From the features where they are fewer than dimensions, which is quicker; else from the moments."""
    if real.rows and fake.rows and min(real.survey.pictures, fake.survey.pictures) <= real.rows[0].shape[1]:
        return frechet_of(real.features(), fake.features())
    return frechet(real.gaussian(), fake.gaussian())


def _describe(side: Side) -> dict[str, Any]:
    if side.given is not None:
        return {"pictures": side.given.count, "statistics": True}
    problems = [{"path": path, "what": what} for path, what in side.problems.shown[:10]]
    return {**side.survey.to_dict(), "left_out": side.problems.count, "problems": problems}
