"""ImagiNet's baseline: a ResNet-50 without early down-sampling, trained by SelfCon; two small heads (2024)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.catalog import Card, Input, Weights
from fauxto.errors import WeightError
from fauxto.launder import apply
from fauxto.learn.checkpoint import load_strict, load_tensors, metadata_of, save
from fauxto.learn.stage import Stage
from fauxto.media.crops import CropSpec, cut, take, to_network
from fauxto.nn.contrastive import self_contrastive
from fauxto.nn.resnet import RESNET50, ImageNetNormalised, ResNetTrunk, start_from_file
from fauxto.nn.scoring import score_images

CARD = Card(
    slug="imaginet",
    kinds=("detector", "attributor"),
    title="ImagiNet: A Multi-Content Benchmark for Synthetic Image Detection",
    venue="arXiv",
    year=2024,
    idea="Supervised self-contrastive learning by origin and by generator shapes one feature; a small head on the "
    "frozen feature tells generated from real, another one names the generator.",
    input=Input(size=256, resize="forbidden", crop="native-resolution centre crop, even offset, mirrored if smaller"),
    output="one logit, higher = generated; and a distribution over the generators of the training data",
    claim="SelfCon by origin and generator, then a small head, detects re-posted pictures better than plain training "
    "of the same network, and its feature separates generators better.",
    weights=(
        Weights(
            name="imaginet_weights.pt",
            url="https://github.com/delyan-boychev/imaginet",
            licence="none stated",
            layout="'model': encoder.* (shortcut for downsample, selfcon_layer.1), head.{0,2}, sub_heads.0.{0,2}; "
            "'classifier': 0 (BatchNorm), 1, 4",
        ),
        Weights(
            name="ckpt_model_detection.pth",
            url="https://github.com/delyan-boychev/imaginet",
            licence="none stated",
            layout="'model' as above, an encoder of its own; 'classifier': 1 and 3, after normalising the feature; "
            "outputs GAN, SD, Midjourney, DALL-E 3",
        ),
    ),
    gmac=83.6,
    parameters=25_611_329,
    choices=(
        "Both heads stand on the one feature that is trained here; the published two heads have an encoder each.",
        "Steps are shared 80, 10 and 10 % among feature, detection head and generator head; published: 400 epochs, "
        "then 5 on a separate list of 80 pictures. No calibration on the test domain takes place.",
        "Training crops get one of JPEG, WebP, blur or noise as published; blur is Gaussian with the deviation that "
        "kernels of 3 to 7 pixels stand for.",
        "No gradient caching: a batch is as large as memory allows.",
        "Starts from random weights unless a backbone trained on ImageNet is given, which the published one was.",
    ),
    fails_on=("generators unlike those of its training data", "StyleGAN3 paintings, its weakest published group"),
    source="https://github.com/delyan-boychev/imaginet",
)

PUBLISHED_GENERATORS = ("GAN", "SD", "Midjourney", "DALL-E 3")
"""What the four outputs of the published identification head stand for."""

PROJECTED = 128
"""Numbers in a vector that the contrastive loss compares."""

HIDDEN = 1024
"""Width of the hidden layer of both heads."""


RENAMED = {
    "encoder.selfcon_layer.1.": "exit.",
    "sub_heads.0.": "sub_head.",
    "encoder.": "detection.feature.encoder.",
}
"""How names begin in the released files, and here; the first that fits counts."""


class Unit(nn.Module):
    """Each row over its length."""

    def forward(self, features: Tensor) -> Tensor:
        """`(n, d)` to `(n, d)`."""
        return functional.normalize(features, dim=1)


class Feature(nn.Module):
    """Pixels to features: `(n, 3, h, w)` in [0, 1] to `(n, features)`, at full resolution up to the second layer."""

    def __init__(self, blocks: tuple[int, ...] = RESNET50, width: int = 64) -> None:
        super().__init__()
        self.normalise = ImageNetNormalised()
        self.encoder = ResNetTrunk(blocks, width, early_stride=1)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.encoder(self.normalise(pixels))


class Detection(nn.Module):
    """The feature and the detection head: `(n, 3, h, w)` to `(n,)` logits."""

    def __init__(self, feature: Feature) -> None:
        super().__init__()
        self.feature = feature
        width = feature.encoder.features
        self.classifier = nn.Sequential(
            nn.BatchNorm1d(width), nn.Linear(width, HIDDEN), nn.ReLU(), nn.Dropout(0.2), nn.Linear(HIDDEN, 1)
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """The feature goes in as it is: the published weights expect no normalisation."""
        return self.classifier(self.feature(pixels))[:, 0]


class Model(nn.Module):
    """Everything that is trained or loaded: feature, exit, projections, both heads."""

    def __init__(self, blocks: tuple[int, ...], width: int, generators: int) -> None:
        super().__init__()
        self.detection = Detection(Feature(blocks, width))
        features = self.detection.feature.encoder.features
        self.exit = nn.Linear(width * 2 * 4, features)
        self.head = _projection(features)
        self.sub_head = _projection(features)
        self.identification = nn.Sequential(
            Unit(), nn.Linear(features, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, generators)
        )


class Contrast(nn.Module):
    """What the contrastive loss sees: `(n, 3, h, w)` to `(n, 2, 128)`, the exit behind layer2 and the end."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """Vectors of any length; the loss normalises."""
        feature = self.model.detection.feature
        maps = feature.encoder.stages(feature.normalise(pixels))
        early = self.model.sub_head(self.model.exit(maps[1].mean((2, 3))))
        return torch.stack((early, self.model.head(maps[-1].mean((2, 3)))), 1)


class Detect(nn.Module):
    """The detection head on a feature that stands still but for its batch statistics: `(n, 3, h, w)` to `(n,)`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.model.detection(pixels)


