"""AEROBLADE: a picture that an autoencoder gives back unchanged may have come out of one (Ricker et al., CVPR 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from fauxto.catalog import Card, Input
from fauxto.errors import InputError
from fauxto.learn.checkpoint import load_trained, save_trained
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.autoencoder import open_autoencoder
from fauxto.nn.fixed_distance import FixedDistance
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="aeroblade",
    kinds=("detector",),
    title="AEROBLADE: Training-Free Detection of Latent Diffusion Images Using Autoencoder Reconstruction Error",
    venue="CVPR",
    year=2024,
    idea="The autoencoder of a latent diffusion model gives its own pictures back better than photographs.",
    input=Input(size=512, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit, minus the smallest reconstruction distance above a threshold, higher = generated",
    claim="Reconstruction error through the autoencoder that made a picture tells it from photographs better than "
    "error through another autoencoder, and better than the complexity of the picture does.",
    gmac=1815.6,
    parameters=83_653_863,
    choices=(
        "The published distance is the second layer of LPIPS with VGG-16, whose weights are not at hand: here the same "
        "formula on the fixed filters of the spatial rich model at three scales.",
        "The mean of the latent posterior is decoded, not a sample of it.",
        "Several autoencoders may be given; the smallest distance counts, as published.",
        "No threshold is published: `calibrate` takes the 5th percentile of the distance on photographs.",
    ),
    fails_on=(
        "generators that do not end on a known autoencoder: GANs, pixel diffusion",
        "smooth photographs, which any autoencoder gives back well",
        "JPEG and re-sized copies",
    ),
    source="https://github.com/jonasricker/aeroblade",
)

Autoencoder = str | Path | nn.Module


class AEROBLADENetwork(nn.Module):
    """`(n, 3, h, w)` in [0, 1] to `(n,)`: threshold minus the smallest distance to a reconstruction, times a gain."""

    threshold: Tensor
    gain: Tensor

    def __init__(self, autoencoders: Sequence[nn.Module]) -> None:
        super().__init__()
        self.autoencoders = nn.ModuleList(autoencoders)
        self.distance = FixedDistance()
        self.register_buffer("threshold", torch.zeros(()))
        self.register_buffer("gain", torch.ones(()))

    def forward(self, pixels: Tensor) -> Tensor:
        """Uncalibrated, minus the distance itself."""
        return (self.threshold - self.distances(pixels).amin(1)) * self.gain

    def distances(self, pixels: Tensor) -> Tensor:
        """The distance to the reconstruction of each autoencoder, `(n, autoencoders)`."""
        return torch.stack([self.distance(pixels, own(pixels)) for own in self.autoencoders], 1)


class AEROBLADE:
    """The detector: nothing is trained; a threshold comes from photographs."""

    card: ClassVar[Card] = CARD
    small: ClassVar[dict[str, Any]] = {"backbone": "tiny", "crop": CropSpec(64, 1)}

    def __init__(
        self, crop: CropSpec | None = None, *, backbone: Autoencoder | Sequence[Autoencoder] | None = None
    ) -> None:
        """`backbone` is the folder of a diffusers autoencoder, "tiny", a module from pictures to pictures, or several.

        Errors: WeightError without one.
        """
        several = backbone if isinstance(backbone, Sequence) and not isinstance(backbone, str) else (backbone,)
        autoencoders = [open_autoencoder(one) for one in several]
        self.crop = crop or CropSpec(512, 1)
        self._identity = "+".join(getattr(one, "identity", type(one).__name__) for one in autoencoders)
        self._network = AEROBLADENetwork(autoencoders).eval()

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, size, size)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def calibrate(self, reals: Sequence[np.ndarray], false_alarms: float = 0.05) -> None:
        """Set threshold and gain from uint8 photographs.

        Afterwards a logit above 0 is what at most `false_alarms` of them show, and each 1 more a standard deviation
        of theirs beyond that. Errors: InputError without photographs.
        """
        if not len(reals):
            raise InputError("AEROBLADE is calibrated on photographs; got none.", fix="Give some hundred photographs.")
        self._network.threshold.zero_()
        self._network.gain.fill_(1)
        distances = -self.score(reals)
        self._network.threshold.fill_(float(np.quantile(distances, false_alarms, method="lower")))
        self._network.gain.fill_(1 / max(float(distances.std()), 1e-12))

    def load(self, path: str) -> None:
        """Load what `save` wrote for the same autoencoders, strictly. Errors: WeightError."""
        load_trained(self._network, path, backbone=self._identity)

    def save(self, path: str) -> None:
        """Write threshold and gain as safetensors, with the identity of the autoencoders."""
        save_trained(path, self._network, backbone=self._identity, system=self.card.slug)
