"""The claim of HP-GAN: frozen networks judge better than raw pixels, and two more losses pay for themselves.

A small convolutional network and a small transformer, both classifiers of handwritten digits, see for the
discriminator; distances are taken in the features of a third.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, layer_norm

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import compare, laptop_result, seeded, smoke_result
from fauxto.claims.handwritten import TRAIN, handwritten
from fauxto.errors import InputError
from fauxto.generate.gan.diffaugment import diffaugment
from fauxto.generate.gan.loop import play
from fauxto.generate.gan.networks import Pair, make
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.turns import only
from fauxto.generate.hp_gan import CARD, HINGE, Judges, Weighing, disagreement
from fauxto.nn.attention import Attention
from fauxto.nn.barlow import cross_correlation, redundancy
from fauxto.nn.dcgan import ConvDiscriminator
from fauxto.nn.fastgan import FastGAN
from fauxto.nn.pyramid import Pyramid, TokenPyramid
from fauxto.nn.spectral_norm import spectrally_normalise
from fauxto.nn.towers import VisionTower
from fauxto.score.generative.frechet import frechet_of
from fauxto.score.generative.manifold import manifold

SEEDS = (0, 1, 2)
FEW, WIDTH, LATENT, BATCH, RATE = 200, 8, 32, 32, 1e-3
"""Digits to learn from, few as in the sheet's setting for FakeTwins; the width of the projection; and the training."""

STEPS, LESSONS = 200, 150
"""Of each GAN, and of the two networks that see for it."""

HALF, COST, LOSS = 0.5, 1.05, 0.03
"""The sheet's bounds: disagreement at most half, FID at most 5 % above, precision at most .03 below."""

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


class SmallConvolutions(Pyramid):
    """Maps of 4 and 2 pixels of a classifier with two strided convolutions."""

    def __init__(self) -> None:
        super().__init__(8)
        self.first = nn.Sequential(nn.Conv2d(3, 24, 3, 2, 1), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(24, 48, 3, 2, 1), nn.ReLU())

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """24 and 48 channels."""
        first = self.first(2 * pixels - 1)
        return [first, self.last(first)]


