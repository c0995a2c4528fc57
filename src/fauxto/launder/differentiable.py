"""Differentiable twins of operators, for attacks and training that look through a history. Torch is imported here
and in the two files that this one uses, nowhere else in this room.

A twin takes float32 `(N, 3, H, W)` in [0, 1] and does what its operator does to the 8-bit picture; rounding passes the
gradient straight through (Bengio et al., 2013). JPEG, tone, crops and borders give the operator's own values;
resizing, blur and noise are within one grey level, in at most one value of fifty (tests).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.launder.chain import Step, parse, rng_of
from fauxto.launder.differentiable_jpeg import jpeg, jpeg_with
from fauxto.launder.filters import gaussian
from fauxto.launder.jpeg_tables import tables_of
from fauxto.launder.operators import OPERATORS
from fauxto.launder.rounding import eight_bit, half_up

__all__ = ["TWINS", "apply", "eight_bit", "jpeg"]


def apply(images: Tensor, chain: str, seed: int = 0) -> Tensor:
    """The pictures `(N, 3, H, W)` in [0, 1] after a chain; every picture of the batch with the same random draws.

    With the same seed, noise and windows are those that `launder.apply` draws. Errors: InputError for a step that has
    no twin.
    """
    for index, step in enumerate(parse(chain)):
        if step.operator not in TWINS:
            raise InputError(
                f"The step {step.operator} has no differentiable twin.", fix=f"Choose among: {', '.join(TWINS)}."
            )
        images = TWINS[step.operator](images, rng_of(seed, index), step)
    return images


def resize(images: Tensor, width: int, height: int, kernel: str) -> Tensor:
    """Pillow's resize: columns first, rounded, then rows."""
    old_height, old_width = images.shape[-2:]
    if width != old_width:
        images = half_up(images @ _matrix(old_width, width, kernel).to(images).T)
    if height != old_height:
        images = half_up(_matrix(old_height, height, kernel).to(images) @ images)
    return images


