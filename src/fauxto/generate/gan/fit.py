"""A recorded run of a GAN, on Lightning Fabric: resumable to the bit, on one device or several."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric

from fauxto.data.picture_set import PictureSet
from fauxto.errors import InputError
from fauxto.generate.gan.interface import Generator
from fauxto.generate.gan.loop import Game, play
from fauxto.generate.gan.networks import Pair, make
from fauxto.generate.gan.plan import Fitted, Plan
from fauxto.generate.gan.recipe import Recipe
from fauxto.generate.gan.run_folder import RunFolder
from fauxto.generate.gan.training import Training
from fauxto.learn.resume import make_fabric, open_state, save_state

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


class RecordedGame(Game, Protocol):
    """A game whose generator is drawn from, and which can be left and gone on with."""

    @property
    def pair(self) -> Pair:
        """The networks, and how latents are drawn."""
        ...

    @property
    def drawn_from(self) -> Any:
        """The generator that pictures are drawn from: the average, where there is one."""
        ...

    def notes(self) -> dict[str, float]:
        """What the log says of the last step, under the names of `run_folder.COLUMNS`."""
        ...

    def state(self) -> dict[str, Any]:
        """What a resumed run needs to go on as if nothing had happened."""
        ...


Start = Callable[[Fabric, Recipe, PictureSet, Plan, dict[str, Any]], RecordedGame]
"""Makes a game, as its `state` was when it was left; from the beginning where that is empty."""


def fit(
    recipe: Recipe,
    pictures: PictureSet,
    folder: str | Path,
    plan: Plan | None = None,
    *,
    evaluate: Callable[[Generator], float] | None = None,
    step: Callable[[int, int], object] | None = None,
    start: Start = Training,
    settled: Mapping[str, Any] | None = None,
) -> Fitted:
    """Train a GAN; the same call on the same folder goes on where it stopped and ends with the same bits on a CPU.

    `evaluate(generator)` gives a number that is better when lower, as FID; the best generator is kept beside the last
    one. `step(done, of)` is called after each step of a run on one device. A system with losses of its own gives the
    `start` of its game, and in `settled` the plain values that decide the result beside recipe, pictures and plan.
    Errors: InputError for a recipe that is illegal or does not fit the data; PolicyError when the folder holds another
    run; FauxtoError with code "diverged" when a loss or a weight is no number any more: the last good checkpoint stays.
    """
    plan = plan or Plan()
    _check(recipe, pictures, plan)
    if plan.devices > 1:
        make(recipe, len(pictures.classes), plan.seed)  # what cannot be made is refused before any process starts
    files = RunFolder(Path(folder))
    run = _run(recipe, pictures, plan) | dict(settled or {})
    open_state(files.last, run)
    fabric = make_fabric(plan.devices, plan.precision)
    job = partial(
        _train,
        recipe=recipe,
        pictures=pictures,
        plan=plan,
        files=files,
        run=run,
        start=start,
        evaluate=evaluate,
        told=None if plan.devices > 1 else step,
    )
    done = job(fabric) if plan.devices == 1 else fabric.launch(job)
    return Fitted(**done)


def _train(
    fabric: Fabric,
    *,
    recipe: Recipe,
    pictures: PictureSet,
    plan: Plan,
    files: RunFolder,
    run: dict[str, Any],
    start: Start,
    evaluate: Callable[[Generator], float] | None,
    told: Callable[[int, int], object] | None,
) -> dict[str, Any]:
    """All steps that are not done yet; runs once in each process."""
    saved = open_state(files.last, run)
    game = start(fabric, recipe, pictures, plan, saved)
    steps = recipe.optimization.steps if plan.steps is None else plan.steps
    record = _Record(fabric, game, recipe, pictures, plan, files, run, steps, evaluate)
    record.best, record.best_step = saved.get("best"), saved.get("best_step")
    first = game.number
    if fabric.is_global_zero:
        files.begin(recipe, pictures, first)
    play(game, steps, due=record.due, look=record.write, told=told, checkpoint=files.last)
    how = recipe.optimization
    seen = (game.number - first) * how.batch * how.accumulate * how.discriminator_steps
    return {
        "step": game.number,
        "seconds": record.seconds,
        "rate": seen / record.seconds,
        "best": record.best,
        "best_step": record.best_step,
    }


@dataclass
class _Record:
    """What a run leaves in its folder: log, grids, generators, checkpoint."""

    fabric: Fabric
    game: RecordedGame
    recipe: Recipe
    pictures: PictureSet
    plan: Plan
    files: RunFolder
    run: dict[str, Any]
    steps: int
    evaluate: Callable[[Generator], float] | None
    best: float | None = None
    best_step: int | None = None

    def __post_init__(self) -> None:
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since this part of the run began."""
        return time.perf_counter() - self.started

    def judges(self, step: int) -> bool:
        """Whether the generator is evaluated after a step."""
        return self.evaluate is not None and (step == self.steps or step % self.plan.evaluate_every == 0)

    def due(self, step: int) -> bool:
        """Whether anything is written after a step."""
        return step % self.plan.save_every == 0 or self.judges(step)

    def write(self) -> None:
        """All of it; the game's random state is left as it was."""
        game, files, step = self.game, self.files, self.game.number
        row = {"step": step, **game.notes()}
        with torch.random.fork_rng(devices=[self.fabric.device] if self.fabric.device.type == "cuda" else []):
            torch.manual_seed(0)  # StyleGAN2's noise, too, is the same in every grid
            if self.evaluate is not None and self.judges(step) and self.fabric.is_global_zero:
                row["score"] = found = float(self.evaluate(game.drawn_from))
                if self.best is None or found < self.best:
                    self.best, self.best_step = found, step
                    files.save_generator(files.best, game.drawn_from, self.recipe, self.pictures, step, score=found)
            if self.fabric.is_global_zero:
                files.save_generator(files.generator, game.drawn_from, self.recipe, self.pictures, step)
                files.grid(game.pair, game.drawn_from, self.plan.grid, step)
                files.log(row | {"seconds": round(self.seconds, 2)})
        kept = {"run": self.run, "best": self.best, "best_step": self.best_step}
        save_state(self.fabric, files.last, kept | game.state())


