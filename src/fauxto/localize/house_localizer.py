"""The house localizer: what differs from the rest of its own picture, in residuals, noise and quantization steps."""

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
from fauxto.nn.quantization_lattice import QuantizationLattice
from fauxto.nn.residual import ColourCells
from fauxto.nn.residual_net import ResidualBlock, ResidualNet
from fauxto.nn.residual_statistics import BLOCK, ResidualStatistics
from fauxto.nn.unet import Against

CARD = Card(
    slug="house-localizer",
    kinds=("localizer",),
    title="fauxto house localizer",
    venue="fauxto",
    year=2026,
    idea="An altered region has other fine residuals and other quantization steps than the rest of its own picture.",
    input=Input(size=1024, resize="forbidden", crop="all of the picture, or tiles of 1024 that share 64 pixels"),
    output="a map at an eighth of the size, brought to native size; image logit: the mean of the map's highest 2 %, "
    "higher = more likely altered",
    claim="Comparing each place with the mean of its picture finds alterations better than looking at it alone.",
    gmac=0.84,
    parameters=386_081,
    fails_on=(
        "re-posts: a strong JPEG or shrinking after the alteration removes what differs",
        "pictures that were altered as a whole, or nearly so: nothing is left to differ from",
        "pictures with both sharp and blurred parts, screenshots and collages, which differ from themselves",
    ),
)

TOP_SHARE = 0.02
"""Share of the map whose highest logits the image rule averages: a small region is enough, a pixel is not."""

ENCODER = (32, 48, 96)
"""Channels of the three stages of the encoder: those of the house detector, from whose weights it starts."""

STEP = 16
"""Sides are multiples of this."""

CELLS = 36
"""Channels of `HighPassCells`."""

WIDTH, DILATIONS = 48, (1, 3)

FAR = 8.0
"""Deviations beyond which a number counts no more: pictures unlike those of training stay bounded."""


class HouseLocalizerNetwork(nn.Module):
    """`(n, 3, h, w)` in [0, 1], sides multiples of 16, to maps of logits `(n, h, w)` and image logits `(n,)`.

    Every 8 x 8 block is described by the last two stages of a residual encoder, which has learned what cameras and
    generators leave in the finest residuals, by fixed statistics of its noise, and by how well it keeps to the
    quantization steps of the rest. Each number stands beside how far it lies from the picture's mean, in deviations; a
    small network looks at the blocks around, and compares what it found with the whole picture once more. `against`
    False leaves both comparisons out: the control of the claim.
    """

    described: ClassVar[int] = ENCODER[1] + ENCODER[2] + ResidualStatistics.channels + QuantizationLattice.channels
    """Numbers that describe a block."""

    def __init__(self, against: bool = True) -> None:
        super().__init__()
        self.encoder = ResidualNet(ColourCells(), channels=52, widths=ENCODER).stages.requires_grad_(False)
        self.statistics, self.lattice = ResidualStatistics(), QuantizationLattice()
        self.mean: Tensor
        self.deviation: Tensor
        for name, value in (("mean", 0.0), ("deviation", 1.0)):
            self.register_buffer(name, torch.full((1, self.described, 1, 1), value))
        self.against = against
        self.mix = nn.Sequential(
            nn.Conv2d(2 * self.described, WIDTH, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU(inplace=True)
        )
        self.context = nn.Sequential(*(ResidualBlock(WIDTH, dilation) for dilation in DILATIONS))
        self.head = nn.Conv2d(2 * WIDTH, 1, 1)
        nn.init.constant_(self.head.bias, -2.0)  # type: ignore[arg-type]  # most of a picture is untouched

    def train(self, mode: bool = True) -> HouseLocalizerNetwork:
        """As every module, but that the encoder keeps the means that it came with."""
        super().train(mode)
        self.encoder.eval()
        return self

    def traces(self, pixels: Tensor) -> Tensor:
        """What describes each block, `(n, 250, h / 8, w / 8)`; nothing of it is trained here."""
        cells = self.encoder[0](pixels)  # its first channels are those of `HighPassCells`
        middle = self.encoder[1:-4](cells)  # 48 channels at a quarter of the size
        parts = functional.avg_pool2d(middle, 2), self.encoder[-4:](middle)
        return torch.cat((*parts, self.statistics(pixels, cells[:, :CELLS]), self.lattice(pixels)), 1)

    def scale(self, traces: Tensor) -> None:
        """Take the mean and the deviation of each number from those of training pictures, `(n, 250, y, x)`."""
        deviation, mean = torch.std_mean(traces, (0, 2, 3), keepdim=True)
        self.mean.copy_(mean)
        self.deviation.copy_(deviation + 1e-3)

    def blocks(self, traces: Tensor) -> Tensor:
        """From the traces of the blocks to their logits, `(n, h / 8, w / 8)`."""
        scaled = ((traces - self.mean) / self.deviation).clamp(-FAR, FAR)
        return self.head(self._compared(self.context(self.mix(self._compared(scaled)))))[:, 0]

    def maps(self, pixels: Tensor) -> Tensor:
        """The maps alone, `(n, h, w)`: for sides that are not known beforehand."""
        return _enlarged(self.blocks(self.traces(pixels)))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        coarse = self.blocks(self.traces(pixels))
        return _enlarged(coarse), top_logit(coarse)

    def _compared(self, x: Tensor) -> Tensor:
        compared: Tensor = Against()(x) if self.against else torch.cat((x, x), 1)
        return compared


def _enlarged(coarse: Tensor) -> Tensor:
    return functional.interpolate(coarse[:, None], scale_factor=BLOCK, mode="bilinear", align_corners=False)[:, 0]


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

    small: ClassVar[dict[str, Any]] = {"tile": 128, "overlap": 32}

    def __init__(self, tile: int = 1024, overlap: int = 64) -> None:
        self.tile, self.overlap = tile, overlap
        self._network = HouseLocalizerNetwork()

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to maps `(n, h, w)` and image logits `(n,)`."""
        return self._network

    def logits(self, image: np.ndarray) -> np.ndarray:
        """The map of logits of a uint8 HWC picture of any size, float32 `(h, w)`."""
        return map_picture(self._network, image, self.tile, self.overlap, STEP)[0]

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