def blur(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur as `filters.blur`, edges mirrored with the edge pixel repeated."""
    if sigma < 0.1:
        return images
    weights = torch.from_numpy(gaussian(sigma)).to(images)
    radius = len(weights) // 2
    for axis in (2, 3):
        places = torch.from_numpy(np.pad(np.arange(images.shape[axis]), radius, mode="symmetric"))
        padded = images.index_select(axis, places.to(images.device))
        shape = (1, 1, -1, 1) if axis == 2 else (1, 1, 1, -1)
        kernel = weights.view(shape).expand(3, 1, -1, -1) if axis == 3 else weights.view(shape).repeat(3, 1, 1, 1)
        images = functional.conv2d(padded, kernel, groups=3)
    return eight_bit(images)


def _tone(change: Callable[[Tensor, float], Tensor]) -> Callable[[Tensor, np.random.Generator, Step], Tensor]:
    """A twin whose values are looked up in the operator's own table and whose gradient is that of `change`."""

    def twin(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
        levels = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
        table = torch.from_numpy(np.asarray(OPERATORS[step.operator].run(levels, rng, **step.values))[0, :, 0])
        (value,) = step.values.values()
        soft = change(images, float(value)).clamp(0, 1)
        found = table.to(images)[(images.detach().clamp(0, 1) * 255).round().long()] / 255
        return soft + (found - soft).detach()

    return twin


def _resize(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    factor, kernel = float(step.values["factor"]), str(step.values["kernel"])
    height, width = images.shape[-2:]
    return resize(images, max(1, round(width * factor)), max(1, round(height * factor)), kernel)


def _resize_back(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    height, width = images.shape[-2:]
    return resize(_resize(images, rng, step), width, height, str(step.values["kernel"]))


def _fit(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    height, width = images.shape[-2:]
    factor = int(step.values["long_edge"]) / max(height, width)
    if factor >= 1:
        return images
    return resize(images, max(1, round(width * factor)), max(1, round(height * factor)), str(step.values["kernel"]))


def _to(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    return resize(images, int(step.values["width"]), int(step.values["height"]), str(step.values["kernel"]))


def _slices(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    """Crop, window and shift: the operator itself says which rows and columns stay, on a picture of places."""
    height, width = images.shape[-2:]
    rows, columns = np.mgrid[:height, :width]
    places = np.stack([rows // 256, rows % 256, columns // 256], axis=-1).astype(np.uint8)
    state = rng.bit_generator.state
    kept = np.asarray(OPERATORS[step.operator].run(places, rng, **step.values))
    rng.bit_generator.state = state
    places[..., 2] = columns % 256
    low = np.asarray(OPERATORS[step.operator].run(places, rng, **step.values))
    y = int(kept[0, 0, 0]) * 256 + int(kept[0, 0, 1])
    x = int(kept[0, 0, 2]) * 256 + int(low[0, 0, 2])
    return images[..., y : y + kept.shape[0], x : x + kept.shape[1]]


def _pad(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    share, fill = float(step.values["share"]), str(step.values["fill"])
    height, width = images.shape[-2:]
    border = max(1, round(share * min(height, width))) if share else 0
    if fill == "mirror":
        for axis in (2, 3):
            places = torch.from_numpy(np.pad(np.arange(images.shape[axis]), border, mode="symmetric"))
            images = images.index_select(axis, places.to(images.device))
        return images
    value = {"black": 0.0, "white": 1.0, "grey": 127 / 255}[fill]
    return functional.pad(images, (border, border, border, border), value=value)


def _noise(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    grain = rng.standard_normal((*images.shape[-2:], 3), dtype=np.float32)
    drawn = torch.from_numpy(grain).permute(2, 0, 1).to(images)
    return eight_bit(images + drawn * (float(step.values["std"]) / 255))


def _jpeg(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    return jpeg(images, int(step.values["quality"]), str(step.values["subsampling"]))


def _jpeg_tables(images: Tensor, rng: np.random.Generator, step: Step) -> Tensor:
    return jpeg_with(tables_of(str(step.values["tables"])), images, str(step.values["subsampling"]))


def _gamma(images: Tensor, value: float) -> Tensor:
    return images.clamp(min=1e-6) ** value  # the slope of a power below 1 has no bound at black


TWINS: dict[str, Callable[[Tensor, np.random.Generator, Step], Tensor]] = {
    "none": lambda images, rng, step: images,
    "png": lambda images, rng, step: eight_bit(images),
    "jpeg": _jpeg,
    "jpeg_tables": _jpeg_tables,
    "resize": _resize,
    "resize_back": _resize_back,
    "fit": _fit,
    "to": _to,
    "crop": _slices,
    "window": _slices,
    "shift": _slices,
    "pad": _pad,
    "flip": lambda images, rng, step: images.flip(-1),
    "blur": lambda images, rng, step: blur(images, float(step.values["sigma"])),
    "noise": _noise,
    "gamma": _tone(_gamma),
    "contrast": _tone(lambda images, value: 0.5 + value * (images - 0.5)),
    "brightness": _tone(lambda images, value: value * images),
}
"""The twin of each operator that has one: `(images, generator, step)` to images."""


@lru_cache(maxsize=64)
def _matrix(old: int, new: int, kernel: str) -> Tensor:
    """The weights of Pillow's resampling of a row of `old` pixels to `new`, float64 `(new, old)`; rows sum to 1."""
    weights = np.zeros((new, old))
    scale = old / new
    for i in range(new):
        centre = (i + 0.5) * scale
        if kernel == "nearest":
            weights[i, min(int(centre), old - 1)] = 1
            continue
        shape, reach = _SHAPES[kernel]
        wide = max(scale, 1.0)
        low = max(int(centre - reach * wide + 0.5), 0)
        high = min(int(centre + reach * wide + 0.5), old)
        row = np.array([shape((x - centre + 0.5) / wide) for x in range(low, high)])
        weights[i, low:high] = row / row.sum()
    return torch.from_numpy(weights)


def _box(x: float) -> float:
    return float(-0.5 < x <= 0.5)


def _triangle(x: float) -> float:
    return max(0.0, 1 - abs(x))


def _cubic(x: float, a: float = -0.5) -> float:
    x = abs(x)
    if x < 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return (((x - 5) * x + 8) * x - 4) * a if x < 2 else 0.0


def _lanczos(x: float) -> float:
    if x == 0:
        return 1.0
    return 3 * math.sin(math.pi * x) * math.sin(math.pi * x / 3) / (math.pi * x) ** 2 if abs(x) < 3 else 0.0


_SHAPES: dict[str, tuple[Callable[[float], float], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}
