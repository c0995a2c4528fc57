"""The spectral detector: how a picture's Fourier spectrum decays at the highest frequencies (Dzanic et al., 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input
from fauxto.errors import InputError
from fauxto.learn.checkpoint import load_strict, load_tensors, save
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.feature_classifiers import NearestNeighbours, Perceptron, SupportVectors
from fauxto.nn.radial_spectrum import RadialSpectrum
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="fourier",
    kinds=("detector",),
    title="A Closer Look at Fourier Spectrum Discrepancies for CNN-generated Images Detection",
    venue="CVPR",
    year=2021,
    idea="Three numbers tell how the spectrum decays at the highest frequencies; the last up-sampler decides them.",
    input=Input(size=256, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit, higher = generated",
    claim="A generator that ends on interpolation and a convolution evades the spectral detector that was trained on "
    "its twin with a transposed convolution; one that ends on zero insertion does not.",
    gmac=0.05,
    parameters=161,
    choices=(
        "Radii count from the zero frequency; the released code counts from the sample beside it, so that its features "
        "change when a picture is mirrored. `origin=1` repeats it.",
        "Gray is not rounded to 8 bits, and magnitudes are of the orthonormal transform in units of 8-bit levels: the "
        "released ones divided by the side, so that crops of other sides have comparable features.",
        "The features are absolute, as the released ones; `relative=True` divides them by the zero frequency, as the "
        "paper describes.",
        "Below 256 pixels 40 rings instead of 200: the outermost would be empty.",
        "The power law is fitted by Gauss-Newton steps from the logarithmic fit; the released code searches for the "
        "same minimum with Nelder-Mead.",
        "The perceptron is the default, because it trains by gradient; nearest neighbours and the support vector "
        "machine are fitted with `enrol`.",
        "Label 1 is generated; the released scripts have real = 1.",
    ),
    fails_on=("generators that end on interpolation", "JPEG, resizing, blur", "pictures of another contrast or side"),
    source="https://github.com/tarikdzanic/FourierSpectrumDiscrepancies",
)

Classifier = Perceptron | NearestNeighbours | SupportVectors

LUMA = (0.299, 0.587, 0.114)
INNER, FITTED = 0.5, 0.85
"""Radii, relative to the corner of the spectrum, where rings begin and where the fit begins."""

SMOOTHING = 5
FIT_STEPS = 8
STEEPEST = 60.0
"""Bound on the exponent: beyond it the last ring of the fit holds less than a ten-thousandth of the first."""


class DecayFeatures(nn.Module):
    """`(n, 3, s, s)` in [0, 1] to `(n, 3)`: exponent of the decay, first and last ring of the fitted range.

    Magnitudes of the gray picture, averaged over rings, smoothed over five; from radius 0.85 on
    y(x) = y_first (x / x_first)^b is fitted by least squares.
    """

    def __init__(self, *, relative: bool = False, origin: int = 0) -> None:
        super().__init__()
        self.relative, self.origin = relative, origin

    def forward(self, pixels: Tensor) -> Tensor:
        """Magnitudes in 8-bit levels of the orthonormal transform, or relative to the zero frequency's."""
        red, green, blue = LUMA
        gray = 255 * (red * pixels[:, 0] + green * pixels[:, 1] + blue * pixels[:, 2])
        mean = gray.mean((1, 2), keepdim=True)
        side = int(pixels.shape[-1])
        rings = RadialSpectrum(200 if side >= 256 else 40, INNER, origin=self.origin)
        first = int(rings.bins * (FITTED - INNER) / (1 - INNER) + 0.5)
        smooth = torch.from_numpy(_moving_average(rings.bins, SMOOTHING)[first:]).to(pixels)
        spectrum = rings(gray - mean) @ smooth.T
        radii = torch.from_numpy(rings.radii(side)[first:]).to(pixels)
        exponent = decay(radii / radii[0], spectrum / (spectrum[:, :1] + 1e-6))
        ends = spectrum[:, [0, -1]]
        if self.relative:
            ends = ends / (mean[:, 0] * side + 1e-6)
        return torch.cat((exponent[:, None], ends), dim=1)


