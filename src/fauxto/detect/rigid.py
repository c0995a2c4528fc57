"""RIGID: how far a little noise moves a picture in the embedding of a self-supervised encoder (He et al., 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.errors import InputError
from fauxto.learn.checkpoint import load_trained, save_trained
from fauxto.media.crops import CropSpec, to_network
from fauxto.media.squash import squash
from fauxto.nn.backbone import Tower, open_backbone
from fauxto.nn.scoring import score_images
from fauxto.score.roc import auc

CARD = Card(
    slug="rigid",
    kinds=("detector",),
    title="RIGID: A Training-free and Model-Agnostic Framework for Robust AI-Generated Image Detection",
    venue="arXiv",
    year=2024,
    idea="In a self-supervised embedding, noise moves a photograph less than it moves a generated picture.",
    input=Input(size=224, resize="required", crop="the whole picture, aspect lost"),
    output="one logit, drop of cosine similarity above a threshold set on reals, higher = generated",
    claim="The drop of similarity under noise, with a direction found on a calibration split, tells generated pictures "
    "from photographs on a test split, and an encoder that has learned does it better than a random one.",
    gmac=162.0,
    parameters=303_228_928,
    choices=(
        "Noise of 0.05 is added to the normalised picture, 0.011 in pixels of [0, 1], and not clipped; ports that add "
        "0.05 to pixels use five times more, and there the score is known to turn round.",
        "One fixed noise pattern for all pictures, drawn from a stated seed: a picture's score then depends on the "
        "picture alone, and the network can be exported. `draws` averages over several.",
        "No threshold is published: `calibrate` takes the 95th percentile of the drop on reals, and the direction of "
        "the score from a calibration split when fakes are given.",
        "1 - cos is half the squared distance of unit vectors: near 1, float32 cosines have no digits left.",
        "variant='minder' is the later rule of arXiv 2411.19117: the smaller of the noise score (0.009 in pixels, 3 "
        "draws) and a contrast of blurred against sharpened pictures (deviation of 0.55 pixels).",
    ),
    fails_on=("faces", "noise on the scale of pixels instead of the normalised picture", "half precision"),
    source="https://arxiv.org/abs/2405.20112",
)

SEED = 2405
NOISE = 0.05
"""Of the normalised picture."""
MINDER_NOISE, MINDER_DRAWS, MINDER_BLUR = 0.009, 3, 0.55


class Sensitivity(nn.Module):
    """How far noise moves a picture: `(n, 3, size, size)` in [0, 1] to 1 - cosine similarity `(n,)`, from 0 to 2."""

    noise: Tensor

    def __init__(
        self, backbone: Tower, strength: float, space: Literal["normalised", "pixels"], draws: int, blur: float | None
    ) -> None:
        """`strength` is the deviation of the noise in `space`; `blur` in pixels adds MINDER's second score."""
        super().__init__()
        self.backbone = backbone
        generator = torch.Generator().manual_seed(SEED)
        noise = torch.randn(draws, 3, backbone.size, backbone.size, generator=generator) * strength
        self.register_buffer("noise", noise * backbone.std if space == "normalised" else noise, persistent=False)
        self.blur = blur

    def forward(self, pixels: Tensor) -> Tensor:
        """The mean over the draws; with `blur` the smaller of that and the distance of blurred and sharpened."""
        here = self._unit(pixels)
        moved = torch.stack([half_square(here - self._unit(pixels + delta)) for delta in self.noise]).mean(0)
        if self.blur is None:
            return moved
        soft = gaussian_blur(pixels, self.blur)
        sharp = (2 * pixels - soft).clamp(0, 1)
        return torch.minimum(moved, half_square(self._unit(soft) - self._unit(sharp)))

    def _unit(self, pixels: Tensor) -> Tensor:
        return functional.normalize(self.backbone(pixels).float(), dim=1)


