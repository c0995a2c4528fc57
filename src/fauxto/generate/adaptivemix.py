"""AdaptiveMix (CVPR 2023): a discriminator that judges mixtures, and pulls their features to the mixed features.

The idea is `gan.mixing`, a part of the toolkit; this is the system that it makes of StyleGAN2, and a classifier that is
taught by the same mixtures and says which pictures are of no class that it knows.
"""

from __future__ import annotations

import re
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, normalize

from fauxto.catalog import Card, Input, Weights
from fauxto.errors import WeightError
from fauxto.generate.gan import StudioGAN
from fauxto.generate.gan.mixing import NOISE, Mixture, aimed_at, mixed_cross_entropy
from fauxto.generate.gan.recipe import Recipe
from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.nn.wide_resnet import BLOCKS_A_DEPTH, STEM, WideResNet

CIFAR10 = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
CIFAR100 = (0.5071, 0.4867, 0.4408), (0.2675, 0.2565, 0.2761)
"""Mean and deviation of the pixels that the published classifiers normalise by."""

ORTHONORMAL = 1e-3
"""How far the products of two directions of a classifier may be from 0 and 1."""

LARGEST = 32
"""Width, and blocks a layer, up to which a file is believed."""

CARD = Card(
    slug="adaptivemix",
    kinds=("generator",),
    title="AdaptiveMix: improving GAN training via feature space shrinkage",
    venue="CVPR",
    year=2023,
    idea="Mix pairs of pictures before the discriminator and pull the features of each mixture to the same mixture of "
    "the two features: the region that pictures take up among the features shrinks, and training steadies.",
    input=Input(size=None, resize="required", crop="whole pictures of 32 to 512 pixels", range="RGB in [-1, 1]"),
    output="pictures, uint8 RGB",
    claim="In the same budget mixing lowers the FID by at least 10 % against no mixing and against plain mixup of what "
    "the discriminator sees, and steadies it; a mixture's features come at least twice as near to the mixed features "
    "and classes scatter less, and goals of other samples do not do both. A classifier taught so is no less accurate "
    "than with mixup, and tells pictures of no class by an AUROC at least 3 points above those of mixup and of a "
    "learned layer, which an orthogonal one without mixing does not.",
    weights=(
        Weights(
            name="TOP_1_Net.pth to TOP_5_Net.pth",
            url="https://github.com/WentianZhang-ML/AdaptiveMix",
            licence="not stated; none are published, the released code writes them",
            layout="state dict of WRN-28-10; read by open_classifier",
        ),
    ),
    choices=(
        "One share for a whole batch, drawn evenly from [0, 1], as the released code has it.",
        "The features of the partners are taken from those of the batch: the same values for one pass less.",
        "R1 goes through the sum of both logits, so that the same number weighs more than without mixing; the recipe "
        "keeps the published 1.",
        "In evaluation nothing is mixed: twice the logit of the picture.",
        "Unconditional only: the released code gives a mixture the first picture's label.",
        "Gradients are averaged over processes; the released code goes around what would do so.",
        "Any body that is a row of blocks can be wrapped; recipes offer it with StyleGAN's discriminator.",
        "The classifier leaves out the last batch norm and its ReLU, which the released code makes and never calls.",
        "The classifier keeps its optimizer's momentum, which the released code drops with every epoch, and its last "
        "step; the released code keeps the five best on the test set.",
        "What is of no known class is told by the largest logit, which needs no calibration; the released code has no "
        "such script.",
    ),
    fails_on=(
        "The noise on the goals is absolute: against features of large norm it does nothing.",
        "The generator pays the penalty too; whether that helps is not established.",
        "The classifier's features have length 1, and 0.05 of noise in 640 numbers a length of 1.26.",
        "The classifier is sure of nothing: logits from 0 to 1 give one class of ten at most e / (e + 9) = 0.23, while "
        "in training they reach 2. Calibrate before probabilities are compared.",
    ),
    source="https://github.com/WentianZhang-ML/AdaptiveMix",
)


class AdaptiveMix(StudioGAN):
    """StyleGAN2-ADA's `paper256` with mixing, or another recipe whose discriminator has it.

    `fauxto generate train --recipe adaptivemix` is the same; `--recipe paper256` is its control.
    """

    card = CARD

    def __init__(self, recipe: str | Path | Recipe = "adaptivemix") -> None:
        super().__init__(recipe)


