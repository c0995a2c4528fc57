"""The GANs of HP-GAN's claim: one generator, judged from raw pixels or through frozen networks, on few digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from fauxto.claims.digit_networks import pictures_of, trained
from fauxto.claims.experiment import seeded
from fauxto.claims.handwritten import TRAIN, handwritten
from fauxto.generate.gan.diffaugment import diffaugment
from fauxto.generate.gan.loop import play
from fauxto.generate.gan.networks import Pair, make
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.turns import only
from fauxto.generate.hp_gan import HINGE, Judges, Weighing
from fauxto.nn.dcgan import ConvDiscriminator
from fauxto.nn.fastgan import FastGAN
from fauxto.nn.spectral_norm import spectrally_normalise
from fauxto.score.generative.frechet import frechet_of
from fauxto.score.generative.manifold import manifold

FEW, WIDTH, LATENT, BATCH, RATE = 200, 8, 32, 32, 1e-3
"""Digits to learn from, few as in the sheet's setting for FakeTwins; the width of the projection; and the training."""

STEPS = 200

RECIPE = replace(
    RECIPES["fastgan"], resolution=32, latent_size=LATENT, generator={"width": 1}, discriminator={"width": 1}
)
RAW, BASE, AGREED, BOTH, TWICE = ARMS = (
    "raw pixels",
    "projected",
    "with consistency",
    "HP-GAN",
    "HP-GAN, one view twice",
)
WEIGHING = {
    BASE: Weighing(consistency=0.0, twins=0.0),
    AGREED: Weighing(twins=0.0),
    BOTH: Weighing(),
    TWICE: Weighing(),
}


class OneViewTwice(Judges):
    """HP-GAN but for FakeTwins' views, which are one picture without augmentation: only redundancy is left of it."""

    def views(self, latents: Tensor, fake: Tensor, drawn: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The same embedding twice."""
        self.discriminator.cutout, kept = 0.0, self.discriminator.cutout
        view = self.discriminator.embedding(fake)
        self.discriminator.cutout = kept
        return view, view


class RawPixels:
    """The control: DCGAN's discriminator of pixels, with the same loss and the same augmentation."""

    def __init__(self, pair: Pair, seed: int) -> None:
        self.generator, self.cutout = pair.generator.train(), pair.recipe.augmentation.cutout
        network = seeded(lambda: ConvDiscriminator(dim=32, halvings=1), seed)
        spectrally_normalise(network)
        self.heads = network.train()

    def judged(self, real: Tensor, latents: Tensor) -> Tensor:
        """What the discriminator minimises."""
        with torch.no_grad():
            fake = self.generator(latents)
        return HINGE.discriminator(*(self.heads(diffaugment(pictures, self.cutout)) for pictures in (real, fake)))

    def pleased(self, latents: Tensor) -> Tensor:
        """What the generator minimises."""
        return HINGE.generator(self.heads(diffaugment(self.generator(latents), self.cutout)))


class Game:
    """One arm in training: a turn of the generator a step, then one of the discriminator."""

    def __init__(self, arm: str, seed: int) -> None:
        self.judges: Judges | RawPixels
        if arm == RAW:
            self.judges = RawPixels(pair_of(seed), seed)
            own, heads = list(self.judges.generator.parameters()), self.judges.heads
        else:
            kind = OneViewTwice if arm == TWICE else Judges
            self.judges = kind(pair_of(seed), trained(), WEIGHING[arm], width=WIDTH, seed=seed)
            own = [*self.judges.generator.parameters(), *self.judges.projector.parameters()]
            heads = self.judges.discriminator.heads
        self.heads, self.learners = heads, (own, list(heads.parameters()))
        self.optimizers = [torch.optim.Adam(group, RATE, betas=(0.0, 0.99), fused=True) for group in self.learners]
        order = np.random.default_rng(seed).permutation(TRAIN)[:FEW]
        self.data, self.seed = pictures_of(handwritten().samples[order]), seed
        self.number, self.losses = 0, torch.zeros(2)

    def step(self) -> None:
        """See the class; digits and latents are the same in all arms."""
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + self.number)
        torch.manual_seed(self.number)
        real = self.data[torch.randint(FEW, (BATCH,), generator=random)]
        losses = []
        for moving, optimizer in zip(self.learners, self.optimizers, strict=True):
            latents = torch.randn(BATCH, LATENT, generator=random)
            with only(moving, self.judges.generator, self.heads):
                first = optimizer is self.optimizers[0]
                loss = self.judges.pleased(latents) if first else self.judges.judged(real, latents)
                loss.backward()
            optimizer.step()
            for group in self.optimizers:
                group.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        self.number, self.losses = self.number + 1, torch.stack(losses)

    def unsound(self) -> list[str]:
        """The losses that are no numbers."""
        return [] if bool(self.losses.isfinite().all()) else ["losses"]


def measured(arm: str, seed: int) -> dict[str, float]:
    """FID, precision and coverage of one arm; where two networks judge, how far they are apart, and how far spread."""
    game, world = Game(arm, seed), handwritten()
    play(game, STEPS, due=lambda step: step % 50 == 0)
    unseen = world.samples[TRAIN:]
    latents = torch.randn(len(unseen), LATENT, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        made = game.judges.generator.eval()(latents).mean(1).flatten(1).clamp(-1, 1)
    real, fake = world.read(unseen).features, world.read(made).features
    shape = manifold(real, fake)
    found = {"FID": frechet_of(real, fake), "precision": shape.precision, "coverage": shape.coverage}
    if isinstance(game.judges, Judges):
        found |= {"quarrel": quarrel(game.judges, pictures_of(unseen)), "spread": spread(game.judges, unseen)}
    return {name: round(value, 4) for name, value in found.items()}


def said(judges: Judges, images: Tensor) -> list[Tensor]:
    """The mean logits of each network for pictures as they are, `(n,)` each."""
    network = judges.discriminator.eval()
    network.cutout, kept = 0.0, network.cutout
    with torch.no_grad():
        means = [table.mean(1) for table in network(images)]
    network.train().cutout = kept
    return means


def quarrel(judges: Judges, images: Tensor) -> float:
    """How far the mean logits of the two networks are apart, a mean over pictures."""
    first, second = said(judges, images)
    return float((first - second).abs().mean())


def spread(judges: Judges, samples: Tensor) -> float:
    """The deviation of the mean logits over digits, a mean of both networks: agreement by shrinking would show."""
    return float(torch.stack([means.std() for means in said(judges, pictures_of(samples))]).mean())


def pair_of(seed: int) -> Pair:
    """FastGAN at 8 pixels, below what recipes offer; the pair's discriminator is not used."""
    generator = seeded(lambda: FastGAN(8, LATENT, width=2), seed)
    return replace(make(RECIPE, 0), generator=generator)
