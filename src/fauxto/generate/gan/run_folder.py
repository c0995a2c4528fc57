"""The folder of a run: checkpoint, generators, log, grids of pictures; every file appears whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fauxto import __version__
from fauxto.data.picture_set import PictureSet
from fauxto.errors import InputError, WeightError
from fauxto.generate.gan.networks import Pair, make
from fauxto.generate.gan.recipe import Recipe, from_dict
from fauxto.learn.checkpoint import load_strict, load_tensors, metadata_of, save
from fauxto.learn.resume import open_state, whole_or_not
from fauxto.provenance.mark import labelled_png

COLUMNS = (
    "step", "pictures", "seconds", "discriminator", "generator", "class_loss", "real_logit", "fake_logit", "p", "score",
)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A generator out of a run, in evaluation mode; `pair` holds it beside a discriminator.

    That one has learned nothing unless it was `judged`: then it is the one of the run's last checkpoint.
    """

    pair: Pair
    step: int
    classes: tuple[str, ...]
    sha256: str
    data: str
    judged: bool = False

    @property
    def generator(self) -> Any:
        """The generator."""
        return self.pair.generator


class RunFolder:
    """`last.ckpt` to go on from, `generator.safetensors`, `best.safetensors`, `log.csv` and grids in `samples/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last, self.log_file = path / "last.ckpt", path / "log.csv"
        self.generator, self.best = path / "generator.safetensors", path / "best.safetensors"
        self._board: Any = None

    def begin(self, recipe: Recipe, pictures: PictureSet, step: int) -> None:
        """Make the folder; of an earlier log the rows up to `step` stay."""
        self.path.mkdir(parents=True, exist_ok=True)
        rows = []
        if self.log_file.exists():
            with self.log_file.open(newline="") as file:
                rows = [
                    row for row in csv.DictReader(file) if row.get("step", "").isdigit() and int(row["step"]) <= step
                ]
        partial = self.log_file.with_suffix(".partial")
        with whole_or_not(self.log_file, partial):
            with partial.open("w", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
                writer.writeheader()
                writer.writerows(rows)
            partial.replace(self.log_file)
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415

            self._board = SummaryWriter(str(self.path / "tensorboard"), purge_step=step)

    def log(self, row: Mapping[str, Any]) -> None:
        """Append a row; to TensorBoard too, where it is installed."""
        with (
            whole_or_not(self.log_file, self.log_file.with_suffix(".partial")),
            self.log_file.open("a", newline="") as file,
        ):
            csv.DictWriter(file, COLUMNS, extrasaction="ignore").writerow(dict(row))
        if self._board is not None:
            for name, value in row.items():
                self._board.add_scalar(name, value, row["step"])
            self._board.flush()

    def save_generator(
        self, path: Path, generator: nn.Module, recipe: Recipe, pictures: PictureSet, step: int, **more: object
    ) -> None:
        """Write a generator with all that is needed to make it again."""
        told = {"recipe": recipe.to_dict(), "classes": list(pictures.classes), "step": step, "data": pictures.key}
        with whole_or_not(path, path.with_suffix(".safetensors.partial")):
            save(path, generator.state_dict(), system="studiogan", fauxto=__version__, **told, **more)

    def load(self, *, best: bool = False, judge: bool = False) -> Trained:
        """The generator of the last step, or the best one; with `judge` the last discriminator beside it.

        Errors: WeightError when there is none that fits; InputError for a judge of another step than the generator's.
        """
        trained = load_generator(self.best if best else self.generator)
        if not judge:
            return trained
        if not self.last.exists():
            raise WeightError(
                f"There is no last.ckpt in {self.path}, and only that holds the discriminator.",
                fix="Give the folder of a run, or do without.",
            )
        saved = open_state(self.last, {})
        if saved.get("step") != trained.step or "discriminator" not in saved:
            raise InputError(
                f"{self.last} holds no discriminator of step {trained.step}, the generator's.",
                fix="Use the last generator of a run of `fauxto generate train`, not the best one.",
            )
        load_strict(trained.pair.discriminator, saved["discriminator"], self.last)
        trained.pair.discriminator.eval().requires_grad_(False)
        return replace(trained, judged=True)

    def grid(self, pair: Pair, generator: Any, count: int, step: int) -> None:
        """The same latents at every step, as one labelled picture."""
        pictures = drawn_again(pair, generator, count)
        path = self.path / "samples" / f"step-{step:07d}.png"
        path.parent.mkdir(exist_ok=True)
        with whole_or_not(path, path.with_suffix(".partial")):
            path.with_suffix(".partial").write_bytes(labelled_png(tiled(to_uint8(pictures)), "fauxto studiogan"))
            path.with_suffix(".partial").replace(path)


def load_generator(path: Path) -> Trained:
    """A generator that `save_generator` wrote. Errors: WeightError."""
    tensors, told = load_tensors(path), metadata_of(path)
    try:
        recipe, classes = from_dict(told["recipe"]), tuple(told["classes"])
        pair = make(recipe, len(classes))
    except (KeyError, TypeError) as error:
        raise WeightError(
            f"{path} does not say which recipe made it.", fix="Give a run of `fauxto generate train`."
        ) from error
    load_strict(pair.generator, tensors, path)
    pair.generator.eval().requires_grad_(False)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Trained(pair, int(told["step"]), classes, digest, str(told.get("data", "")))


@torch.no_grad()
def drawn_again(pair: Pair, generator: Any, count: int) -> Tensor:
    """`count` pictures of a generator from seed 0, on the CPU; classes in turn."""
    training = generator.training
    generator.eval()
    draw = pair.draw(count, torch.Generator().manual_seed(0))
    labels = None if draw.labels is None else torch.arange(count) % pair.classes
    device = next(generator.parameters()).device
    told = labels.to(device) if labels is not None and pair.recipe.generator_conditioning != "none" else None
    parts = [
        generator(latents.to(device), None if told is None else told[start : start + 64]).float().cpu()
        for start, latents in zip(range(0, count, 64), draw.latents.split(64), strict=True)
    ]
    generator.train(training)
    return torch.cat(parts)


def to_uint8(pictures: Tensor) -> np.ndarray:
    """`(n, 3, h, w)` in [-1, 1] to uint8 `(n, h, w, 3)`, rounded to nearest, what lies beyond clipped."""
    return pictures.add(1).mul(127.5).add(0.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def tiled(pictures: np.ndarray) -> np.ndarray:
    """uint8 `(n, h, w, 3)` as one picture, in rows of about the square root of n; what is left over is black."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    full = np.zeros((rows * columns, *pictures.shape[1:]), np.uint8)
    full[: len(pictures)] = pictures
    height, width = pictures.shape[1:3]
    return full.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)
