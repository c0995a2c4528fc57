"""What a generator is fed: latents from their prior, codes, labels; truncated at will, the same for the same seed."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from fauxto.errors import InputError
from fauxto.generate.gan.interface import Codes, Generator

Prior = Literal["normal", "uniform"]


class Draw(NamedTuple):
    """One batch of input: `generator(draw.latents, draw.labels)`; the codes are part of the latents."""

    latents: Tensor
    """`(n, latent_size + codes.width)`."""
    labels: Tensor | None
    """`(n,)` int64, None where there are no classes."""
    discrete: Tensor | None
    """`(n, codes.discrete)` int64, the targets of CodeGuess.logits."""
    continuous: Tensor | None
    """`(n, codes.continuous)` in [-1, 1], the targets of CodeGuess.mean."""


def draw(
    generator: Generator,
    count: int,
    random: torch.Generator | None = None,
    *,
    labels: Tensor | None = None,
    classes: int | None = None,
    prior: Prior = "normal",
    truncation: float | None = None,
) -> Draw:
    """`count` latents with codes, and labels from all classes alike unless they are given.

    `classes` overrides the generator's, where only the discriminator is conditional. `random` must live on the CPU, so
    that the same seed gives the same pictures everywhere; with None torch's default one is used. `truncation` as in
    `truncated_normal`.
    """
    size, codes = generator.latent_size, generator.codes
    if prior == "uniform":
        latents = 2 * torch.rand(count, size, generator=random) - 1
    elif truncation is None:
        latents = torch.randn(count, size, generator=random)
    else:
        latents = truncated_normal(count, size, truncation, random)
    classes = generator.classes if classes is None else classes
    if labels is None and classes:
        labels = torch.randint(classes, (count,), generator=random)
    discrete = continuous = None
    if codes is not None:
        discrete, continuous, appended = draw_codes(codes, count, random)
        latents = torch.cat([latents, appended], 1)
    return Draw(latents, labels, discrete, continuous)


def draw_codes(
    codes: Codes, count: int, random: torch.Generator | None = None
) -> tuple[Tensor | None, Tensor | None, Tensor]:
    """Discrete codes, continuous codes, and both as they are appended to a latent, `(count, codes.width)`."""
    discrete = continuous = None
    appended = []
    if codes.discrete:
        discrete = torch.randint(codes.values, (count, codes.discrete), generator=random)
        appended.append(functional.one_hot(discrete, codes.values).flatten(1).float())
    if codes.continuous:
        continuous = 2 * torch.rand(count, codes.continuous, generator=random) - 1
        appended.append(continuous)
    return discrete, continuous, torch.cat(appended, 1)


def truncated_normal(count: int, size: int, threshold: float, random: torch.Generator | None = None) -> Tensor:
    """Standard normal numbers, those beyond +-`threshold` drawn anew (BigGAN's truncation), `(count, size)`.

    By the inverse distribution function in float64, so every number costs one draw. Errors: InputError for a threshold
    that is not positive.
    """
    check_threshold(threshold)
    normal = torch.distributions.Normal(0.0, 1.0)
    low = normal.cdf(torch.tensor(-threshold, dtype=torch.float64))
    uniform = low + (1 - 2 * low) * torch.rand(count, size, generator=random, dtype=torch.float64)
    return normal.icdf(uniform).clamp(-threshold, threshold).float()


def check_threshold(threshold: float) -> None:
    """Errors: InputError for a bound of normal latents that is not positive."""
    if not threshold > 0:
        raise InputError(f"A truncation threshold is positive; got {threshold}.", fix="Give, say, 0.5, or none at all.")
