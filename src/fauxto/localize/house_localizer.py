"""The house localizer: what differs from the rest of its own picture, told from bounded residuals at native size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.learn.mask_losses import dice
from fauxto.media.tiles import chances, top_share
from fauxto.nn.localizing import map_picture
from fauxto.nn.residual_statistics import BLOCK, ResidualStatistics
from fauxto.nn.unet import Against

CARD = Card(
    slug="house-localizer",
    kinds=("localizer",),
    title="fauxto house localizer",
    venue="fauxto",
    year=2026,
    idea="An altered region has other fine residuals than the rest of its own picture.",
    input=Input(size=256, resize="forbidden", crop="native-resolution tiles that overlap by 32 pixels"),
    output="a map at an eighth of the size, brought to native size; image logit: the mean of the map's highest 2 %, "
    "higher = more likely altered",
    claim="Comparing each place with the mean of its tile finds alterations better than looking at it alone.",
    gmac=0.05,
    parameters=517,
    fails_on=(
        "re-posts: a strong JPEG or shrinking after the alteration removes what differs",
        "pictures that were altered as a whole, or nearly so: nothing is left to differ from",
        "pictures with both sharp and blurred parts, screenshots and collages, which differ from themselves",
    ),
)

TOP_SHARE = 0.02
"""Share of the map whose highest logits the image rule averages: a small region is enough, a pixel is not."""


AROUND = (3, 7)
"""Sides, in blocks, of the surroundings whose means are seen."""


class HouseLocalizerNetwork(nn.Module):
    """`(n, 3, h, w)` in [0, 1], sides multiples of 16, to maps of logits `(n, h, w)` and image logits `(n,)`.

    Fixed statistics of every 8 x 8 block, each set against their mean over the tile, and the means of that over 3 x 3
    and 7 x 7 blocks; of all these the value and the magnitude, since what was altered may have more noise or less. One
    weight for each of the 516, and a bias: a logistic regression, the largest model that its training could afford.
    `against` False leaves the comparison out: the control of the claim.
    """

    def __init__(self, against: bool = True) -> None:
        super().__init__()
        self.statistics = ResidualStatistics()
        self.scale = nn.BatchNorm2d(ResidualStatistics.channels).requires_grad_(False)  # only its means are learned
        self.against = against
        self.around = nn.ModuleList(nn.AvgPool2d(side, 1, side // 2, count_include_pad=False) for side in AROUND)
        self.head = nn.Conv2d(2 * ResidualStatistics.channels * (1 + len(AROUND)), 1, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.constant_(self.head.bias, -2.0)  # type: ignore[arg-type]  # most of a picture is untouched

    def features(self, statistics: Tensor) -> Tensor:
        """From the statistics of the blocks, `(n, 86, h / 8, w / 8)`, to what is weighed, `(n, 516, h / 8, w / 8)`."""
        own = self.scale(statistics)
        if self.against:
            own = Against()(own)[:, ResidualStatistics.channels :]
        near = torch.cat([own, *(mean(own) for mean in self.around)], dim=1)
        return torch.cat((near, near.abs()), dim=1)

    def blocks(self, statistics: Tensor) -> Tensor:
        """From the statistics of the blocks to their logits, `(n, h / 8, w / 8)`."""
        return self.head(self.features(statistics))[:, 0]

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        coarse = self.blocks(self.statistics(pixels))
        whole = functional.interpolate(coarse[:, None], scale_factor=BLOCK, mode="bilinear", align_corners=False)
        return whole[:, 0], top_logit(coarse)


def top_logit(maps: Tensor) -> Tensor:
    """The image rule on maps `(n, h, w)`: the mean of the highest 2 % of each, `(n,)`."""
    flat = maps.flatten(1)
    return flat.topk(max(1, round(TOP_SHARE * int(flat.shape[1]))), dim=1).values.mean(1)


class HouseLocalizer:
    """The localizer that ships: small, at native resolution, trained on alterations that fauxto makes itself."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "weight_decay": 0.02,
        "batch_size": 24,
        "schedule": "cosine",
        "epochs": 12,
    }

    def __init__(self, tile: int = 256, overlap: int = 32) -> None:
        self.tile, self.overlap = tile, overlap
        self._network = HouseLocalizerNetwork()

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to maps `(n, h, w)` and image logits `(n,)`."""
        return self._network

    def logits(self, image: np.ndarray) -> np.ndarray:
        """The map of logits of a uint8 HWC picture of any size, float32 `(h, w)`."""
        return map_picture(self._network, image, self.tile, self.overlap)[0]

    def mask(self, image: np.ndarray) -> np.ndarray:
        """How likely each pixel is altered, float32 `(h, w)` in [0, 1], at native size."""
        return chances(self.logits(image))

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = altered: the mean of the highest 2 % of its map."""
        return np.asarray([top_share(self.logits(image), TOP_SHARE) for image in images], dtype=np.float32)

    def loss(self, output: tuple[Tensor, Tensor], masks: Tensor) -> Tensor:
        """Cross-entropy of every pixel, half the Dice loss of altered crops, and a third of the image rule's entropy.

        `masks` is `(n, h, w)`, 1 = altered.
        """
        maps, logits = output
        altered = masks.flatten(1).any(1).float()
        pixels = functional.binary_cross_entropy_with_logits(maps, masks)
        return pixels + 0.5 * dice(maps, masks) + 0.33 * functional.binary_cross_entropy_with_logits(logits, altered)

    def augment(self, crop: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Any of the eight symmetries of the square, of the crop `(s, s, 3)` and its mask `(s, s)` alike."""
        turns, flip = int(rng.integers(4)), rng.random() < 0.5
        crop, mask = np.rot90(crop, turns), np.rot90(mask, turns)
        return (crop[:, ::-1], mask[:, ::-1]) if flip else (crop, mask)

    def load(self, path: str) -> None:
        """Load our own safetensors, strictly. Errors: WeightError."""
        load_strict(self._network, load_tensors(path), path)

    def save(self, path: str) -> None:
        """Write safetensors."""
        save(path, self._network.state_dict(), system=self.card.slug)
