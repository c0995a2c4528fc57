"""The claim of CNNDetection: blur and JPEG in training carry over to unseen generators' re-compressed pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import compare, fit, laptop_result, seeded, smoke_result, to_tensor
from fauxto.claims.resampled_corpus import RESAMPLERS, TRAIN_FAMILY, UNSEEN, Resampled, make_resampled
from fauxto.claims.spectral_bands import band_powers, fit_bands
from fauxto.claims.upsampling_corpus import crop, middle
from fauxto.detect.cnndetection import CARD, CNNDetection, CNNDetectionNetwork
from fauxto.errors import InputError
from fauxto.launder import apply
from fauxto.learn.augment import blur_and_jpeg
from fauxto.score.roc import auc

SEEDS = (0, 1, 2)
PICTURE, SIDE = 96, 64
"""Pixels a side of a picture and of a crop."""

POSTS = {"as made": "png", "re-compressed": "jpeg:60", "blurred and re-compressed": "blur:1|jpeg:75"}
"""What happens to test pictures, real and generated alike; "re-compressed" is what the claim is about."""

REAL = "real"
Posted = dict[str, dict[str, np.ndarray]]
"""By post, then by family (or `REAL`): test pictures, or a row of features for each."""

PROBABILITIES = {"blur and JPEG, 0.5": 0.5, "blur and JPEG, 0.1": 0.1, "none": 0.0}


def run(scale: Scale) -> ClaimResult:
    """The augmentation on a logistic regression ("smoke"), or on a small ResNet over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs ForenSynths, which fauxto cannot fetch by itself yet.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """The size of the published network, and that no picture is ever resized."""
    with torch.device("meta"):
        parameters = sum(p.numel() for p in CNNDetection().network().parameters())
    image = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)
    window = CNNDetection(**CNNDetection.small | {"crop": None}).preprocess(image)[0]
    same = np.array_equal((window * 255).round().transpose(1, 2, 0), image[38:262, 88:312])
    return (
        Check("23,510,081 parameters", parameters == 23_510_081, f"{parameters:,}"),
        Check("the network reads the middle 224 pixels as they are", same, "equal" if same else "changed"),
    )


def smoke() -> ClaimResult:
    """A logistic regression on band powers in place of the network, trained with and without blur and JPEG."""
    checks = exact_checks()
    corpus = make_resampled(0, PICTURE, train=60, test=60, share=1.0, encoding="png")
    posted = {
        post: {name: band_powers(pictures) for name, pictures in groups.items()}
        for post, groups in _post(corpus).items()
    }
    table = {name: _regression(corpus, posted, probability) for name, probability in PROBABILITIES.items()}
    measured, control = (_unseen(table[name]) for name in ("blur and JPEG, 0.5", "none"))
    return smoke_result(
        CARD,
        measured,
        control,
        statement="Blur and JPEG in training carry a spectral classifier over to unseen, re-compressed up-samplers.",
        unit=f"mean AUC over {', '.join(UNSEEN)}, saved as {POSTS['re-compressed']}, trained on {TRAIN_FAMILY}",
        rule="every exact check passes and measured > control",
        holds=measured > control,
        checks=checks,
        details={"AUC by augmentation, post and family": table},
        note="Smoke trains a logistic regression on band powers; the network is what laptop trains.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 125, test: int = 100, epochs: int = 8) -> ClaimResult:
    """The small sibling of the network, trained on one up-sampler with and without the augmentation."""
    checks = exact_checks()
    arms = ("blur and JPEG, 0.5", "none")
    table: dict[str, list[dict[str, dict[str, float]]]] = {arm: [] for arm in arms}
    for seed in seeds:
        corpus = make_resampled(seed, PICTURE, train=train, test=test, share=1.0, encoding="png")
        posted = _post(corpus)
        for arm in arms:
            table[arm].append(_network(corpus, posted, PROBABILITIES[arm], seed, epochs))
    margin = compare(*([_unseen(row) for row in table[arm]] for arm in arms))
    learned = float(np.mean([row["as made"][TRAIN_FAMILY] for row in table["none"]]))
    return laptop_result(
        CARD,
        margin,
        unit=f"mean AUC over {', '.join(UNSEEN)}, saved as {POSTS['re-compressed']}, trained on {TRAIN_FAMILY}",
        rule="every exact check passes, the control has learned its own family (AUC above 0.9), and the augmentation "
        "gains more than the seed spread",
        seeds=seeds,
        checks=checks,
        holds=learned > 0.9 and margin.holds,
        details={
            "AUC of the control on its own family, as made": round(learned, 4),
            "AUC by augmentation, seed, post and family": table,
            "set-up": f"{train} + {train} pictures, 4 crops of {SIDE} px an epoch, {epochs} epochs, {test} test "
            "pictures a class, a ResNet of one block a layer and an eighth of the width",
        },
        note=""
        if learned > 0.9
        else "The control never learned its own family: nothing follows about the augmentation.",
    )


def _regression(corpus: Resampled, posted: Posted, probability: float) -> dict[str, dict[str, float]]:
    """`posted` holds band powers in place of pictures: they are the same for every model."""
    pictures, labels = corpus.train
    rng = np.random.default_rng(0)
    shown = [blur_and_jpeg(crop(picture, SIDE, rng), probability, rng) for _ in range(3) for picture in pictures]
    return _areas(posted, fit_bands(shown, np.tile(labels, 3)).decision_function)


def _network(
    corpus: Resampled, posted: Posted, probability: float, seed: int, epochs: int
) -> dict[str, dict[str, float]]:
    pictures, labels = corpus.train
    detector = CNNDetection(**CNNDetection.small, probability=probability)

    def draw(index: int, rng: np.random.Generator) -> np.ndarray:
        return detector.augment(crop(pictures[index % len(pictures)], SIDE, rng), rng)

    network = seeded(lambda: CNNDetectionNetwork((1, 1, 1, 1), 8), seed)
    fit(network, draw, np.tile(labels, 4), detector.loss, seed=seed, epochs=epochs, learning_rate=3e-3)

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            batches = np.array_split(images, len(images) // 64 + 1)
            return torch.cat([network(to_tensor(list(batch))) for batch in batches]).numpy()

    return _areas(posted, logits)


def _post(corpus: Resampled) -> Posted:
    """The middle of every test picture after each post, uint8 `(n, SIDE, SIDE, 3)` a class and family."""
    groups = {REAL: corpus.test_real, **{str(f): fakes for f, fakes in corpus.test_fake.items()}}
    return {
        post: {name: np.stack([middle(apply(p, chain), SIDE) for p in pictures]) for name, pictures in groups.items()}
        for post, chain in POSTS.items()
    }


def _areas(posted: Posted, logits: Callable[[np.ndarray], np.ndarray]) -> dict[str, dict[str, float]]:
    """AUC by post and family."""
    found: dict[str, dict[str, float]] = {}
    for post, groups in posted.items():
        scores = {name: logits(rows) for name, rows in groups.items()}
        found[post] = {str(family): round(auc(scores[REAL], scores[family]), 4) for family in RESAMPLERS}
    return found


def _unseen(areas: dict[str, dict[str, float]]) -> float:
    return float(np.mean([areas["re-compressed"][family] for family in UNSEEN]))
