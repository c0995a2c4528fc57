"""Looking into a trained generator: ways between its pictures, what changes them most, what they were learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fauxto.errors import InputError
from fauxto.generate.gan import latents
from fauxto.generate.gan.interpolate import lerp, slerp
from fauxto.generate.gan.neighbours import nearest
from fauxto.generate.gan.run_folder import Trained, to_uint8
from fauxto.generate.gan.sefa import directions, entry_weights, walk
from fauxto.generate.gan.still import Still

POOL = 1024
"""Real pictures that are compared at once."""

Features = Callable[[Tensor], Tensor]


def ways(trained: Trained, rows: int, steps: int, seed: int = 0) -> np.ndarray:
    """uint8 `(rows, steps, h, w, 3)`: from one picture to another of the same class, one way a row.

    Styles go straight, normal latents along the great circle, uniform ones straight; codes stay those of the start.
    """
    _check(rows, steps)
    starts, labels = _drawn(trained, rows, seed)
    ends, _ = _drawn(trained, rows, seed + 1)
    size = trained.generator.latent_size
    ends = torch.cat([ends[:, :size], starts[:, size:]], 1)
    if trained.pair.architecture.styled:
        styles = [trained.generator.styles(end, labels) for end in (starts, ends)]
        return _rows(trained, lerp(styles[0], styles[1], steps).transpose(0, 1), None)
    between = lerp if trained.pair.recipe.prior == "uniform" else slerp
    moved = between(starts[:, :size], ends[:, :size], steps).transpose(0, 1)
    return _rows(trained, torch.cat([moved, starts[:, None, size:].expand(-1, steps, -1)], 2), labels)


def along_directions(trained: Trained, rows: int, steps: int, seed: int = 0, reach: float = 3.0) -> np.ndarray:
    """uint8 `(rows, steps, h, w, 3)`: one picture moved by up to `reach` both ways along SeFa's first directions.

    Of a StyleGAN the styles of all layers are moved, else the latent; the directions come from the weights alone.
    """
    _check(rows, steps)
    start, label = _drawn(trained, 1, seed)
    found = directions(entry_weights(trained.generator), rows).to(start)
    if trained.pair.architecture.styled:
        styles = trained.generator.styles(start, label)[0]
        moved = torch.stack([styles + walk(torch.zeros_like(way), way, reach, steps)[:, None] for way in found])
        return _rows(trained, moved, None)
    size = trained.generator.latent_size
    ways_ = torch.stack([walk(start[0, :size], way, reach, steps) for way in found])
    codes = start[0, size:].expand(len(found), steps, -1)
    return _rows(trained, torch.cat([ways_, codes], 2), None if label is None else label.expand(len(found)))


def beside_the_learned(
    trained: Trained, pool: np.ndarray, rows: int, k: int, seed: int = 0, *, features: Features | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """uint8 `(rows, 1 + k, h, w, 3)`: a picture, then the k of `pool` nearest to it; and distances `(rows, k)`.

    `pool` is uint8 `(n, h, w, 3)`, gone through in parts; nearest by pixels, or by `features` of `(b, 3, h, w)` in
    [0, 255]. A distance of nearly 0 is a picture learned by heart.
    """
    _check(rows, k)
    drawn, labels = _drawn(trained, rows, seed)
    with torch.no_grad():
        made = to_uint8(Still(trained.generator)(drawn, labels).float())
    asked, which, distance = _tensor(made), torch.empty(rows, 0, dtype=torch.int64), torch.empty(rows, 0)
    for first in range(0, len(pool), POOL):
        found = nearest(asked, _tensor(pool[first : first + POOL]), k, features=features)
        distance = torch.cat([distance, found.distance], 1)
        which = torch.cat([which, found.which + first], 1)
        distance, order = distance.sort(dim=1, stable=True)
        which, distance = which.gather(1, order)[:, :k], distance[:, :k]
    sheet = np.concatenate([made[:, None], np.asarray(pool)[which.numpy()]], 1)
    return sheet, distance.numpy()


def sheet_of(pictures: np.ndarray) -> np.ndarray:
    """uint8 `(rows, columns, h, w, 3)` as one picture."""
    rows, columns, height, width, _ = pictures.shape
    return pictures.swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def _check(rows: int, steps: int) -> None:
    if rows < 1 or steps < 1:
        raise InputError(f"A sheet of {rows} x {steps} pictures is empty.", fix="Give at least one row and column.")


def _drawn(trained: Trained, count: int, seed: int) -> tuple[Tensor, Tensor | None]:
    """Latents and the labels that the generator is told, both on its device."""
    recipe, device = trained.pair.recipe, next(trained.generator.parameters()).device
    random = torch.Generator().manual_seed(seed)
    told = len(trained.classes) if recipe.generator_conditioning != "none" else 0
    drawn = latents.draw(trained.generator, count, random, classes=told, prior=recipe.prior)
    return drawn.latents.to(device), None if drawn.labels is None else drawn.labels.to(device)


def _rows(trained: Trained, inputs: Tensor, labels: Tensor | None) -> np.ndarray:
    """Latents `(rows, steps, size)` or styles `(rows, steps, layers, size)` as pictures, a row at a time."""
    still: Any = Still(trained.generator)
    paint = still.of_styles if inputs.ndim == 4 else still
    made = []
    for row, places in enumerate(inputs):
        told = () if labels is None else (labels[row].expand(len(places)),)
        with torch.no_grad():
            made.append(to_uint8(paint(places, *told).float()))
    return np.stack(made)


def _tensor(pixels: np.ndarray) -> Tensor:
    """uint8 `(n, h, w, 3)` to float32 `(n, 3, h, w)` in [0, 255]."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float()
