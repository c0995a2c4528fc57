"""A GAN in training: what its recipe says, a step at a time, from any checkpoint on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from fauxto.data.picture_set import PictureSet
from fauxto.generate.gan.batches import Batches
from fauxto.generate.gan.ema import WeightAverage, ramped_decay
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.plan import Plan
from fauxto.generate.gan.recipe import Recipe
from fauxto.generate.gan.table import Table
from fauxto.generate.gan.turns import discriminator_turn, flat_turn, generator_turn, only, path_turn
from fauxto.generate.gan.weight_bounds import clip_weights
from fauxto.learn.resume import average_gradients
from fauxto.learn.schedule import make_optimizer


class Training:
    """The GAN of a recipe: networks, optimizers and all that goes with them, on the device of one process."""

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
    def number(self) -> int:
        """Steps that are done."""
        return self.table.step

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
        """The last losses and logits, averaged over the processes; pictures seen, and the augmentation's strength."""
        means = {
            name: self.fabric.all_reduce(value.float(), reduce_op="mean") for name, value in self.table.notes.items()
        }
        counts = {"pictures": self.table.pictures_seen, "p": self.table.controller.p}
        return {name: round(float(value), 6) for name, value in means.items()} | counts

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

    def unsound(self) -> list[str]:
        """The losses that are no numbers any more, else the networks whose weights are none."""
        bad = [name for name, value in self.table.notes.items() if not bool(value.isfinite())]
        if not bad:
            for name, network in (("generator", self.pair.generator), ("discriminator", self.pair.discriminator)):
                finite = torch.stack([value.isfinite().all() for value in network.parameters()])
                bad += [] if bool(finite.all()) else [f"weights of the {name}"]
        return bad

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