def _check(recipe: Recipe, pictures: PictureSet, plan: Plan) -> None:
    """Errors: InputError when plan, recipe and data do not fit each other."""
    how = recipe.optimization
    if pictures.pixels.shape[1] != recipe.resolution:
        raise InputError(
            f"The recipe makes pictures of {recipe.resolution} pixels, the data have {pictures.pixels.shape[1]}.",
            fix="Build the set at the recipe's resolution.",
        )
    if len(pictures) < how.batch:
        raise InputError(
            f"There are {len(pictures)} pictures, fewer than one batch of {how.batch}.",
            fix="Add pictures, or use a smaller --batch-size.",
        )
    if how.batch % plan.devices or how.batch // plan.devices < 2:
        raise InputError(
            f"A batch of {how.batch} cannot be split over {plan.devices} devices with two pictures each at least.",
            fix="Use a --batch-size that is a multiple of the devices.",
        )
    if plan.precision not in PRECISIONS:
        raise InputError(f"There is no precision {plan.precision!r}.", fix=f"Use one of {', '.join(PRECISIONS)}.")
    if plan.seed < 0:
        raise InputError(f"A seed is 0 or more; got {plan.seed}.", fix="Correct --seed.")
    if min(1 if plan.steps is None else plan.steps, plan.save_every, plan.evaluate_every) < 1:
        raise InputError("Steps and intervals are at least 1.", fix="Correct --steps and --save-every.")


def _run(recipe: Recipe, pictures: PictureSet, plan: Plan) -> dict[str, Any]:
    """What decides the result of a run; how long it goes and how often it is looked at do not."""
    settled = {"seed": plan.seed, "precision": plan.precision, "devices": plan.devices}
    return {"system": "gan", "data": pictures.key, **settled, **recipe.to_dict()}