class MixedClassifier(WideResNet):
    """`(n, 3, h, w)` in [0, 1] to logits |W f| `(n, classes)` in [0, 1]: f has length 1, and W never learns.

    W has orthonormal rows (columns where there are more classes than features). The published one is WRN-28-10 on
    CIFAR, whose tensors have these names.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        classes: int = 10,
        depth: int = 28,
        width: int = 10,
        *,
        normalised_by: tuple[tuple[float, ...], tuple[float, ...]] = CIFAR10,
        noise: float = NOISE,
    ) -> None:
        super().__init__(depth, width, closing=False)
        self.bn1.requires_grad_(False)  # nothing passes it
        self.linear = nn.Linear(self.features, classes, bias=False).requires_grad_(False)
        nn.init.orthogonal_(self.linear.weight)
        self.noise = noise
        for name, values in zip(("mean", "std"), normalised_by, strict=True):
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    def embed(self, pixels: Tensor) -> Tensor:
        """f, `(n, 64 width)`."""
        return normalize(super().forward((pixels - self.mean) / self.std))

    def read(self, embedded: Tensor) -> Tensor:
        """|W f|."""
        return self.linear(embedded).abs()

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.read(self.embed(pixels))

    def loss(self, pixels: Tensor, labels: Tensor, mixture: Mixture | None = None) -> Tensor:
        """What it learns by, a scalar: mixtures get both classes' labels, and their features the mixed ones as goal.

        Logits are |W mixed f| + |W f(mixed)|, in [0, 2]; the penalty is the mean square, not a cosine as in the GAN.
        """
        mixture = mixture or Mixture.draw(len(pixels), pixels.device)
        easy, hard = mixture.of(self.embed(pixels)), self.embed(mixture.of(pixels))
        named = mixed_cross_entropy(self.read(easy) + self.read(hard), labels, mixture)
        return named + mse_loss(hard, aimed_at(easy, self.noise))


def strangeness(logits: Tensor) -> Tensor:
    """How little pictures are of any known class, `(n, classes)` to `(n,)`: minus the largest logit, higher = less."""
    return -logits.max(1).values


def open_classifier(
    path: str | Path, *, normalised_by: tuple[tuple[float, ...], tuple[float, ...]] | None = None
) -> MixedClassifier:
    """The classifier of a file with the released code's names, in evaluation mode; depth and width are read from it.

    Unless told, pixels are normalised as CIFAR-10's, or CIFAR-100's where there are a hundred classes. Errors:
    WeightError for another layout, or when W is not orthonormal, as a learned one is not.
    """
    tensors = {name: tensor.float() for name, tensor in load_tensors(path).items()}
    first, last = tensors.get("layer1.0.conv1.weight"), tensors.get("linear.weight")
    if first is None or last is None or (first.ndim, last.ndim) != (4, 2):
        raise WeightError(
            f"{path} is no classifier of AdaptiveMix: layer1.0.conv1.weight or linear.weight is missing.",
            fix="Give a state dict of the released code, such as TOP_1_Net.pth.",
        )
    classes, blocks = len(last), len({name for name in tensors if re.fullmatch(r"layer1\.\d+\.conv1\.weight", name)})
    width = len(first) // STEM
    if not (1 <= width <= LARGEST and 1 <= blocks <= LARGEST):
        raise WeightError(
            f"{path} would be a network of width {width} with {blocks} blocks a layer; 1 to {LARGEST} expected.",
            fix="Give a state dict of the released code, such as TOP_1_Net.pth.",
        )
    by = normalised_by or (CIFAR100 if classes == 100 else CIFAR10)
    network = MixedClassifier(classes, 4 + BLOCKS_A_DEPTH * blocks, width, normalised_by=by)
    load_strict(network, tensors, path)
    short = last if classes <= network.features else last.T
    off = float((short @ short.T - torch.eye(len(short))).abs().max())
    if off > ORTHONORMAL:
        raise WeightError(
            f"{path} has a learned last layer: products of its directions are off by {off:.3f}.",
            fix="Give a classifier of AdaptiveMix, whose last layer is orthonormal and never learns.",
        )
    return network.eval()
