"""ForgeryNet's spatial baseline: Xception with a regression of how much each pixel was changed ("Xception+Reg")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import to_network
from fauxto.media.squash import squash
from fauxto.nn.xception import Xception, published

CARD = Card(
    slug="forgerynet",
    kinds=("localizer",),
    title="ForgeryNet: A Versatile Benchmark for Comprehensive Forgery Analysis",
    venue="CVPR",
    year=2021,
    idea="One network for a face: is it forged, and by how much was each pixel changed against its source.",
    input=Input(size=299, resize="required", crop="the face's box, squeezed to the square", range="RGB in [0, 1]"),
    output="a grey map of how much each pixel was changed, and one logit, higher = more likely manipulated",
    claim="A map regressed beside the class finds the changed region better than any fixed region can.",
    weights=(
        Weights(
            name="ckpt_iter.pth.tar",
            url="https://github.com/yinanhe/ForgeryNet",
            licence="non-commercial research only",
            layout="'state_dict' with the prefix 'module.': Xception and fc of 2 classes; no map head",
        ),
    ),
    parameters=20_813_099,
    choices=(
        "The map is regressed with the squared error, beside the cross-entropy of the class, one to one.",
        "The raw map is clipped to [0, 1]; the released code leaves that to the reader.",
        "The map of 10 x 10 is brought to the input's size by repetition (the release: to 256 x 256), then to the "
        "picture's by bilinear interpolation.",
    ),
    fails_on=("small changes: one value of the map stands for a thirtieth of the face", "pictures without a face"),
    source="https://arxiv.org/abs/2103.05630",
)

SIDE = 299


class XceptionRegression(nn.Module):
    """`(n, 3, h, w)` in [0, 1] to maps of change `(n, h, w)`, not clipped, and image logits `(n,)`."""

    def __init__(self, share: float = 1.0) -> None:
        super().__init__()
        self.xception = Xception(2, share)
        self.seg = nn.Conv2d(self.xception.channels, 1, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Logits are those of the class forged less those of the class real, which comes first."""
        features = self.xception.features(pixels)
        real, forged = self.xception.fc(features.mean((2, 3))).unbind(1)
        maps = functional.interpolate(self.seg(features), tuple(pixels.shape[2:]), mode="nearest")
        return maps[:, 0], forged - real


class ForgeryNetSpatial:
    """The localizer: a face squeezed to 299 x 299, a coarse map of change, and the class on the same features."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"share": 1 / 32, "side": 96}
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 2e-4,
        "weight_decay": 0.0,
        "batch_size": 32,
        "schedule": "cosine",
        "epochs": 10,
        "launder": False,
    }

    def __init__(self, share: float = 1.0, side: int = SIDE) -> None:
        self.tile, self.overlap = side, 0
        self._network = XceptionRegression(share)

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to maps `(n, h, w)` and image logits `(n,)`."""
        return self._network

    def mask(self, image: np.ndarray) -> np.ndarray:
        """How much each pixel was changed, float32 `(h, w)` in [0, 1], of a uint8 HWC face of any size."""
        height, width = image.shape[:2]
        map_ = Image.fromarray(self._run(image)[0].astype(np.float32))
        return np.clip(np.asarray(map_.resize((width, height), Image.Resampling.BILINEAR)), 0, 1)

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = manipulated: that of the class."""
        return np.asarray([self._run(image)[1] for image in images], dtype=np.float32)

    def augment(self, crop: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Mirrors crop and mask alike with probability one half."""
        return (crop[:, ::-1], mask[:, ::-1]) if rng.random() < 0.5 else (crop, mask)

    def loss(self, output: tuple[Tensor, Tensor], masks: Tensor) -> Tensor:
        """Squared error of the map plus cross-entropy of the class; `masks` is `(n, h, w)`, how much was changed."""
        maps, logits = output
        forged = (masks.flatten(1).amax(1) > 0).float()
        return functional.mse_loss(maps, masks) + functional.binary_cross_entropy_with_logits(logits, forged)

    def load(self, path: str) -> None:
        """Load our own file, or the released classifier, which leaves the map head as it is; strictly.

        Errors: WeightError.
        """
        tensors = published(load_tensors(path))
        if any(name.startswith("xception.") for name in tensors):
            load_strict(self._network, tensors, path)
        else:
            load_strict(self._network.xception, tensors, path)

    def save(self, path: str) -> None:
        """Write safetensors."""
        save(path, self._network.state_dict(), system=self.card.slug)

    def _run(self, image: np.ndarray) -> tuple[np.ndarray, float]:
        training = self._network.training
        self._network.eval()
        try:
            with torch.inference_mode():
                maps, logits = self._network(torch.from_numpy(to_network(squash(image, self.tile)[None])))
        finally:
            self._network.train(training)
        return maps[0].numpy(), float(logits[0])