class SmallTransformer(VisionTower):
    """Four blocks of 32 numbers on patches of 2 pixels."""

    def __init__(self) -> None:
        half = (0.5, 0.5, 0.5)
        super().__init__(width=32, depth=4, size=8, patch=2, feature_width=32, identity="small", mean=half, std=half)
        self.patches = nn.Conv2d(3, 32, 2, 2)
        self.first = nn.Parameter(torch.zeros(1, 1, 32))
        self.places = nn.Parameter(0.02 * torch.randn(1, 17, 32))
        self.attention = nn.ModuleList(Attention(32, 4) for _ in range(4))
        self.up = nn.ModuleList(nn.Linear(32, 64) for _ in range(4))
        self.down = nn.ModuleList(nn.Linear(64, 32) for _ in range(4))

    def embed(self, pixels: Tensor) -> Tensor:
        """See VisionTower."""
        patches = self.patches(self.normalised_pixels(pixels)).flatten(2).transpose(1, 2)
        return torch.cat((self.first.expand(len(patches), -1, -1), patches), 1) + self.places

    def attend(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        sequence = layer_norm(tokens, (32,)).transpose(0, 1)
        return tokens + self.attention[index](sequence, sequence).transpose(0, 1)

    def normalise(self, index: int, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        return layer_norm(tokens, (32,))

    def feed(self, index: int, normalised: Tensor) -> Tensor:
        """See VisionTower."""
        return self.down[index](gelu(self.up[index](normalised)))

    def project(self, tokens: Tensor) -> Tensor:
        """See VisionTower."""
        return layer_norm(tokens, (32,))


class OneViewTwice(Judges):
    """HP-GAN but for FakeTwins' views, which are one picture without augmentation: only redundancy is left of it."""

    def views(self, latents: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
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


def run(scale: Scale) -> ClaimResult:
    """Exact checks and a few steps of the discriminator ("smoke"), or five arms over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs FFHQ, LSUN and AFHQ, which fauxto does not fetch.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """Both losses at their zeros, the correlation of numpy, and what may not learn."""
    rng = np.random.default_rng(0)
    tables = [torch.from_numpy(rng.standard_normal((64, 8))) for _ in range(2)]
    expected = np.corrcoef(tables[0].T, tables[1].T)[:8, 8:]
    error = float(np.abs(cross_correlation(*tables).numpy() - expected).max())
    order = torch.from_numpy(rng.permutation(64))
    found = [redundancy(cross_correlation(*some)) for some in (tables, [table[order] for table in tables])]
    moved = float(found[0] - found[1])
    same = torch.randn(6, 4)
    apart = [float(disagreement(pair)) for pair in ((same, same[:, [2, 0, 3, 1]]), (same, same + 2))]
    judges = Judges(pair_of(0), untrained(), Weighing(), width=WIDTH)
    learning = {id(p) for p in judges.discriminator.learners()}
    still = [p for p in judges.discriminator.parameters() if id(p) not in learning]
    frozen = bool(still) and not any(p.requires_grad for p in still)
    return (
        Check("cross-correlation of numpy, to 1e-4", error < 1e-4, f"{error:.1e}"),
        Check("FakeTwins is 0 at the identity", float(redundancy(torch.eye(8))) == 0, "0"),
        Check("the order of samples does not matter, to 1e-9", abs(moved) < 1e-9, f"{moved:.1e}"),
        Check(
            "judges of equal means agree, a shift by 2 costs 4, to 1e-5",
            abs(apart[0]) < 1e-5 and abs(apart[1] - 4) < 1e-5,
            f"{apart}",
        ),
        Check("no weight of a frozen network or projection learns", frozen, f"{len(still)} tensors"),
    )


def smoke(steps: int = 20) -> ClaimResult:
    """Disagreement of untrained networks' judges over the same batches, with consistency and without."""
    found, real = [], pictures_of(handwritten().samples[: 2 * BATCH])
    for weighing in (Weighing(twins=0.0, summed=1.0), Weighing(twins=0.0, summed=1.0, consistency=0.0)):
        judges = Judges(pair_of(0), untrained(), weighing, width=WIDTH)
        optimizer = torch.optim.Adam(judges.discriminator.learners(), RATE)
        for step in range(steps):
            torch.manual_seed(step)
            loss = judges.judged(real[step % 2 :: 2], torch.randn(BATCH, LATENT))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        found.append(quarrel(judges, real))
    return smoke_result(
        CARD,
        *found,
        statement="With consistency two judges come to say the same of a picture.",
        unit=f"mean |mean logit - mean logit| after {steps} steps of the discriminator, with consistency and without",
        rule="every exact check passes and measured < control",
        holds=found[0] < found[1],
        checks=exact_checks(),
        note="Smoke trains no generator, and its frozen networks are untrained; laptop's are.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS) -> ClaimResult:
    """Five arms in the same budget on few pictures."""
    table = {arm: [measured(arm, seed) for seed in seeds] for arm in ARMS}

    def of(key: str, arm: str) -> list[float]:
        return [row[key] for row in table[arm]]

    def mean(key: str, arm: str) -> float:
        return float(np.mean(of(key, arm)))

    seen, agreed = compare(of("FID", RAW), of("FID", BASE)), compare(of("quarrel", BASE), of("quarrel", AGREED))
    covers, twice = (compare(of("coverage", arm), of("coverage", AGREED)) for arm in (BOTH, TWICE))
    parts = {
        "frozen networks beat raw pixels": seen.margin > 0 and seen.holds,
        "disagreement at most half": mean("quarrel", AGREED) <= HALF * mean("quarrel", BASE) and agreed.holds,
        "FID at most 5 % above": mean("FID", AGREED) <= COST * mean("FID", BASE),
        "FakeTwins raises coverage": covers.margin > 0 and covers.holds,
        "precision kept": mean("precision", BOTH) >= mean("precision", AGREED) - LOSS,
        "one view twice does not": not (twice.margin > 0 and twice.holds),
    }
    failed = ", ".join(part for part, holds in parts.items() if not holds)
    return laptop_result(
        CARD,
        covers,
        unit="coverage of unseen digits in the features of a classifier: HP-GAN, and consistency alone",
        rule="every exact check passes; every part of the statement holds: FID below that of raw pixels, disagreement "
        f"at most {HALF} of that without consistency at an FID at most {COST} times as high, coverage above that "
        f"without FakeTwins at a precision at most {LOSS} lower, all beyond the seed spread; no such coverage with one "
        "view",
        seeds=seeds,
        checks=exact_checks(),
        holds=all(parts.values()),
        details={
            "parts": parts,
            "by arm and seed": table,
            "FID, raw pixels and projected": seen.to_dict(),
            "disagreement, without and with consistency": agreed.to_dict(),
            "coverage with one view twice, and without FakeTwins": twice.to_dict(),
            "accuracy of the two frozen classifiers": list(accuracies()),
            "set-up": f"FastGAN of width 2, {FEW} digits of 8 x 8 in three equal channels, {STEPS} steps of {BATCH}, "
            f"projections of width {WIDTH} on two maps each; 597 unseen digits and as many drawn",
        },
        note=(f"Does not hold: {failed}. " if failed else "")
        + "Digits of 8 pixels stand for the sheet's procedural pictures of 32, so that three seeds of five arms take a "
        "few minutes; all arms learn from few digits; nothing is blurred, and no average of weights is taken.",
    )


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


def pair_of(seed: int) -> Pair:
    """FastGAN at 8 pixels, below what recipes offer; the pair's discriminator is not used."""
    generator = seeded(lambda: FastGAN(8, LATENT, width=2), seed)
    return replace(make(RECIPE, 0), generator=generator)


def pictures_of(samples: Tensor) -> Tensor:
    """Digits `(n, 64)` as pictures `(n, 3, 8, 8)` of three equal channels."""
    return samples.view(-1, 1, 8, 8).expand(-1, 3, -1, -1).contiguous()


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


class Classifier(nn.Module):
    """What a network that will be frozen first learns: the ten digits, from its last features."""

    def __init__(self, body: nn.Module, width: int) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(width, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Class logits of pictures in [-1, 1]."""
        found = self.body((images + 1) / 2)
        return self.head(found[-1].mean((2, 3)) if isinstance(found, list) else found)


def classifiers() -> tuple[Classifier, Classifier]:
    """The two networks, from their seeds."""
    first = seeded(lambda: Classifier(SmallConvolutions(), 48), 1)
    second = seeded(lambda: Classifier(SmallTransformer(), 32), 2)
    assert isinstance(first, Classifier) and isinstance(second, Classifier)
    return first, second


def pyramids_of(networks: tuple[Classifier, Classifier]) -> list[Pyramid]:
    """Both as pyramids of two maps of 4 and 2 pixels, for good."""
    first, body = networks[0].body, networks[1].body
    second = seeded(lambda: TokenPyramid(body, (12, 12, 24, 48), scales=2), 3)  # type: ignore[arg-type]
    assert isinstance(first, Pyramid) and isinstance(second, Pyramid)
    return [first.frozen(), second]


def untrained() -> list[Pyramid]:
    """The pyramids as they begin."""
    return pyramids_of(classifiers())


@lru_cache(maxsize=1)
def lessons() -> tuple[Classifier, Classifier]:
    """The two networks, trained on the digits that are not unseen, with their classes."""
    world, networks = handwritten(), classifiers()
    images, labels = pictures_of(world.samples[:TRAIN]), torch.from_numpy(world.labels[:TRAIN])
    for network in networks:
        optimizer = torch.optim.Adam(network.parameters(), 3e-3)
        random = torch.Generator().manual_seed(0)
        for _ in range(LESSONS):
            chosen = torch.randint(TRAIN, (64,), generator=random)
            optimizer.zero_grad()
            cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimizer.step()
    return networks


@lru_cache(maxsize=1)
def trained() -> list[Pyramid]:
    """The pyramids of the trained networks; nothing of them changes any more."""
    return pyramids_of(lessons())


def accuracies() -> tuple[float, ...]:
    """Of both classifiers on unseen digits."""
    world, networks = handwritten(), lessons()
    with torch.no_grad():
        answers = [network(pictures_of(world.samples[TRAIN:])).argmax(1).numpy() for network in networks]
    return tuple(round(float((answer == world.labels[TRAIN:]).mean()), 3) for answer in answers)
