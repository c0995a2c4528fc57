"""The claim of the house detector: full resolution in the first layers transfers better than a strided stem."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import auc, compare, fit, laptop_result, seeded, smoke_result, to_tensor
from fauxto.claims.upsampling_corpus import (
    TRAIN_FAMILY,
    UNSEEN,
    Corpus,
    crop,
    halve_and_double,
    make_corpus,
    middle,
)
from fauxto.data.worlds.camera import photograph
from fauxto.detect.house import CARD, WIDTHS, House, HouseNetwork
from fauxto.errors import InputError
from fauxto.nn.residual import ColourCells, HighPass, even
from fauxto.nn.residual_net import ResidualNet

SEEDS = (0, 1, 2)
SIDE = 48
"""Pixels a side of a training crop: three of the coarsest features of the house network."""


class StridedStem(nn.Sequential):
    """The control's first layers: the same residuals, then the stem of a ResNet, 7x7 by two and a pool by two."""

    def __init__(self) -> None:
        super().__init__(
            ColourCells(),
            nn.PixelShuffle(2),
            nn.Conv2d(13, WIDTHS[0], 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(WIDTHS[0]),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2, padding=1),
        )


class StridedNetwork(nn.Module):
    """The control: residual stages of the same widths behind a stem that has dropped 15 of 16 positions."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = ResidualNet(StridedStem(), channels=WIDTHS[0], widths=WIDTHS)

    def forward(self, pixels: Tensor) -> Tensor:
        """`(n, 3, h, w)` in [0, 1] to `(n,)` logits."""
        return self.classifier(even(pixels))[:, 0]


ARMS: dict[str, type[nn.Module]] = {"full resolution": HouseNetwork, "strided stem": StridedNetwork}


def run(scale: Scale) -> ClaimResult:
    """Exact checks and an untrained statistic ("smoke"), or the trained comparison over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError(
        "The full claim needs the development pool of the model card.",
        fix="Use laptop, or benchmarks/house_search.py with a manifest of your own.",
    )


def exact_checks() -> tuple[Check, ...]:
    """What is true of the first layer on any picture."""
    pixels = to_tensor([photograph(seed, 64) for seed in (1, 2)])
    cells, steps = ColourCells(), HighPass()
    apart = float((cells(pixels)[:, :36] - functional.pixel_unshuffle(steps(pixels), 2)).abs().max())
    ramp = torch.linspace(0.2, 0.8, 64).expand(1, 3, 64, 64)
    flat = float(cells(ramp)[..., 1:-1, 1:-1].abs().max())
    parameters = sum(p.numel() for p in House().network().parameters() if p.requires_grad)
    return (
        Check("one strided convolution is the high-pass and its 2x2 cells", apart < 1e-5, f"largest {apart:.1e}"),
        Check("a ramp is invisible to the first layer", flat < 1e-5, f"largest {flat:.1e}"),
        Check(f"{CARD.parameters:,} trainable parameters", parameters == CARD.parameters, f"{parameters:,}"),
    )


def smoke() -> ClaimResult:
    """Without training: is the trace of doubling still there after a pool by two?

    Reals are photographs; fakes are others, halved and doubled by nearest-neighbour up-sampling. The statistic is the
    strength of the high-pass; the control is the same statistic after a 2x2 mean, where a pooled layer looks.
    """
    checks = exact_checks()
    fakes = [halve_and_double(photograph(index, 64), Image.Resampling.NEAREST) for index in range(60)]
    reals = [photograph(1000 + index, 64) for index in range(60)]
    labels = np.repeat([0, 1], [len(reals), len(fakes)])
    pixels = to_tensor([*reals, *fakes])
    measured = _separation(labels, pixels)
    control = _separation(labels, functional.avg_pool2d(pixels, 2))
    return smoke_result(
        CARD,
        measured,
        control,
        statement="The trace of up-sampling lies in the full resolution and is gone after one pool by two.",
        unit="AUC of the strength of the high-pass, either way up, 60 photographs against 60 halved and doubled ones",
        rule="every exact check passes and measured > control + 0.1",
        holds=measured > control + 0.1,
        checks=checks,
        note="Smoke trains nothing; the transfer of a trained detector is what laptop compares.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 200, test: int = 200, epochs: int = 4) -> ClaimResult:
    """Train on one up-sampler, test on two others; full resolution against a strided stem on equal terms."""
    checks = exact_checks()
    table: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    for seed in seeds:
        corpus = make_corpus(seed, size=128, train=train, test=test)
        for arm, network in ARMS.items():
            table[arm].append(_train_and_test(network, corpus, seed, epochs))
    unseen = {arm: [float(np.mean([row[f] for f in UNSEEN])) for row in rows] for arm, rows in table.items()}
    margin = compare(unseen["full resolution"], unseen["strided stem"])
    return laptop_result(
        CARD,
        margin,
        unit=f"mean AUC over the unseen up-samplers {' and '.join(UNSEEN)}, trained on {TRAIN_FAMILY}",
        rule="every exact check passes and the margin is above the seed spread",
        seeds=seeds,
        checks=checks,
        details={
            "AUC by arm and seed": table,
            "set-up": f"{train} + {train} pictures of 128 px, 4 {SIDE} px crops an epoch, {epochs} epochs, "
            f"{test} test pictures a class",
        },
        note="Reals are camera-world photographs only; both arms share the high-pass and the residual stages.",
    )


def _separation(labels: np.ndarray, pixels: Tensor) -> float:
    strength = HighPass()(pixels).abs().mean((1, 2, 3)).numpy()
    area = float(roc_auc_score(labels, strength))
    return max(area, 1 - area)


def _train_and_test(build: type[nn.Module], corpus: Corpus, seed: int, epochs: int) -> dict[str, float]:
    pictures = [*corpus.train_real, *corpus.train_fake] * 4
    labels = np.tile(np.repeat([0, 1], [len(corpus.train_real), len(corpus.train_fake)]), 4)
    detector = House()

    def draw(index: int, rng: np.random.Generator) -> np.ndarray:
        return detector.augment(crop(pictures[index], SIDE, rng), rng)

    network = seeded(build, seed)
    fit(network, draw, labels, detector.loss, seed=seed, epochs=epochs, learning_rate=1e-3)
    reals = [middle(picture, SIDE) for picture in corpus.test_real]
    return {
        str(family): round(auc(network, reals, [middle(picture, SIDE) for picture in fakes]), 4)
        for family, fakes in corpus.test_fake.items()
    }