def decay(x: Tensor, y: Tensor) -> Tensor:
    """The exponent b that fits y = x^b best by least squares, `(k,)` and `(n, k)` to `(n,)`; x from 1 on.

    A fixed number of Gauss-Newton steps, so that it exports and has a gradient; bounded to +-60.
    Oracle: Nelder-Mead on the sum of squares.
    """
    logarithm = x.log()
    b = (logarithm * y.clamp_min(1e-6).log()).sum(1) / logarithm.square().sum()
    for _ in range(FIT_STEPS):
        b = b.clamp(-STEEPEST, STEEPEST)
        fitted = (b[:, None] * logarithm).exp()
        slope = fitted * logarithm
        b = b - (slope * (fitted - y)).sum(1) / slope.square().sum(1)
    return b.clamp(-STEEPEST, STEEPEST)


class SpectrumNetwork(nn.Module):
    """Picture to decay features to classifier: `(n, 3, s, s)` in [0, 1] to `(n,)` logits."""

    def __init__(self, classifier: Classifier, features: DecayFeatures) -> None:
        super().__init__()
        self.features = features
        self.classifier: Classifier = classifier

    def forward(self, pixels: Tensor) -> Tensor:
        """The classifier standardises the features for itself."""
        return self.classifier(self.features(pixels))


class Spectrum:
    """The detector: native crop, three numbers of its spectrum's decay, a small classifier."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "batch_size": 200,
        "schedule": "constant",
        "epochs": 2000,
    }

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        classifier: Classifier | None = None,
        relative: bool = False,
        origin: int = 0,
    ) -> None:
        """`classifier` is a `Perceptron()` unless given; see the card's choices for `relative` and `origin`."""
        self.crop = crop or CropSpec(256, 1)
        self._network = SpectrumNetwork(classifier or Perceptron(), DecayFeatures(relative=relative, origin=origin))

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, s, s)` to `(n,)`."""
        return self._network

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated."""
        return score_images(self._network, self.preprocess, images)

    def features(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """The decay features of each picture, the mean over its windows, `(len(images), 3)`."""
        with torch.inference_mode():
            found = [self._network.features(torch.from_numpy(self.preprocess(image))).mean(0) for image in images]
        return torch.stack(found).numpy()

    def enrol(self, real_images: Sequence[np.ndarray], fake_images: Sequence[np.ndarray]) -> None:
        """Fit nearest neighbours or the support vector machine. Errors: InputError for the perceptron."""
        classifier = self._network.classifier
        if isinstance(classifier, Perceptron):
            raise InputError("The perceptron is trained by gradient.", fix="Use `fauxto train fourier`.")
        features = np.concatenate([self.features(real_images), self.features(fake_images)])
        classifier.fit(features, np.repeat([0, 1], [len(real_images), len(fake_images)]))

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Nothing: mirroring leaves the features as they are, and anything else would change them."""
        return crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def load(self, path: str) -> None:
        """Load our own file, strictly (the released classifiers have no weight file). Errors: WeightError."""
        tensors = load_tensors(path)
        classifier = self._network.classifier
        if not isinstance(classifier, Perceptron):
            classifier.adopt(tensors)
        load_strict(classifier, tensors, path)

    def save(self, path: str) -> None:
        """Write safetensors of the classifier."""
        save(path, self._network.classifier.state_dict(), system=self.card.slug)


def _moving_average(count: int, width: int) -> np.ndarray:
    """The matrix of a centred moving average whose window shrinks towards both ends; float32 `(count, count)`."""
    at = np.arange(count)
    reach = np.minimum(width // 2, np.minimum(at, count - 1 - at))
    window = np.abs(at[:, None] - at) <= reach[:, None]
    return (window / window.sum(1, keepdims=True)).astype(np.float32)
