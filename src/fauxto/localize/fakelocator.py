"""FakeLocator: the texture that up-sampling leaves, drawn as a grey map of how much each pixel was changed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.launder import apply
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.tiles import chances
from fauxto.nn.face_attention import Attention, everywhere
from fauxto.nn.localizing import map_picture
from fauxto.nn.resnet import ResNetTrunk, initialise
from fauxto.nn.unet import Decoder, Halving, convolutions

CARD = Card(
    slug="fakelocator",
    kinds=("localizer",),
    title="FakeLocator: Robust Localization of GAN-Based Face Manipulations",
    venue="IEEE TIFS",
    year=2022,
    idea="Generators up-sample, up-sampling leaves texture, and a decoder can draw that texture as a grey map.",
    input=Input(size=256, resize="forbidden", crop="an aligned face, or native-resolution tiles that overlap by 32"),
    output="a grey map of how much each pixel was changed, and one logit, higher = more likely manipulated",
    claim="The map follows the traces of up-sampling: it finds redrawn regions, and loses them when the traces go.",
    weights=(),
    gmac=31.39,
    parameters=13_829_379,
    choices=(
        "Widths 64 to 512, batch 16, Adam 1e-4: the paper's are not established.",
        "The image logit is that of the class head, averaged over the tiles of a larger picture.",
        "The target is the luminance of |fake - real| without rescaling: a per-image maximum would make a change of "
        "one grey level look as fake as a swapped face.",
        "No face parser is shipped: attention is off unless one is given.",
        "Partial augmentation (real crops only) is drawn with probability one half for each operator.",
    ),
    fails_on=(
        "anything resized after the manipulation: the traces go, or others come",
        "JPEG, where only real crops were compressed in training: the class head may learn that JPEG means real",
        "edits that are no up-sampling: retouching, splicing, copy-move",
    ),
    source="https://arxiv.org/abs/2001.09598",
)

Encoder = Literal["residual", "resnet50"]

QUALITIES, DEVIATIONS, BLURS, SCALES = (50, 95), (0.0, 8.0), (0.1, 1.5), (0.5, 1.0)
"""Ranges of the partial augmentation: JPEG quality, noise in grey levels, blur in pixels, down and up again."""


class FakeLocatorNetwork(nn.Module):
    """`(n, 3, h, w)` in [0, 1], sides multiples of 16, to maps of logits `(n, h, w)` and image logits `(n,)`.

    The first stage keeps full resolution; the map with a quarter of it is multiplied by the attention. `width` scales
    all channels. With `encoder` "resnet50" the trunk is torchvision's by name and shape, without its early strides.
    """

    def __init__(self, width: int = 64, encoder: Encoder = "residual", attention: Attention = everywhere) -> None:
        super().__init__()
        self.attention = attention
        self.trunk: ResNetTrunk | None = None
        if encoder == "resnet50":
            self.trunk = ResNetTrunk(early_stride=1)
            channels = tuple(256 * 2**level for level in range(4))
        else:
            channels = tuple(width * share for share in (1, 2, 4, 8, 8))
            self.stem = convolutions(3, channels[0], 2)
            self.stages = nn.ModuleList(Halving(a, b) for a, b in itertools.pairwise(channels))
        self.decoder = Decoder(channels, [4 * width, 2 * width, width, width][: len(channels) - 1], 2)
        self.map_head = nn.Conv2d(width, 1, 1)
        self.class_head = nn.Linear(channels[-1], 2)
        initialise(self)

    def features(self, pixels: Tensor) -> list[Tensor]:
        """The encoder's maps from full resolution to the deepest, the one at a quarter gated by the attention."""
        if self.trunk is not None:
            maps = self.trunk.stages(pixels)
            maps[2] = maps[2] * self._gate(pixels, maps[2])
            return maps
        maps = [self.stem(pixels)]
        for stage in self.stages:
            deeper = stage(maps[-1])
            maps.append(deeper * self._gate(pixels, deeper) if len(maps) == 2 else deeper)
        return maps

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        maps = self.features(pixels)
        real, fake = self.class_head(maps[-1].mean((2, 3))).unbind(1)
        return self.map_head(self.decoder(maps))[:, 0], fake - real

    def _gate(self, pixels: Tensor, like: Tensor) -> Tensor:
        if self.attention is everywhere:
            return pixels.new_ones(())
        return functional.interpolate(self.attention(pixels), like.shape[2:], mode="bilinear", align_corners=False)


