"""The claim of ImagiNet's baseline: SelfCon by origin and generator makes a better feature than plain training.

Better means two things: the small head on it detects re-posted pictures, and generators lie apart in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import compare, fit, laptop_result, seeded, smoke_result, to_tensor
from fauxto.claims.resampled_corpus import SEEDS_APART, Resampler, redraw
from fauxto.claims.spectral_bands import BANDS, band_powers
from fauxto.claims.upsampling_corpus import crop
from fauxto.data.worlds.camera import photograph
from fauxto.detect.imaginet import CARD, Contrast, Detect, ImagiNet, Model, contrastive_loss
from fauxto.errors import InputError
from fauxto.launder import apply
from fauxto.nn.contrastive import self_contrastive, supervised_contrastive

SEEDS = (0, 1, 2)
SIDE = 32
GENERATORS: tuple[Resampler, ...] = ("nearest", "bilinear", "lanczos")
HEAD_SHARE = 0.2
"""Share of the steps that the head gets in the SelfCon arm; the plain arm trains on for as long."""


def run(scale: Scale) -> ClaimResult:
    """SelfCon against plain training on a few numbers a picture ("smoke"), or on pictures over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs the ImagiNet set, which fauxto cannot fetch by itself.", fix="Use laptop.")


class BandEncoder(nn.Module):
    """Band powers to a feature of four numbers, with an exit half way: `(n, 12)` to `(n, 2, 4)`, exit first."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(BANDS, 32), nn.ReLU())
        self.exit = nn.Linear(32, 4)
        self.second = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, powers: Tensor) -> Tensor:
        """See the class."""
        early = self.first(powers)
        return torch.stack((self.exit(early), self.second(early)), 1)


def smoke() -> ClaimResult:
    """The two losses on a small encoder of band powers: which feature lets a linear probe name the generator?"""
    checks = exact_checks()
    (lessons, labels), (exam, answers) = (_pictures(seed, 40) for seed in (0, 1))
    powers = [band_powers(list(_repost(pictures, 64))) for pictures in (lessons, exam)]
    middle, scale = powers[0].mean(0), powers[0].std(0)
    taught, tested = (torch.from_numpy((p - middle) / scale).float() for p in powers)
    found = {arm: _encoded(arm, taught, torch.from_numpy(labels)) for arm in ("selfcon", "plain")}
    fakes, new = labels > 0, answers > 0
    probes = {
        arm: _linear(encode(taught)[fakes], labels[fakes], encode(tested)[new], answers[new])
        for arm, encode in found.items()
    }
    measured, control = probes["selfcon"], probes["plain"]
    return smoke_result(
        CARD,
        measured,
        control,
        statement="SelfCon by origin and generator separates generators in a feature of four numbers better than plain "
        "training does.",
        unit="accuracy of a linear probe for the generator on the feature of re-posted fakes, three generators",
        rule="every exact check passes and measured > control",
        holds=measured > control,
        checks=checks,
        note="Smoke trains a small encoder of band powers; the network is what laptop trains.",
    )


def _encoded(arm: str, powers: Tensor, labels: Tensor, steps: int = 300) -> Callable[[Tensor], np.ndarray]:
    """Train the encoder by one of the two losses; gives powers to the feature."""
    encoder, head = seeded(BandEncoder, 0), seeded(lambda: nn.Linear(4, 1), 1)
    optimizer = torch.optim.Adam([*encoder.parameters(), *head.parameters()], lr=1e-2)
    for _ in range(steps):
        outputs = encoder(powers)
        if arm == "selfcon":
            loss = contrastive_loss(outputs, labels > 0, labels - 1)
        else:
            loss = _origin(head(outputs[:, 1])[:, 0], labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def encode(rows: Tensor) -> np.ndarray:
        with torch.inference_mode():
            return encoder(rows)[:, 1].numpy()

    return encode


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 100, test: int = 100, epochs: int = 16) -> ClaimResult:
    """The two losses on a small no-down ResNet, on equal pictures, augmentation and steps."""
    checks = exact_checks()
    arms = {"selfcon": _selfcon, "plain": _plain}
    areas: dict[str, list[float]] = {arm: [] for arm in arms}
    probes: dict[str, list[float]] = {arm: [] for arm in arms}
    for seed in seeds:
        lessons, exam = _pictures(2 * seed, train), _pictures(2 * seed + 1, test)
        for arm, teach in arms.items():
            model = teach(lessons, seed, epochs)
            areas[arm].append(_detection(model, *exam))
            probes[arm].append(_probe(model, lessons, exam))
    naming = compare(probes["selfcon"], probes["plain"])
    detecting = compare(areas["selfcon"], areas["plain"])
    return laptop_result(
        CARD,
        detecting,
        unit="AUC of detection on re-posted pictures",
        rule="every exact check passes and SelfCon beats plain training by more than the seed spread, in detection and "
        "in the accuracy of a linear probe for the generator",
        seeds=seeds,
        checks=checks,
        holds=naming.holds and detecting.holds,
        details={
            "AUC of detection, by arm and seed": areas,
            "probe accuracy, by arm and seed": probes,
            "margin of the probe": naming.to_dict(),
            "set-up": f"{train} photographs and as many fakes of each of {', '.join(GENERATORS)}, {SIDE} px crops, "
            f"{epochs} epochs, a no-down ResNet of two blocks, a sixteenth of the width",
        },
    )


def exact_checks() -> tuple[Check, ...]:
    """What holds of the losses and the network to the last digits."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(12, 2, 8, generator=generator, dtype=torch.float64)
    labels = torch.arange(12) % 3
    apart = float((self_contrastive(vectors[:, :1], labels) - supervised_contrastive(vectors[:, 0], labels)).abs())
    cached = _cached_gradient_error(vectors[:, 0], labels)
    with torch.device("meta"):
        parameters = sum(p.numel() for p in ImagiNet().network().parameters())
    return (
        Check("SelfCon without the exit is SupCon", apart == 0, f"differs by {apart:.1e}"),
        Check("gradient caching gives the direct gradient", cached < 1e-5, f"differs by {cached:.1e}"),
        Check("25,611,329 parameters", parameters == 25_611_329, f"{parameters:,}"),
    )


