"""The GANs of AdaptiveMix' claim: perceptrons on handwritten digits that mix, or do something like it.

Plain, with mixing, with plain mixup, and with mixing towards goals of other samples.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, normalize

from fauxto.claims.experiment import seeded
from fauxto.claims.handwritten import TRAIN, handwritten
from fauxto.generate.gan.adversarial import OBJECTIVES
from fauxto.generate.gan.interface import Conditioning, Judgement
from fauxto.generate.gan.loop import play
from fauxto.generate.gan.mixing import MixedDiscriminator, Mixture, aimed_at, away
from fauxto.generate.gan.turns import only
from fauxto.nn.perceptron import perceptron
from fauxto.score.generative.frechet import frechet_of

STEPS, BATCH, RATE, LATENT, HIDDEN = 800, 64, 5e-4, 32, 128
LOOKS, EVERY = 8, 25
"""How many evaluations at the end of a run, and how many steps apart, make its FID and its unrest."""

BASE, MIXING, MIXUP, ASTRAY = ARMS = ("no mixing", "AdaptiveMix", "plain mixup", "goals of others")


class Mixup(MixedDiscriminator):
    """Says of mixtures what it says of pictures, and asks for nothing."""

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Judgement:
        """One logit a mixture."""
        mixture = Mixture.draw(len(images), images.device)
        said: Judgement = self.rest(self.embed(mixture.of(images)))
        return said


class Astray(MixedDiscriminator):
    """AdaptiveMix but for the goals, which are those of other pictures of the batch."""

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Judgement:
        """As AdaptiveMix's."""
        mixture = Mixture.draw(len(images), images.device)
        easy, hard = mixture.of(self.embed(images)), self.embed(mixture.of(images))
        said: Judgement = self.rest(easy)
        other = easy[torch.randperm(len(easy))]
        return said._replace(
            adversarial=said.adversarial + self.rest(hard).adversarial, penalty=away(hard, aimed_at(other))
        )


WRAPPED: dict[str, type[MixedDiscriminator]] = {MIXING: MixedDiscriminator, MIXUP: Mixup, ASTRAY: Astray}


class Judge(nn.Module):
    """Samples `(n, 64)` to one logit: two hidden layers as blocks, and a linear one above."""

    resolution, classes, codes, conditioning = 8, 0, None, Conditioning()

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Module()
        widths = (64, HIDDEN), (HIDDEN, HIDDEN)
        self.body.blocks = nn.ModuleList(nn.Sequential(nn.Linear(a, b), nn.LeakyReLU(0.2)) for a, b in widths)
        self.logit = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Judgement:
        """See the class."""
        for block in self.body.blocks:  # type: ignore[union-attr]
            x = block(x)
        return Judgement(self.logit(x)[:, 0], x)


class Game:
    """One arm in training: a turn of the discriminator, then one of the generator."""

    def __init__(self, arm: str, seed: int) -> None:
        self.generator = seeded(lambda: perceptron(LATENT, HIDDEN, HIDDEN, 64, last=nn.Tanh()), seed)
        judge = seeded(Judge, seed)
        self.discriminator = WRAPPED[arm](judge) if arm in WRAPPED else judge
        self.samples, self.seed, self.number = handwritten().samples[:TRAIN], seed, 0
        self.optimizers = [
            torch.optim.Adam(network.parameters(), RATE, betas=(0.5, 0.999), fused=True)
            for network in (self.discriminator, self.generator)
        ]
        self.losses = torch.zeros(2)

    def step(self) -> None:
        """See the class; real samples and latents are the same in all arms."""
        torch.manual_seed(self.seed * 1_000_003 + self.number)
        real = self.samples[torch.randint(TRAIN, (BATCH,))]
        latents = torch.randn(BATCH, LATENT)
        networks = self.discriminator, self.generator
        losses = []
        for network, optimizer in zip(networks, self.optimizers, strict=True):
            with only(list(network.parameters()), *networks):
                fake = self.discriminator(self.generator(latents))
                if network is self.generator:
                    loss = OBJECTIVES["vanilla"].generator(fake.adversarial)
                    said = [fake]
                else:
                    said = [self.discriminator(real), fake]
                    loss = OBJECTIVES["vanilla"].discriminator(said[0].adversarial, fake.adversarial)
                loss = loss + sum(part.penalty for part in said if part.penalty is not None)
                loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        self.number, self.losses = self.number + 1, torch.stack(losses)

    def unsound(self) -> list[str]:
        """The losses that are no numbers."""
        return [] if bool(self.losses.isfinite().all()) else ["losses"]

    @torch.no_grad()
    def embed(self, samples: Tensor) -> Tensor:
        """The discriminator's features, `(n, 128)`."""
        for block in self.discriminator.body.blocks:  # type: ignore[union-attr]
            samples = block(samples)
        return samples

    @torch.no_grad()
    def drawn(self) -> Tensor:
        """As many samples as there are unseen ones, always of the same latents."""
        count = len(handwritten().samples) - TRAIN
        made: Tensor = self.generator(torch.randn(count, LATENT, generator=torch.Generator().manual_seed(0)))
        return made


def measured(arm: str, seed: int) -> dict[str, float]:
    """FID and its unrest over the last evaluations, and the discriminator's features, of one run."""
    game, world, found = Game(arm, seed), handwritten(), []
    real = world.read(world.samples[TRAIN:]).features
    first = STEPS - (LOOKS - 1) * EVERY

    def look() -> None:
        found.append(frechet_of(real, world.read(game.drawn()).features))

    play(game, STEPS, due=lambda step: step >= first and (STEPS - step) % EVERY == 0, look=look)
    return {
        "FID": round(float(np.mean(found)), 4),
        "unrest": round(float(np.std(found, ddof=1)), 4),
        "cosine": round(straightness(game), 4),
        "scatter": round(scatter(game), 4),
    }


def straightness(game: Game) -> float:
    """Mean cosine of E(x / 2 + y / 2) to (E(x) + E(y)) / 2 over unseen digits and their neighbours in the list."""
    unseen = handwritten().samples[TRAIN:]
    mixture = Mixture(torch.tensor(0.5), torch.arange(len(unseen)).roll(1))
    return float(cosine_similarity(game.embed(mixture.of(unseen)), mixture.of(game.embed(unseen))).mean())


def scatter(game: Game) -> float:
    """Mean distance of the features of two unseen digits of a class, each of unit length."""
    world = handwritten()
    unit, labels = normalize(game.embed(world.samples[TRAIN:])), torch.from_numpy(world.labels[TRAIN:])
    return float(np.mean([torch.pdist(unit[labels == k]).mean() for k in range(10)]))