class FakeLocator:
    """The localizer: encoder and decoder on native pixels, a grey map and a class, absolute error and cross-entropy."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"width": 8, "tile": 64, "overlap": 16}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "weight_decay": 0.0,
        "batch_size": 16,
        "schedule": "constant",
        "epochs": 30,
        "launder": False,
    }

    def __init__(
        self,
        width: int = 64,
        encoder: Encoder = "residual",
        attention: Attention = everywhere,
        tile: int = 256,
        overlap: int = 32,
    ) -> None:
        self.tile, self.overlap = tile, overlap
        self._network = FakeLocatorNetwork(width, encoder, attention)

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to maps `(n, h, w)` and image logits `(n,)`."""
        return self._network

    def mask(self, image: np.ndarray) -> np.ndarray:
        """How much each pixel was changed, float32 `(h, w)` in [0, 1], of uint8 HWC pixels of any size."""
        return chances(map_picture(self._network, image, self.tile, self.overlap)[0])

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = manipulated: the class head's, mean over tiles."""
        found = [map_picture(self._network, image, self.tile, self.overlap)[1].mean() for image in images]
        return np.asarray(found, dtype=np.float32)

    def embed(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """The pooled deepest feature of each picture of one size, sides multiples of 16: float32 `(n, channels)`.

        What single-sample clustering (`learn.anchored_clusters`) reads.
        """
        self._network.eval()
        pixels = torch.from_numpy(np.stack(images)).movedim(-1, -3).float() / 255
        with torch.inference_mode():
            found = [self._network.features(part)[-1].mean((2, 3)) for part in pixels.split(16)]
        return torch.cat(found).numpy()

    def augment(self, crop: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Partial augmentation: JPEG, noise, blur and rescaling of real crops only; fakes keep their texture."""
        if mask.any():
            return crop, mask
        steps = []
        if rng.random() < 0.5:
            steps.append(f"resize_back:{rng.uniform(*SCALES):.3f}")
        if rng.random() < 0.5:
            steps.append(f"contrast:{rng.uniform(0.7, 1.3):.3f}")
        if rng.random() < 0.5:
            steps.append(f"blur:{rng.uniform(*BLURS):.3f}")
        if rng.random() < 0.5:
            steps.append(f"noise:{rng.uniform(*DEVIATIONS):.3f}")
        if rng.random() < 0.5:
            steps.append(f"jpeg:{rng.integers(QUALITIES[0], QUALITIES[1] + 1)}")
        seed = int(rng.integers(2**31))
        return (apply(np.ascontiguousarray(crop), "|".join(steps), seed) if steps else crop), mask

    def loss(self, output: tuple[Tensor, Tensor], masks: Tensor) -> Tensor:
        """The mean absolute error of the map plus the cross-entropy of the class, one to one; masks are `(n, h, w)`."""
        maps, logits = output
        fake = (masks.flatten(1).amax(1) > 0).float()
        return functional.l1_loss(maps.sigmoid(), masks) + functional.binary_cross_entropy_with_logits(logits, fake)

    def load(self, path: str) -> None:
        """Load our own safetensors, strictly (no official weights were published). Errors: WeightError."""
        load_strict(self._network, load_tensors(path), path)

    def load_encoder(self, path: str) -> None:
        """Fill a ResNet-50 encoder from torchvision's file, whose last layer is left out. Errors: WeightError."""
        tensors = {name: tensor for name, tensor in load_tensors(path).items() if not name.startswith("fc.")}
        load_strict(self._network.trunk or nn.Identity(), tensors, path)

    def save(self, path: str) -> None:
        """Write safetensors."""
        save(path, self._network.state_dict(), system=self.card.slug)