class Identify(nn.Module):
    """The generator head on the feature as it is scored with: `(n, 3, h, w)` to `(n, generators)`."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        feature = self.model.detection.feature.eval()  # it must stay the one that the detection head was fitted to
        return self.model.identification(feature(pixels))


class ImagiNet:
    """The system: `score` says how generated a picture looks, `identify` which of the known generators made it."""

    card: ClassVar[Card] = CARD
    recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "sgd",
        "learning_rate": 5e-3,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "batch_size": 200,
        "schedule": "cosine",
        "epochs": 400,
    }
    head_recipe: ClassVar[dict[str, Any]] = {
        "optimizer": "adam",
        "learning_rate": 1e-4,
        "weight_decay": 1e-3,
        "batch_size": 200,
        "schedule": "constant",
        "epochs": 5,
    }
    small: ClassVar[dict[str, Any]] = {"crop": CropSpec(64, 1), "blocks": (1, 1, 1, 1), "width": 8}

    def __init__(
        self,
        crop: CropSpec | None = None,
        *,
        generators: Sequence[str] = PUBLISHED_GENERATORS,
        backbone: str | None = None,
        blocks: tuple[int, ...] = RESNET50,
        width: int = 64,
    ) -> None:
        """`generators` name the outputs of the second head; `backbone` is the path of a ResNet-50 to start from."""
        self.crop = crop or CropSpec(256, 1)
        self.generators = tuple(generators)
        self.detects = self.identifies = True
        self._model = Model(blocks, width, len(self.generators))
        if backbone is not None:
            start_from_file(self._model.detection.feature.encoder, backbone)

    def preprocess(self, image: np.ndarray) -> np.ndarray:
        """uint8 HWC RGB of any size to float32 `(k, 3, size, size)` in [0, 1]."""
        height, width = image.shape[:2]
        return to_network(take(width, height, self.crop, lambda box: cut(image, box)))

    def network(self) -> nn.Module:
        """The module `(n, 3, h, w)` to `(n,)`: the feature and the detection head."""
        return self._model.detection

    def score(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """One logit a picture, `(len(images),)`, higher = generated. Errors: WeightError without a detection head."""
        if not self.detects:
            raise WeightError("These weights only name generators.", fix="Load imaginet_weights.pt to detect.")
        return score_images(self._model.detection, self.preprocess, images)

    def features(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """The feature of each picture, `(len(images), features)` float32, the mean over its windows."""
        return self._through(self._model.detection.feature, images)

    def identify(self, images: Sequence[np.ndarray]) -> list[dict[str, float]]:
        """For each picture the probability of each known generator, given that one of them made it; they add up to 1.

        The softmax of the second head. It knows no "unknown" and no "real": ask `score` first. Errors: WeightError
        without a generator head.
        """
        if not self.identifies:
            raise WeightError("These weights name no generators.", fix="Load ckpt_model_detection.pth, or train.")
        rows = self._through(Identify(self._model), images)
        chances = torch.from_numpy(rows).softmax(1).tolist()
        return [dict(zip(self.generators, row, strict=True)) for row in chances]

    def _through(self, network: nn.Module, images: Sequence[np.ndarray]) -> np.ndarray:
        training = network.training
        network.eval()
        try:
            with torch.inference_mode():
                rows = [network(torch.from_numpy(self.preprocess(image))).mean(0) for image in images]
        finally:
            network.train(training)
        return torch.stack(rows).numpy() if rows else np.empty((0, 0), np.float32)

    def augment(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """With one half one of JPEG, WebP, blur, noise; then quarter turns and a flip with a third each; uint8 HWC."""
        if rng.random() < 0.5:
            quality = rng.integers(50, 96)
            kernel = 2 * rng.integers(1, 4) + 1
            chosen = (
                str(rng.choice([f"jpeg:{quality}", f"webp:{quality}"])),
                f"blur:{0.3 * ((kernel - 1) / 2 - 1) + 0.8:.2f}",  # the deviation that OpenCV gives a kernel
                f"noise:{np.sqrt(rng.uniform(3, 10)):.3f}",
            )
            crop = apply(np.ascontiguousarray(crop), chosen[rng.integers(3)], seed=int(rng.integers(2**31)))
        if rng.random() < 0.33:
            crop = np.rot90(crop, int(rng.integers(4)))
        if rng.random() < 0.33:
            crop = crop[:, ::-1] if rng.random() < 0.5 else crop[::-1]
        return crop

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Binary cross-entropy of `(n,)` logits against `(n,)` labels, 1 = generated: that of the detection head."""
        return functional.binary_cross_entropy_with_logits(logits, labels)

    def stages(self, generators: Sequence[str]) -> Sequence[Stage]:
        """Feature, then detection head, then generator head with an output for each of `generators`."""
        model = self._model
        if tuple(generators) != self.generators:
            self.generators = tuple(generators)
            model.identification[3] = nn.Linear(HIDDEN, len(self.generators))
        contrast = Contrast(model)
        moving = nn.ModuleList([model.detection.feature, model.exit, model.head, model.sub_head])
        return (
            Stage("feature", contrast, moving, contrastive_loss, self.recipe, 0.8),
            Stage(
                "detection",
                Detect(model),
                model.detection.classifier,
                lambda logits, labels, _: self.loss(logits, labels),
                self.head_recipe,
                0.1,
            ),
            Stage("generator", Identify(model), model.identification, generator_loss, self.head_recipe, 0.1),
        )

    def load(self, path: str) -> None:
        """Load either released file, or our own, strictly. Errors: WeightError."""
        tensors = load_tensors(path)
        own = metadata_of(path).get("generators")
        if own is not None:
            self.stages(own)
            load_strict(self._model, tensors, path)
            self.detects = self.identifies = True
            return
        self.identifies = "classifier.3.weight" in tensors
        self.detects = not self.identifies
        part = "identification" if self.identifies else "detection.classifier"
        if self.identifies:
            self.stages(PUBLISHED_GENERATORS)
        other = "detection.classifier." if self.identifies else "identification."
        missing = {name: value for name, value in self._model.state_dict().items() if name.startswith(other)}
        load_strict(self._model, {_ours(name, part): value for name, value in tensors.items()} | missing, path)

    def save(self, path: str) -> None:
        """Write all parts and the names of the generators as safetensors."""
        save(path, self._model.state_dict(), system=self.card.slug, generators=list(self.generators))


def contrastive_loss(outputs: Tensor, labels: Tensor, generators: Tensor) -> Tensor:
    """SelfCon by origin over all pictures plus SelfCon by generator over the generated ones, weights 1 and 1."""
    fake = labels > 0.5
    return self_contrastive(outputs, labels.long()) + self_contrastive(outputs[fake], generators[fake])


def generator_loss(logits: Tensor, labels: Tensor, generators: Tensor) -> Tensor:
    """Cross-entropy over the generated pictures; real ones have no generator."""
    fake = labels > 0.5
    return functional.cross_entropy(logits[fake], generators[fake])


def _projection(features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(features, features), nn.ReLU(inplace=True), nn.Linear(features, PROJECTED))


def _ours(name: str, part: str) -> str:
    """The name in `Model` of a tensor of the released files; `part` is the head that their classifier is."""
    section, _, rest = name.partition(".")
    if section == "classifier":
        return f"{part}.{rest}"
    for old, new in RENAMED.items():
        if rest.startswith(old):
            return new + rest.removeprefix(old).replace(".shortcut.", ".downsample.")
    return rest
