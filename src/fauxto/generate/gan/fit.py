"""The one training loop of all GANs, on Lightning Fabric: resumable to the bit, on one device or several."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from fauxto.data.picture_set import PictureSet
from fauxto.errors import FauxtoError, InputError
from fauxto.generate.gan.batches import Batches
from fauxto.generate.gan.ema import WeightAverage, ramped_decay
from fauxto.generate.gan.interface import Generator
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipe import Recipe
from fauxto.generate.gan.run_folder import RunFolder
from fauxto.generate.gan.turns import Table, discriminator_turn, flat_turn, generator_turn, only, path_turn
from fauxto.generate.gan.weight_bounds import clip_weights
from fauxto.learn.resume import average_gradients, make_fabric, open_state, save_state
from fauxto.learn.schedule import make_optimizer

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a recipe is run here: nothing in it changes what the recipe is.

    `steps` None is the recipe's own number. Every `save_every` steps a checkpoint, a row of the log and a grid of
    pictures are written, and `evaluate`, where one is given, is asked every `evaluate_every`.
    """

    steps: int | None = None
    seed: int = 0
    precision: str = "32-true"
    devices: int = 1
    save_every: int = 2000
    evaluate_every: int = 2000
    grid: int = 64


@dataclass(frozen=True, slots=True)
class Fitted:
    """How a run went; `RunFolder(folder).load()` has the generator.

    `seconds` and `rate`, real pictures a second through the loop, are those of the last uninterrupted part; `best` is
    the lowest evaluation.
    """

    step: int
    seconds: float
    rate: float
    best: float | None = None
    best_step: int | None = None


def fit(
    recipe: Recipe,
    pictures: PictureSet,
    folder: str | Path,
    plan: Plan | None = None,
    *,
    evaluate: Callable[[Generator], float] | None = None,
    step: Callable[[int, int], object] | None = None,
) -> Fitted:
    """Train a GAN; the same call on the same folder goes on where it stopped and ends with the same bits on a CPU.

    `evaluate(generator)` gives a number that is better when lower, as FID; the best generator is kept beside the last
    one. `step(done, of)` is called after each step of a run on one device. Errors: InputError for a recipe that is
    illegal or does not fit the data; PolicyError when the folder holds another run; FauxtoError with code "diverged"
    when a loss or a weight is no number any more: the last good checkpoint stays.
    """
    plan = plan or Plan()
    _check(recipe, pictures, plan)
    if plan.devices > 1:
        make(recipe, len(pictures.classes), plan.seed)  # what cannot be made is refused before any process starts
    files = RunFolder(Path(folder))
    open_state(files.last, _run(recipe, pictures, plan))
    fabric = make_fabric(plan.devices, plan.precision)
    job = partial(
        _train,
        recipe=recipe,
        pictures=pictures,
        plan=plan,
        files=files,
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
    evaluate: Callable[[Generator], float] | None,
    told: Callable[[int, int], object] | None,
) -> dict[str, Any]:
    """All steps that are not done yet; runs once in each process."""
    run = _run(recipe, pictures, plan)
    saved = open_state(files.last, run)
    play = Training(fabric, recipe, pictures, plan, saved)
    steps, table = plan.steps or recipe.optimization.steps, play.table
    best, best_step = saved.get("best"), saved.get("best_step")
    started, first = time.perf_counter(), table.step
    if fabric.is_global_zero:
        files.begin(recipe, pictures, table.step)
    while table.step < steps:
        play.step()
        if told is not None:
            told(table.step, steps)
        last = table.step == steps
        if not (last or table.step % plan.save_every == 0 or (evaluate and table.step % plan.evaluate_every == 0)):
            continue
        play.require_finite(files)
        row = {"step": table.step, "pictures": table.pictures_seen, **play.notes(), "p": table.controller.p}
        with torch.random.fork_rng(devices=[fabric.device] if fabric.device.type == "cuda" else []):
            torch.manual_seed(0)  # StyleGAN2's noise, too, is the same in every grid
            if evaluate and (last or table.step % plan.evaluate_every == 0) and fabric.is_global_zero:
                row["score"] = found = float(evaluate(play.drawn_from))
                if best is None or found < best:
                    best, best_step = found, table.step
                    files.save_generator(files.best, play.drawn_from, recipe, pictures, table.step, score=found)
            if fabric.is_global_zero:
                files.save_generator(files.generator, play.drawn_from, recipe, pictures, table.step)
                files.grid(play.pair, play.drawn_from, plan.grid, table.step)
                files.log(row | {"seconds": round(time.perf_counter() - started, 2)})
        save_state(fabric, files.last, {"run": run, "best": best, "best_step": best_step, **play.state()})
    seconds = time.perf_counter() - started
    optimization = recipe.optimization
    each = optimization.batch * optimization.accumulate * optimization.discriminator_steps
    rate = (table.step - first) * each / seconds if table.step > first else 0.0
    return {"step": table.step, "seconds": seconds, "rate": rate, "best": best, "best_step": best_step}


