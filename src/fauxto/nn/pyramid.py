"""A frozen pretrained network as a pyramid of maps, mixed at random: what projected discriminators look at.

Sauer et al., Projected GANs Converge Faster, NeurIPS 2021.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fauxto.nn.deit import deit_tower
from fauxto.nn.efficientnet_lite import EfficientNetTower, efficientnet_lite0_tower
from fauxto.nn.mapping import LabelVectors
from fauxto.nn.towers import VisionTower, grid

EFFICIENTNET_BLOCKS = (2, 4, 10, 15)
"""The last blocks of 1/4, 1/8, 1/16 and 1/32 of the side: 24, 40, 112 and 320 channels."""

TOKEN_CHANNELS = (96, 192, 384, 768)
CLASS_CHANNELS = 64
"""What is said of a patch before a class asks."""

LEAST = 8
"""A map is halved to about this side before its patches are judged."""


class Pyramid(nn.Module):
    """Pixels `(n, 3, h, w)` in [0, 1] to maps of a frozen network, finest first, each half the side of the one before.

    Pictures smaller than `size` are enlarged to it, bilinearly; larger ones are shrunk where `exact`. It is always in
    evaluation mode; gradients pass through it to the pixels.
    """

    def __init__(self, size: int, *, exact: bool = False) -> None:
        super().__init__()
        self.size, self.exact = size, exact

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """The maps of pixels that have the right size."""
        raise NotImplementedError

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """See the class."""
        side = pixels.shape[-1]
        if side < self.size or (self.exact and side != self.size):
            pixels = interpolate(pixels, size=(self.size, self.size), mode="bilinear", align_corners=False)
        return self.maps(pixels)

    @torch.no_grad()
    def shapes(self) -> list[tuple[int, int]]:
        """Channels and side of each map, at `size` pixels."""
        device = next((p.device for p in self.parameters()), torch.device("cpu"))
        return [
            (int(m.shape[1]), int(m.shape[2])) for m in self(torch.zeros(1, 3, self.size, self.size, device=device))
        ]

    def frozen(self) -> Pyramid:
        """Itself, for good: no weight learns, and no mode changes it."""
        self.requires_grad_(False)
        return self.train(False)

    def train(self, mode: bool = True) -> Pyramid:
        """Always evaluation."""
        super().train(False)
        return self


class EfficientNetPyramid(Pyramid):
    """Four maps of EfficientNet-Lite0; the tower of its PyPI package unless one is given. Errors: WeightError."""

    def __init__(self, tower: EfficientNetTower | None = None) -> None:
        tower = tower or efficientnet_lite0_tower()
        super().__init__(tower.size)
        self.tower = tower
        self.frozen()

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """24 channels at a quarter of the side down to 320 at a thirty-second."""
        outputs = self.tower.model.maps((pixels - self.tower.mean) / self.tower.std)
        return [outputs[block] for block in EFFICIENTNET_BLOCKS]


class TokenPyramid(Pyramid):
    """Patch tokens of a vision transformer after each of its four quarters, made into maps by random layers.

    1x1 convolutions to `channels`, then four times the grid, twice, as it is, and half: the reassembly of dense
    prediction transformers (Ranftl et al., ICCV 2021), never trained. The last `scales` maps are kept.
    """

    def __init__(self, tower: VisionTower, channels: Sequence[int] = TOKEN_CHANNELS, *, scales: int = 4) -> None:
        super().__init__(tower.size, exact=True)
        self.tower = tower
        kept = range(4 - scales, 4)
        self.depths = [tower.depth * (k + 1) // 4 - 1 for k in kept]
        resized = [_resizing(k, channels[k]) for k in kept]
        self.reassemble = nn.ModuleList(
            nn.Sequential(nn.Conv2d(tower.width, channels[k], 1), resize)
            for k, resize in zip(kept, resized, strict=True)
        )
        self.frozen()

    def maps(self, pixels: Tensor) -> list[Tensor]:
        """See the class."""
        tokens = self.tower.tokens(pixels)
        grids = [grid(tokens[depth], self.tower.leading) for depth in self.depths]
        return [layer(patches) for layer, patches in zip(self.reassemble, grids, strict=True)]


def deit_pyramid(backbone: str | Path, *, seed: int = 0) -> TokenPyramid:
    """That of a distilled DeiT, out of a Hugging Face folder or timm's file; its random layers follow from `seed`.

    Channels are an eighth, a quarter, a half and all of the width: the published ones. Errors: WeightError.
    """
    with torch.random.fork_rng(devices=[]):
        tower = deit_tower(Path(backbone))
        torch.manual_seed(seed)
        return TokenPyramid(tower, [tower.width // part for part in (8, 4, 2, 1)])


class Projection(nn.Module):
    """Random mixing of a pyramid, never trained: across channels, then across scales from the coarsest map up.

    Channels become `width`, twice, four times, eight times that; each map is added to what comes from below, doubled in
    side, and but for the finest halved in channels. `channels` are those that come out.
    """

    def __init__(self, channels: Sequence[int], width: int = 64) -> None:
        super().__init__()
        mixed = [width * 2**k for k in range(len(channels))]
        self.channels = [width, *mixed[:-1]]
        self.across_channels = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(channels, mixed, strict=True))
        self.across_scales = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(mixed, self.channels, strict=True))
        self.requires_grad_(False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """See the class; as many maps, finest first."""
        x: Tensor | None = None
        found = []
        for value, channels, scales in zip(
            reversed(maps), reversed(self.across_channels), reversed(self.across_scales), strict=True
        ):
            x = channels(value) if x is None else x + channels(value)
            x = scales(interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))
            found.append(x)
        return found[::-1]


class PatchHead(nn.Module):
    """A projected map `(n, channels, side, side)` to logits of its patches, `(n, patches)`.

    Halved by 4x4 convolutions with batch norm to about 8 pixels, where 4x4 ones give the logits. `width` is that of the
    projection. With `vectors` of classes, `(classes, v)`, the last layer gives 64 numbers a patch, whose product with a
    map of the label's vector, over sqrt(64), is the logit (Miyato and Koyama, ICLR 2018).
    """

    def __init__(self, channels: int, side: int, width: int = 64, vectors: Tensor | None = None) -> None:
        super().__init__()
        halvings = max(0, round(math.log2(side / LEAST)))
        layers: list[nn.Module] = []
        for left in range(halvings - 1, -1, -1):
            after = width * 8 // 2 ** min(left, 3)
            layers += [nn.Conv2d(channels, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
            channels = after
        outputs = 1 if vectors is None else CLASS_CHANNELS
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, outputs, 4, bias=False))
        self.asks = None if vectors is None else LabelVectors(vectors, CLASS_CHANNELS)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """See the class. Errors: InputError without labels where there are classes."""
        said = self.layers(x)
        if self.asks is not None:
            said = (said * self.asks(labels)[:, :, None, None]).sum(1) / math.sqrt(CLASS_CHANNELS)
        return said.flatten(1)


def _resizing(place: int, channels: int) -> nn.Module:
    match place:
        case 0:
            return nn.ConvTranspose2d(channels, channels, 4, 4)
        case 1:
            return nn.ConvTranspose2d(channels, channels, 2, 2)
        case 2:
            return nn.Identity()
    return nn.Conv2d(channels, channels, 3, 2, 1)