class RIGIDNetwork(nn.Module):
    """Sensitivity above a threshold: `(n, 3, size, size)` in [0, 1] to `(n,)` logits."""

    threshold: Tensor
    gain: Tensor

    def __init__(self, sensitivity: Sensitivity) -> None:
        super().__init__()
        self.sensitivity = sensitivity
        self.register_buffer("threshold", torch.zeros(()))
        self.register_buffer("gain", torch.ones(()))

    def forward(self, pixels: Tensor) -> Tensor:
        """Uncalibrated the drop itself; calibrated in deviations of reals above their threshold."""
        return (self.sensitivity(pixels) - self.threshold) * self.gain


class RIGID:
    """The detector: nothing is trained; a threshold and a direction come from pictures whose answer is known."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny"}

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        backbone: str | Path | Tower | None = None,
        noise: float | None = None,
        space: Literal["normalised", "pixels"] | None = None,
        draws: int | None = None,
        variant: Literal["rigid", "minder"] = "rigid",
    ) -> None:
        """`backbone` is a path to DINOv2, "efficientnet-lite0", "tiny" or a tower. Errors: WeightError without one.

        What is None is the variant's own: noise 0.05 of the normalised picture and one draw, or MINDER's.
        """
        tower = open_backbone(backbone, "dinov2")
        minder = variant == "minder"
        self.crop = crop or CropSpec(tower.size, 1)
        strength = noise if noise is not None else (MINDER_NOISE if minder else NOISE)
        where = space or ("pixels" if minder else "normalised")
        count = draws or (MINDER_DRAWS if minder else 1)
        self._network = RIGIDNetwork(Sensitivity(tower, strength, where, count, MINDER_BLUR if minder else None))
        self._identity = tower.identity

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(1, 3, size, size)` in [0, 1], squeezed."""
        return to_network(squash(image, self.crop.size)[None])

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def drops(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """1 - cosine similarity of each picture, `(len(images),)`, before threshold and direction."""
        return score_images(self._network.sensitivity, self.preprocess, images)

    def calibrate(
        self, reals: Sequence[np.ndarray], fakes: Sequence[np.ndarray] = (), false_alarms: float = 0.05
    ) -> None:
        """Set threshold and scale on real pictures, and the direction where fakes of a calibration split are given.

        Afterwards a logit above 0 is what at most `false_alarms` of the reals show. Without fakes the published
        direction is taken. Errors: InputError without reals.
        """
        if not len(reals):
            raise InputError("RIGID is calibrated on real pictures; got none.", fix="Give some hundred photographs.")
        real, fake = self.drops(reals), self.drops(fakes)
        sign = -1.0 if len(fake) and auc(real, fake) < 0.5 else 1.0
        threshold = sign * float(np.quantile(sign * real, 1 - false_alarms, method="higher"))
        self._network.threshold.fill_(threshold)
        self._network.gain.fill_(sign / max(float(real.std()), 1e-12))

    def load(self, path: str) -> None:
        """Load what `save` wrote. Errors: WeightError, also when it was calibrated on another backbone."""
        load_trained(self._network, path, backbone=self._identity)

    def save(self, path: str) -> None:
        """Write threshold and gain, with the identity of the backbone."""
        save_trained(path, self._network, backbone=self._identity, system=self.card.slug)


def half_square(difference: Tensor) -> Tensor:
    """Half the squared length of `(n, d)`: 1 - cos where the two vectors have unit length."""
    return 0.5 * (difference * difference).sum(1)


def gaussian_blur(pixels: Tensor, deviation: float) -> Tensor:
    """Separable Gaussian of `deviation` pixels on `(n, 3, h, w)`, mirrored at the edges."""
    reach = max(1, round(3 * deviation))
    taps = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=pixels.device) / deviation) ** 2)
    kernel = (taps / taps.sum()).view(1, 1, 1, -1).repeat(3, 1, 1, 1)
    rows = functional.conv2d(functional.pad(pixels, (reach, reach, 0, 0), mode="reflect"), kernel, groups=3)
    kernel = kernel.transpose(-1, -2)
    return functional.conv2d(functional.pad(rows, (0, 0, reach, reach), mode="reflect"), kernel, groups=3)