def _cached_gradient_error(inputs: Tensor, labels: Tensor) -> float:
    """The largest difference of a linear layer's gradient, direct and in chunks of 5."""
    layer = seeded(lambda: nn.Linear(8, 4, dtype=torch.float64), 0)
    supervised_contrastive(layer(inputs), labels).backward()
    direct = [p.grad.clone() for p in layer.parameters() if p.grad is not None]
    layer.zero_grad()
    outputs = layer(inputs).detach().requires_grad_(True)
    supervised_contrastive(outputs, labels).backward()
    assert outputs.grad is not None
    for start in range(0, len(inputs), 5):
        layer(inputs[start : start + 5]).backward(outputs.grad[start : start + 5])
    cached = [p.grad for p in layer.parameters() if p.grad is not None]
    return max(float((a - b).abs().max()) for a, b in zip(direct, cached, strict=True))


def _pictures(seed: int, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Photographs (label 0) and fakes of other scenes (1, 2, 3 by generator), uint8 64 px, saved alike."""
    scenes = iter(range(seed * SEEDS_APART, (seed + 1) * SEEDS_APART))
    pictures = [photograph(next(scenes), 64) for _ in range(count)]
    for generator in GENERATORS:
        pictures += [redraw(photograph(next(scenes), 64), generator, 1.0) for _ in range(count)]
    return [apply(p, "jpeg:92") for p in pictures], np.repeat(range(1 + len(GENERATORS)), count)


Labelled = tuple[list[np.ndarray], np.ndarray]
"""Pictures, and 0 for real or 1, 2, 3 by generator."""


def _train(
    network: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], lessons: Labelled, *, seed: int, epochs: int
) -> None:
    pictures, labels = lessons
    detector = ImagiNet(**ImagiNet.small)
    reals, fakes = np.flatnonzero(labels == 0), np.flatnonzero(labels)
    order = np.concatenate([np.tile(reals, len(GENERATORS)), fakes])  # half of what is drawn is real

    def draw(index: int, rng: np.random.Generator) -> np.ndarray:
        return detector.augment(crop(pictures[order[index]], SIDE, rng), rng)

    fit(network, draw, labels[order], loss, seed=seed, epochs=epochs, learning_rate=3e-3)


def _selfcon(lessons: Labelled, seed: int, epochs: int) -> Model:
    """The feature by SelfCon, then the head on the frozen feature."""
    model = _new(seed)
    head = max(1, round(HEAD_SHARE * epochs))

    def both(outputs: Tensor, labels: Tensor) -> Tensor:
        return contrastive_loss(outputs, labels > 0, labels.long() - 1)

    _train(Contrast(model), both, lessons, seed=seed, epochs=epochs - head)
    model.detection.feature.requires_grad_(False)
    _train(Detect(model), _origin, lessons, seed=seed + 1, epochs=head)
    return model.eval()


def _plain(lessons: Labelled, seed: int, epochs: int) -> Model:
    """The same network and head, trained as one by binary cross-entropy for as many steps."""
    model = _new(seed)
    _train(Detect(model), _origin, lessons, seed=seed, epochs=epochs)
    return model.eval()


def _new(seed: int) -> Model:
    model = seeded(lambda: Model((1, 1), 4, len(GENERATORS)), seed)
    assert isinstance(model, Model)
    return model


def _origin(logits: Tensor, labels: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(logits, (labels > 0).float())


def _repost(pictures: Sequence[np.ndarray], side: int) -> Iterator[np.ndarray]:
    """After the social network: a crop, then JPEG or WebP of quality 60 to 100 three times in four."""
    for index, picture in enumerate(pictures):
        rng = np.random.default_rng((0x505, index))
        window = crop(picture, side, rng)
        if rng.random() < 0.75:
            window = apply(window, f"{rng.choice(['jpeg', 'webp'])}:{rng.integers(60, 101)}")
        yield window


def _detection(model: Model, pictures: list[np.ndarray], labels: np.ndarray) -> float:
    with torch.inference_mode():
        logits = model.detection(to_tensor(list(_repost(pictures, SIDE)))).numpy()
    return round(float(roc_auc_score(labels > 0, logits)), 4)


def _probe(model: Model, lessons: Labelled, exam: Labelled) -> float:
    """Accuracy of a logistic regression from the feature to the generator, fakes only."""
    rows = []
    for pictures, labels in (lessons, exam):
        fakes = [picture for picture, label in zip(pictures, labels, strict=True) if label]
        with torch.inference_mode():
            feature = model.detection.feature(to_tensor(list(_repost(fakes, SIDE)))).numpy()
        rows.append((feature, labels[labels > 0]))
    return _linear(*rows[0], *rows[1])


def _linear(features: np.ndarray, names: np.ndarray, tested: np.ndarray, answers: np.ndarray) -> float:
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(features, names)
    return round(float(probe.score(tested, answers)), 4)
