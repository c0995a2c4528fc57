"""Two small networks that have learned handwritten digits and are then frozen: convolutions, and a transformer.

What a discriminator of the claims sees through; and pictures of the digits.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, layer_norm

from fauxto.claims.experiment import seeded
from fauxto.claims.handwritten import TRAIN, handwritten
from fauxto.nn.attention import Attention
from fauxto.nn.pyramid import Pyramid, TokenPyramid
from fauxto.nn.towers import VisionTower

LESSONS = 150
"""Steps of 64 of both classifiers."""


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


def pictures_of(samples: Tensor) -> Tensor:
    """Digits `(n, 64)` as pictures `(n, 3, 8, 8)` of three equal channels."""
    return samples.view(-1, 1, 8, 8).expand(-1, 3, -1, -1).contiguous()
