"""Directions of the latent space that change pictures most, from weights alone (SeFa; Shen and Zhou, CVPR 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def directions(weights: Sequence[Tensor], count: int) -> Tensor:
    """The `count` unit vectors `(count, inputs)` that the matrices `(outputs, inputs)` together stretch most.

    Right singular vectors of the stacked matrices, the most stretched first; the sign makes the largest part positive.
    """
    stacked = torch.cat([weight.detach().double() for weight in weights])
    vectors = torch.linalg.svd(stacked, full_matrices=False).Vh[:count]
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return (vectors * largest.sign()).float()


def entry_weights(generator: Any, layers: Sequence[int] | None = None) -> list[Tensor]:
    """The matrices that first see the latent, one column a number of it; for a style generator, of the style.

    `layers` chooses which affine maps of a style generator count, all by default. Other generators have one matrix;
    numbers of the latent that it does not see (BigGAN's later parts) get columns of zeros.
    """
    if hasattr(generator, "synthesis"):
        own = [module.weight for name, module in generator.synthesis.named_modules() if name.endswith("affine")]
        return own if layers is None else [own[layer] for layer in layers]
    if hasattr(generator, "first"):  # FastGAN
        return [generator.first[0].weight.flatten(1).T]
    weight, conditions = generator.start.weight, generator.conditions
    in_front = conditions.norm_width if weight.shape[1] == conditions.norm_width + conditions.latent_width else 0
    weight = weight[:, in_front : in_front + generator.latent_size]
    weight = functional.pad(weight, (0, generator.latent_size - weight.shape[1]))
    if conditions.mix is not None:
        weight = weight @ conditions.mix.weight[:, : generator.latent_size]
    return [weight]


def walk(latent: Tensor, direction: Tensor, reach: float, steps: int) -> Tensor:
    """`(steps, size)` from `latent - reach direction` to `latent + reach direction`, both ends included."""
    return latent + torch.linspace(-reach, reach, steps)[:, None].to(latent) * direction
