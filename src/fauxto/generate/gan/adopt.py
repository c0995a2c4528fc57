"""A generator that StudioGAN published, as the folder of a run: sampled, explored and evaluated like one of ours."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fauxto.data.picture_set import PictureSet
from fauxto.errors import InputError, PolicyError
from fauxto.generate.gan.networks import make
from fauxto.generate.gan.recipe import Recipe
from fauxto.generate.gan.run_folder import RunFolder
from fauxto.generate.gan.studiogan_layout import load_studiogan

STEP = re.compile(r"step=(\d+)")


def adopt(recipe: Recipe, weights: str | Path, folder: str | Path, classes: Sequence[str] = ()) -> RunFolder:
    """Write `folder/generator.safetensors` from `model=G_ema-best-weights-step=N.pth` and its like.

    The recipe is that of the checkpoint's own configuration, `classes` are the names of its classes in their order.
    Errors: InputError for a recipe and classes that do not go together; WeightError when a tensor is missing, left over
    or of another shape; PolicyError when the folder holds a generator already.
    """
    files, weights = RunFolder(Path(folder)), Path(weights)
    if files.generator.exists() or files.last.exists():
        raise PolicyError(f"{folder} holds a run already.", fix="Give another --out.")
    if recipe.conditional != (len(classes) > 1):
        what, fix = (
            ("has classes", "say how many, or their names: --classes 10")
            if recipe.conditional
            else ("has no classes", "leave --classes out")
        )
        raise InputError(f"The recipe {what}, and {len(classes)} were given.", fix=f"{fix[0].upper()}{fix[1:]}.")
    pair = make(recipe, len(classes))
    load_studiogan(pair.generator, weights)
    files.path.mkdir(parents=True, exist_ok=True)
    side = recipe.resolution
    key = hashlib.sha256(weights.read_bytes()).hexdigest()[:16]
    none = PictureSet(np.empty((0, side, side, 3), np.uint8), np.empty(0, np.int64), tuple(classes), key)
    found = STEP.search(weights.name)
    step = int(found[1]) if found else 0
    files.save_generator(files.generator, pair.generator, recipe, none, step, published=weights.name)
    return files