class Training:
    """The networks, their optimizers and all that goes with them, on the device of one process."""

    def __init__(self, fabric: Fabric, recipe: Recipe, pictures: PictureSet, plan: Plan, saved: dict[str, Any]) -> None:
        self.fabric, self.recipe, self.plan = fabric, recipe, plan
        pair = make(recipe, len(pictures.classes), plan.seed)
        self.pair = pair
        for network in (pair.generator, pair.discriminator):
            network.train().to(fabric.device, memory_format=torch.channels_last)
        self.table = table = Table.of(pair)
        table.device = fabric.device
        table.lecam.to(fabric.device)
        table.path.to(fabric.device)
        average = recipe.average
        self.average = None
        if average.used:
            buffers = not pair.architecture.styled
            self.average = WeightAverage(pair.generator, average.decay or 0.0, average.start, average_buffers=buffers)
        self.learners = pair.learners
        self.optimizers = self._optimizers()
        self.batches = Batches(
            pictures,
            recipe.optimization.batch,
            plan.seed,
            mirror=recipe.augmentation.mirror,
            rank=fabric.global_rank,
            world=fabric.world_size,
        )
        if saved:
            self._restore(saved)

    @property
    def drawn_from(self) -> Any:
        """The generator that pictures are drawn from."""
        return self.pair.generator if self.average is None else self.average.network

    def step(self) -> None:
        """One step of the generator, and as many of the discriminator as the recipe says, before it or after."""
        # all that is random in step k depends on the seed, k, and the process
        torch.manual_seed(self.plan.seed * 1_000_003 + self.table.step + self.fabric.global_rank * 2**40)
        how = self.recipe.optimization
        turns = [self._discriminator, self._generator]
        for turn in turns if how.discriminator_first else turns[::-1]:
            turn()
        self.table.step += 1
        self._agree()
        self.table.controller.adjust(self.table.step)
        if self.average is not None:
            average, seen = self.recipe.average, how.batch * how.accumulate
            decay = None
            if average.half_life is not None:
                decay = ramped_decay(seen, self.table.step, average.half_life * 1000, average.rampup)
            self.average.update(self.pair.generator, self.table.step, decay)

    def notes(self) -> dict[str, float]:
        """The last losses and logits, averaged over the processes."""
        means = {
            name: self.fabric.all_reduce(value.float(), reduce_op="mean") for name, value in self.table.notes.items()
        }
        return {name: round(float(value), 6) for name, value in means.items()}

    def state(self) -> dict[str, Any]:
        """What a resumed run needs to go on as if nothing had happened."""
        table = self.table
        return {
            "step": table.step,
            "pictures_seen": table.pictures_seen,
            "controller": asdict(table.controller),
            "lecam": table.lecam.state_dict(),
            "path": table.path.state_dict(),
            "generator": self.pair.generator.state_dict(),
            "discriminator": self.pair.discriminator.state_dict(),
            "average": None if self.average is None else self.average.network.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
        }

    def require_finite(self, files: RunFolder) -> None:
        """Errors: FauxtoError with code "diverged" when a loss or a weight is no number."""
        bad = [name for name, value in self.table.notes.items() if not bool(value.isfinite())]
        if not bad:
            for name, network in (("generator", self.pair.generator), ("discriminator", self.pair.discriminator)):
                finite = torch.stack([value.isfinite().all() for value in network.parameters()])
                bad += [] if bool(finite.all()) else [f"weights of the {name}"]
        if bad:
            kept = f"{files.last} keeps an earlier step" if files.last.exists() else "no checkpoint had been written"
            raise FauxtoError(
                f"Training diverged by step {self.table.step}: {', '.join(bad)} not finite; {kept}.",
                fix="Lower the learning rates, add R1 or spectral norm, or use another seed; into another --out.",
                code="diverged",
            )

    def _restore(self, saved: dict[str, Any]) -> None:
        table = self.table
        table.step, table.pictures_seen = saved["step"], saved["pictures_seen"]
        for name, value in saved["controller"].items():
            setattr(table.controller, name, value)
        table.lecam.load_state_dict(saved["lecam"])
        table.path.load_state_dict(saved["path"])
        self.pair.generator.load_state_dict(saved["generator"])
        self.pair.discriminator.load_state_dict(saved["discriminator"])
        if self.average is not None:
            self.average.network.load_state_dict(saved["average"])
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)

    def _optimizers(self) -> list[Any]:
        """One each; slower by what a lazy regularizer adds in steps (Karras et al. 2020, StyleGAN2, appendix B)."""
        how, regularizers = self.recipe.optimization, self.recipe.regularizers
        lazy = (regularizers.path_every, regularizers.flat_every) if self.pair.architecture.styled else (1, 1)
        made = []
        for parameters, rate, decay, every in zip(
            self.learners,
            (how.generator_rate, how.discriminator_rate),
            (how.generator_decay, how.discriminator_decay),
            lazy,
            strict=True,
        ):
            share = every / (every + 1) if every > 1 else 1.0
            settings = {
                "optimizer": how.optimizer,
                "weight_decay": decay,
                "betas": (how.beta1**share, how.beta2**share),
                "eps": how.epsilon,
                "momentum": how.momentum,
                "fused": True,  # one pass over all weights, on CPUs too
            }
            optimizer = make_optimizer(nn.ParameterList(parameters), settings, rate * share)
            made.append(self.fabric.setup_optimizers(optimizer))
        return made

    def _discriminator(self) -> None:
        how, table = self.recipe.optimization, self.table
        regularizers = self.recipe.regularizers
        with only(self.learners[1], self.pair.generator, self.pair.discriminator):
            for turn in range(table.step * how.discriminator_steps, (table.step + 1) * how.discriminator_steps):
                for part in range(how.accumulate):
                    real, labels = self._real(turn * how.accumulate + part)
                    with self.fabric.autocast():
                        loss = discriminator_turn(table, real, labels, table.drawn(len(real)), turn)
                    self.fabric.backward(loss / how.accumulate)
                self._move(1)
                table.notes["discriminator"] = loss.detach()
                if (
                    regularizers.flat_apart
                    and (regularizers.r1 or regularizers.r2)
                    and turn % regularizers.flat_every == 0
                ):
                    self.fabric.backward(flat_turn(table, real, labels, table.drawn(len(real))))
                    self._move(1)

    def _generator(self) -> None:
        how, regularizers, table = self.recipe.optimization, self.recipe.regularizers, self.table
        own = how.batch // self.fabric.world_size
        table.epoch = self.batches.epoch(table.step * how.discriminator_steps * how.accumulate)
        with only(self.learners[0], self.pair.generator, self.pair.discriminator):
            for turn in range(table.step * how.generator_steps, (table.step + 1) * how.generator_steps):
                for part in range(how.accumulate):
                    real, labels = None, None
                    if regularizers.feature_matching:
                        real, labels = self._real((turn * how.accumulate + part) * 2 + 2**32, counted=False)
                    with self.fabric.autocast():
                        loss = generator_turn(table, table.drawn(own), real, labels)
                    self.fabric.backward(loss / how.accumulate)
                self._move(0)
                table.notes["generator"] = loss.detach()
                if regularizers.path_length and turn % regularizers.path_every == 0:
                    self.fabric.backward(path_turn(table, table.drawn(max(1, own // 2))))
                    self._move(0)

    def _agree(self) -> None:
        """Tell the controller what all processes saw, and give them the same moving averages."""
        table = self.table
        if self.fabric.world_size > 1:
            for average in (table.lecam.real, table.lecam.fake, table.path.mean):
                average.copy_(self.fabric.all_reduce(average, reduce_op="mean"))
        if table.judged:
            signs: Any = self.fabric.all_reduce(table.signs.float(), reduce_op="sum")
            table.controller.see(float(signs), table.judged * self.fabric.world_size)
            table.signs, table.judged = torch.zeros(()), 0

    def _real(self, number: int, *, counted: bool = True) -> tuple[Tensor, Tensor | None]:
        if counted:
            self.table.pictures_seen += self.recipe.optimization.batch
        pictures, labels = self.batches.take(number, self.fabric.device)
        return pictures, labels if self.recipe.conditional else None

    def _move(self, player: int) -> None:
        """A step of one optimizer on gradients that are the mean over the processes; then they are forgotten."""
        parameters, optimizer = self.learners[player], self.optimizers[player]
        average_gradients(self.fabric, parameters)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if player == 1 and self.recipe.regularizers.clip:
            clip_weights(self.pair.discriminator, self.recipe.regularizers.clip)


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
    if min(plan.steps or 1, plan.save_every, plan.evaluate_every) < 1:
        raise InputError("Steps and intervals are at least 1.", fix="Correct --steps and --save-every.")


def _run(recipe: Recipe, pictures: PictureSet, plan: Plan) -> dict[str, Any]:
    """What decides the result of a run; how long it goes and how often it is looked at do not."""
    settled = {"seed": plan.seed, "precision": plan.precision, "devices": plan.devices}
    return {"system": "gan", "data": pictures.key, **settled, **recipe.to_dict()}
