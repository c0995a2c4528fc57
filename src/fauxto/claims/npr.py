"""The claim of NPR: residuals of 2x2 cells transfer to unseen up-samplers better than RGB does, on the same
network.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import auc, compare, fit, laptop_result, seeded, smoke_result
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
from fauxto.detect.npr import CARD, IMAGENET_STD, NPR, NPRNetwork
from fauxto.errors import InputError
from fauxto.nn.half_resnet import HalfResNet
from fauxto.nn.residual import NeighbourResidual

SEEDS = (0, 1, 2)
SIDE = 32
"""Pixels a side of a crop: a residual looks no further than its cell, and a quarter of the sheet's 64 x 64
pays for seeds.
"""


class RGBNetwork(nn.Module):
    """The control: the same half ResNet fed the ImageNet-normalised picture itself."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = HalfResNet(logits=1)
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """`(n, 3, h, w)` in [0, 1] to `(n,)` logits."""
        return self.classifier((pixels - self.mean) / self.std)[:, 0]


class MeanResidualNetwork(NPRNetwork):
    """The second control: each 2x2 cell minus its mean instead of minus its first pixel."""

    def forward(self, pixels: Tensor) -> Tensor:
        """`(n, 3, h, w)` in [0, 1], even sides, to `(n,)` logits."""
        mean = functional.avg_pool2d(pixels, 2).repeat_interleave(2, -1).repeat_interleave(2, -2)
        return self.classifier((pixels - mean) * self.scale)[:, 0]


ARMS: dict[str, type[nn.Module]] = {
    "npr": NPRNetwork,
    "rgb": RGBNetwork,
    "minus_2x2_mean": MeanResidualNetwork,
}


def run(scale: Scale) -> ClaimResult:
    """Exact checks and an untrained statistic ("smoke"), or the trained comparison over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs ForenSynths, which fauxto cannot fetch by itself yet.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """What is true of the residual and the network to the last bit, on pictures with 8 bits a colour."""
    residual = NeighbourResidual()
    pixels = torch.from_numpy(photograph(1, 64)).permute(2, 0, 1)[None].double() / 256
    doubled = pixels.repeat_interleave(2, -1).repeat_interleave(2, -2)
    zero = float(residual(doubled).abs().max())
    shifted = float(residual(doubled[..., 1:-1, 1:-1]).abs().max())
    moved = float((residual(pixels + 0.25) - residual(pixels)).abs().max())
    parameters = sum(p.numel() for p in NPR().network().parameters() if p.requires_grad)
    return (
        Check("NPR of a picture doubled by nearest up-sampling is 0", zero == 0, f"largest {zero}"),
        Check("the same picture one pixel off the grid is not 0", shifted > 0, f"largest {shifted:.3f}"),
        Check("NPR(x + constant) = NPR(x)", moved == 0, f"largest difference {moved}"),
        Check("1,437,761 trainable parameters", parameters == 1_437_761, f"{parameters:,}"),
    )


def smoke() -> ClaimResult:
    """Without training: does the share of differences that lies inside cells give up-sampling away?

    Reals are photographs; fakes are other photographs halved and doubled again, half by nearest and half by
    bilinear interpolation. The control is the plain strength of the differences, which sees only that fakes
    are soft.
    """
    checks = exact_checks()
    reals = [photograph(seed, 64) for seed in range(100)]
    kinds = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR)
    fakes = [halve_and_double(photograph(1000 + index, 64), kinds[index % 2]) for index in range(100)]
    labels = np.repeat([0, 1], [len(reals), len(fakes)])
    statistics = np.array([_differences(picture) for picture in (*reals, *fakes)])
    measured = float(roc_auc_score(labels, -statistics[:, 0] / statistics.sum(1)))
    plain = float(roc_auc_score(labels, statistics.sum(1)))
    control = max(plain, 1 - plain)
    return smoke_result(
        CARD,
        measured,
        control,
        statement="Pixels of one 2x2 cell depend on each other more after up-sampling than in a camera.",
        unit="AUC of an untrained statistic, 100 photographs against 100 halved and doubled ones",
        rule="every exact check passes and measured > control",
        holds=measured > control,
        checks=checks,
        note="Smoke trains nothing; the transfer of a trained detector is what laptop compares.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 250, test: int = 250, epochs: int = 5) -> ClaimResult:
    """Train on one up-sampler, test on two others; NPR against RGB and against the mean residual on equal
    terms.
    """
    checks = exact_checks()
    table: dict[str, list[dict[str, float]]] = {arm: [] for arm in ARMS}
    for seed in seeds:
        corpus = make_corpus(seed, size=128, train=train, test=test)
        for arm, network in ARMS.items():
            table[arm].append(_train_and_test(network, corpus, seed, epochs))
    unseen = {arm: [float(np.mean([row[f] for f in UNSEEN])) for row in rows] for arm, rows in table.items()}
    margins = {arm: compare(unseen["npr"], unseen[arm]) for arm in ARMS if arm != "npr"}
    hardest = min(margins, key=lambda arm: margins[arm].margin)
    odd = [float(np.mean([row[f"{family} one pixel off"] for family in UNSEEN])) for row in table["npr"]]
    worst = margins[hardest]
    return laptop_result(
        CARD,
        worst,
        unit=f"mean AUC over the unseen up-samplers {' and '.join(UNSEEN)}, trained on {TRAIN_FAMILY}",
        rule="every exact check passes and NPR beats both controls by more than the seed spread",
        seeds=seeds,
        checks=checks,
        holds=all(margin.holds for margin in margins.values()),
        details={
            "control shown": hardest,
            "margin over each control": {arm: margin.to_dict() for arm, margin in margins.items()},
            "AUC lost when test pictures lie one pixel off the grid": round(
                float(np.mean(unseen["npr"]) - np.mean(odd)), 4
            ),
            "AUC by arm and seed": table,
            "set-up": f"{train} + {train} pictures of 128 px, 4 {SIDE} px crops an epoch, {epochs} epochs, "
            f"{test} test pictures a class",
        },
        note="Reals are camera-world photographs only; crops are 32 px where the sheet says 64.",
    )


def _train_and_test(build: type[nn.Module], corpus: Corpus, seed: int, epochs: int) -> dict[str, float]:
    """AUC on each family, at the even grid and one pixel off it, of one network trained on the one family."""
    pictures = [*corpus.train_real, *corpus.train_fake] * 4
    labels = np.tile(np.repeat([0, 1], [len(corpus.train_real), len(corpus.train_fake)]), 4)
    detector = NPR()

    def draw(index: int, rng: np.random.Generator) -> np.ndarray:
        return detector.augment(crop(pictures[index], SIDE, rng), rng)

    network = seeded(build, seed)
    fit(network, draw, labels, detector.loss, seed=seed, epochs=epochs, learning_rate=2e-4)
    found = {}
    for family, fakes in corpus.test_fake.items():
        for name, shift in ((str(family), 0), (f"{family} one pixel off", 1)):
            reals = [middle(picture, SIDE, shift) for picture in corpus.test_real]
            found[name] = round(auc(network, reals, [middle(picture, SIDE, shift) for picture in fakes]), 4)
    return found


def _differences(pixels: np.ndarray) -> tuple[float, float]:
    """Mean absolute difference of neighbours inside the even-aligned cells, and of neighbours in different
    cells.
    """
    values = pixels.astype(np.float64)
    inside = across = 0.0
    for lines in (values, values.transpose(1, 0, 2)):
        step = np.abs(np.diff(lines, axis=1))
        inside += float(step[:, ::2].mean())
        across += float(step[:, 1::2].mean())
    return inside, across
