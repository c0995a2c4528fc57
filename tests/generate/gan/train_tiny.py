"""A tiny run with everything that has a state: `python -m tests.generate.gan.train_tiny OUT` (to be killed)."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from fauxto.generate.gan.fit import Fitted, Plan, fit
from fauxto.generate.gan.recipe import Augmentation, Average, Recipe, Regularizers
from fauxto.generate.gan.recipes import RECIPES
from tests.generate.gan.tiny import colours, tiny

STEPS = 6
RECIPE: Recipe = replace(
    tiny(RECIPES["stylegan2"]),
    augmentation=Augmentation(kind="ada", pseudo=True, kilo_images=0.05, interval=1, start=0.2),
    regularizers=Regularizers(r1=0.1, flat_every=2, flat_apart=True, path_length=1.0, lecam=0.1, lecam_start=1),
    average=Average(half_life=0.02),
)


def run(out: Path) -> Fitted:
    """Six steps with a checkpoint after each; a line is printed when it lies there."""

    def told(done: int, of: int) -> None:
        print(f"step {done}/{of} begun", flush=True)

    return fit(RECIPE, colours(), out, Plan(steps=STEPS, save_every=1, grid=4), step=told)


if __name__ == "__main__":
    torch.set_num_threads(1)
    run(Path(sys.argv[1]))
