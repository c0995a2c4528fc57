"""The adversarial losses: what the two networks minimise, given the logits that the discriminator gave.

A logit is higher for pictures taken for real. All losses are means over the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

AdversarialLoss = Literal["vanilla", "least_square", "hinge", "wasserstein", "multi_hinge"]
ADVERSARIAL_LOSSES: tuple[AdversarialLoss, ...] = get_args(AdversarialLoss)


@dataclass(frozen=True, slots=True)
class Objective:
    """`discriminator(real, fake)` and `generator(fake)` turn logits `(n,)` into the scalars to be minimised."""

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


OBJECTIVES: dict[str, Objective] = {
    # Goodfellow et al. 2014, the generator's half in its non-saturating form; StyleGAN calls it logistic
    "vanilla": Objective(
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(), lambda f: softplus(-f).mean()
    ),
    # Mao et al. 2017, targets 1 and 0
    "least_square": Objective(
        lambda real, fake: ((real - 1).square().mean() + fake.square().mean()) / 2,
        lambda fake: (fake - 1).square().mean() / 2,
    ),
    # Lim and Ye 2017 (geometric GAN)
    "hinge": Objective(lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(), lambda fake: -fake.mean()),
    # Arjovsky et al. 2017
    "wasserstein": Objective(lambda real, fake: fake.mean() - real.mean(), lambda fake: -fake.mean()),
}
"""The losses on one logit a picture; the multi-hinge loss needs one a class, and its label."""


def multi_hinge(logits: Tensor, labels: Tensor) -> Tensor:
    """Crammer and Singer's hinge over classes: mean of relu(1 + best wrong logit - right logit).

    Kavalerov et al. 2021 (MHGAN) give the discriminator K + 1 classes, of which the last is "fake": `(n, k + 1)` logits
    and `(n,)` labels.
    """
    right = logits.gather(1, labels[:, None])[:, 0]
    wrong = logits.scatter(1, labels[:, None], -torch.inf).amax(1)
    return relu(1 + wrong - right).mean()


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """Mean absolute difference of the two batches' mean features `(n, c)`; the real side is held still."""
    return (fake.mean(0) - real.detach().mean(0)).abs().mean()


def best(logits: Tensor, count: int) -> Tensor:
    """The `count` highest of `(n,)` logits: the pictures that the generator of top-k training learns from.

    Sinha et al. 2020: the worst samples pull the generator to where there is no data.
    """
    return logits.topk(min(count, len(logits))).values


def count_of_best(epoch: int, batch: int, decay: float, least: float) -> int:
    """How many samples count in an epoch: all in the first, `decay` of that in each next, never under `least` of all.

    >>> [count_of_best(epoch, 64, 0.99, 0.5) for epoch in (0, 10, 1000)]
    [64, 57, 32]
    """
    return int(max(batch * decay**epoch, int(least * batch)))
