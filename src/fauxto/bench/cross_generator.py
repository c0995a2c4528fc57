"""Cross-generator: train on one thing, test on another; every contender on equal terms, with a control beside it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Literal

from fauxto import __version__
from fauxto.bench.cache import Cache
from fauxto.bench.contender import Contender, Lessons, ready
from fauxto.bench.evaluate import MATCHED, check_settings, evaluate
from fauxto.bench.folds import (
    Column,
    Fold,
    leave_generators_out,
    leave_sources_out,
    matrix,
    overlap,
    unique_paths,
)
from fauxto.bench.table import Row, Table
from fauxto.catalog import Card, Input
from fauxto.data.audit import Audit, audit
from fauxto.data.manifest import Sample
from fauxto.errors import ContractError, InputError
from fauxto.learn.fit import Plan

CARD = Card(
    slug="cross-generator",
    kinds=("benchmark",),
    title="Cross-generator and cross-source generalisation",
    venue="fauxto",
    year=2026,
    idea="Train every detector on the same pictures with equal budgets; test it on generators or sources left out.",
    input=Input(size=None, crop="whatever each detector reads"),
    output="a table: AUC, AP, accuracies raw and format-matched, the header probe, images/s, GMAC, parameters",
    claim="Accuracy on the generator trained on says little about accuracy on another one.",
    choices=("Budgets are equal in crops seen, not in steps or seconds.",),
    fails_on=("generators with fewer than 20 pictures, which are trained on only",),
)

Mode = Literal["matrix", "leave-generator-out", "leave-source-out"]
Progress = Callable[[str, int], Callable[[], object]]
"""`progress(what, total)` starts a bar and gives the function that moves it by one."""


def silent(what: str, total: int) -> Callable[[], object]:
    """No bar at all."""
    return lambda: None


@dataclass(frozen=True)
class CrossGenerator:
    """The protocol.

    `crops` is what each training shows, `plan` how (its `steps` and `batch_size` follow from `crops` and each recipe).
    `by` names the column that tells generators (and held-out reals) apart; `held_out_reals` are never trained on;
    `together` leaves several generators out in one run. `most` caps each class of a test set (0 = all). `first` runs so
    many folds and no more (0 = all): a later run of all of them finds what this one did.
    """

    card: ClassVar[Card] = CARD
    mode: Mode = "leave-generator-out"
    by: Column = "generator"
    held_out_reals: Collection[str] = ()
    together: Sequence[Collection[str]] = ()
    crops: int = 8000
    plan: Plan = field(default_factory=lambda: Plan(crop=96, precision="32-true"))
    seeds: tuple[int, ...] = (0,)
    patches: int = 4
    most: int = 0
    first: int = 0
    matched: str = MATCHED
    conditions: tuple[str, ...] = ("",)

    def folds(self, samples: Sequence[Sample]) -> list[Fold]:
        """Who is trained on what. Errors: ContractError if a picture's relative lay on both sides."""
        match self.mode:
            case "matrix":
                found = matrix(samples, self.by, held_out_reals=self.held_out_reals, most=self.most)
            case "leave-generator-out":
                found = leave_generators_out(
                    samples, self.by, held_out_reals=self.held_out_reals, together=self.together, most=self.most
                )
            case "leave-source-out":
                found = leave_sources_out(samples, "source" if self.by == "generator" else self.by, most=self.most)
            case _:
                raise InputError(f"There is no mode {self.mode!r}.", fix="Use one of matrix, leave-generator-out, ...")
        for fold in found:
            if len({sample.label for sample in fold.train}) < 2:
                raise InputError(
                    f"{fold.trained_on}: nothing real, or nothing generated, is left to train on.",
                    fix="Leave fewer generators or sources out at once.",
                )
            if shared := overlap(fold):
                raise ContractError(f"{fold.trained_on}: {shared} groups are on both sides.", fix="Report this fault.")
        return found

    def run(
        self,
        detectors: Sequence[Contender],
        samples: Sequence[Sample],
        work: str | Path,
        *,
        progress: Progress = silent,
    ) -> Table:
        """Train, score and measure; what `work` holds of an earlier run is not done again.

        The leak audit comes first. Errors: InputError for a manifest without generators, without reals, or not read.
        """
        check_settings(self)
        work = Path(work)
        folds = self.folds(samples)
        found = audit(samples, near=False, step=progress("audit", len(samples)))
        lessons = Lessons(unique_paths(folds), work, self.patches)
        rows: list[Row] = []
        means: list[Row] = []
        folds = folds[: self.first or None]
        step = progress("train and score", len(folds) * len(self.seeds) * len(detectors))
        with Cache(work / "scores.sqlite") as cache:
            for fold in folds:
                for seed in self.seeds:
                    trained = {}
                    for contender in detectors:
                        plan = replace(self.plan, seed=seed)
                        trained[contender.name] = ready(
                            contender, lessons, fold.train, plan, crops=self.crops, folder=work / "runs"
                        )
                        step()
                    outcome = evaluate(
                        trained,
                        fold.tests,
                        cache,
                        trained_on=fold.trained_on,
                        matched=self.matched,
                        conditions=self.conditions,
                        seed=seed,
                    )
                    rows += outcome.rows
                    means += outcome.means
        return Table(self._title(), self.matched, rows, means, facts(self, detectors, samples, found))

    def _title(self) -> str:
        return f"cross-generator, {self.mode}, by {self.by}"


def facts(
    protocol: Any, detectors: Sequence[Contender], samples: Sequence[Sample], found: Audit | None
) -> dict[str, Any]:
    """How a table came about: settings, pictures, the audit's figures, versions and machine."""
    settings = {key: value for key, value in vars(protocol).items() if key != "plan"}
    plan = asdict(protocol.plan)
    named = {one.name: str(one.weights or "trained here") for one in detectors}
    told: dict[str, Any] = {
        "pictures": {"real": sum(not s.label for s in samples), "fake": sum(bool(s.label) for s in samples)},
        "detectors": named,
        "settings": {k: list(map(_plain, v)) if isinstance(v, tuple | list | set) else v for k, v in settings.items()},
        "training": {k: plan[k] for k in ("crop", "precision", "laundering", "warmup", "learning_rate")},
        "machine": f"fauxto {__version__}, torch {version('torch')}, {platform.machine()}, {os.cpu_count()} cores",
    }
    if found is not None:
        told["leak audit (AUC of probes on the raw files)"] = {row.name: row.auc for row in found.probes}
        told["unread"] = found.unread
    return told


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple | set | frozenset) else value
