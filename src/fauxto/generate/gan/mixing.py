"""Judging mixtures (AdaptiveMix, Liu et al., CVPR 2023): the features of a mixed picture are to be the mixed features.

So the region that the pictures take up among the discriminator's features shrinks while it learns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy

from fauxto.errors import InputError
from fauxto.generate.gan.interface import Judgement

NOISE = 0.05
"""Standard deviation of what is added to the mixed features before they are aimed at."""


class Mixture(NamedTuple):
    """Which share of each of n pictures stays, one number for all, and the picture `(n,)` that the rest comes from."""

    share: Tensor
    partners: Tensor

    @classmethod
    def draw(cls, count: int, device: torch.device, alpha: float = 1.0) -> Mixture:
        """A share from Beta(alpha, alpha), and partners by a random permutation."""
        share = torch.distributions.Beta(alpha, alpha).sample() if alpha != 1 else torch.rand(())
        return cls(share.to(device), torch.randperm(count, device=device))

    def of(self, values: Tensor) -> Tensor:
        """`(n, ...)` mixed: share v + (1 - share) v[partners]."""
        return self.share * values + (1 - self.share) * values[self.partners]


def aimed_at(mixed: Tensor, noise: float = NOISE) -> Tensor:
    """Mixed features as a goal: with a little noise, and held still."""
    return (mixed + noise * torch.randn_like(mixed)).detach()


def away(features: Tensor, goal: Tensor) -> Tensor:
    """Minus the cosine of features `(n, ...)` and their goals, a mean over the batch: -1 where they agree."""
    return -cosine_similarity(features.flatten(1), goal.flatten(1)).mean()


def mixed_cross_entropy(logits: Tensor, labels: Tensor, mixture: Mixture) -> Tensor:
    """Cross-entropy of mixtures' logits `(n, classes)`, mixed as the pictures are (mixup, ICLR 2018)."""
    first, second = cross_entropy(logits, labels), cross_entropy(logits, labels[mixture.partners])
    return mixture.share * first + (1 - mixture.share) * second


class MixedDiscriminator(nn.Module):
    """A discriminator that says of a batch the sum of two logits a picture, and how far its features are from mixing.

    E, the blocks of its body, sees the pictures and their mixture: `mixed = share E(x) + (1 - share) E(x[partners])`
    and `E(share x + (1 - share) x[partners])` each get a logit by what lies above E; `Judgement.penalty` is `weight`
    times `away`. E(x[partners]) is E(x)[partners], so the pictures pass once. In evaluation nothing is mixed: twice the
    logit of the picture itself. The given discriminator is used up: its blocks move here.

    Errors: InputError for one that reads labels or codes.
    """

    def __init__(self, discriminator: Any, *, noise: float = NOISE, weight: float = 1.0) -> None:
        super().__init__()
        if discriminator.conditioning.method != "none" or discriminator.codes is not None:
            raise InputError(
                "A mixture of two pictures has no one label, and no one code.",
                fix="Mix in an unconditional recipe without codes.",
            )
        self.blocks, discriminator.body.blocks = discriminator.body.blocks, nn.ModuleList()
        self.rest, self.noise, self.weight = discriminator, noise, weight
        self.resolution, self.classes = discriminator.resolution, discriminator.classes
        self.conditioning, self.codes = discriminator.conditioning, discriminator.codes

    @property
    def body(self) -> MixedDiscriminator:
        """Whose `blocks` freezeD counts."""
        return self

    def embed(self, images: Tensor) -> Tensor:
        """E: pictures to the last map of the blocks."""
        for block in self.blocks:
            images = block(images)
        return images

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Judgement:
        """See the class; `features` are those above the mixed ones."""
        if not self.training:
            plain: Judgement = self.rest(self.embed(images))
            return plain._replace(adversarial=2 * plain.adversarial)
        mixture = Mixture.draw(len(images), images.device)
        easy, hard = mixture.of(self.embed(images)), self.embed(mixture.of(images))
        said: Judgement = self.rest(easy)
        return said._replace(
            adversarial=said.adversarial + self.rest(hard).adversarial,
            penalty=self.weight * away(hard, aimed_at(easy, self.noise)),
        )
