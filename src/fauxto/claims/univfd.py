"""The claim of UnivFD: a linear probe on a frozen encoder transfers better than the same encoder trained end to end."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import auc as network_auc
from fauxto.claims.experiment import compare, fit, laptop_result, seeded, smoke_result
from fauxto.claims.resampled_corpus import (
    FROZEN_FAMILY,
    FROZEN_SHARE,
    RESAMPLERS,
    TRAIN_FAMILY,
    Resampled,
    make_resampled,
)
from fauxto.detect.univfd import CARD, UnivFDNetwork, nearest_neighbour
from fauxto.errors import InputError
from fauxto.learn.features import features
from fauxto.learn.probe import fit_linear
from fauxto.media.crops import to_network
from fauxto.nn.backbone import Tower, open_backbone
from fauxto.nn.efficientnet_lite import EfficientNetLite0, EfficientNetTower, efficientnet_lite0_tower
from fauxto.score.roc import auc

SEEDS = (10, 11, 12)
"""None of them had a part in how hard the corpus is."""
SIDE = 64
UNSEEN = tuple(family for family in RESAMPLERS if family != FROZEN_FAMILY)


def run(scale: Scale) -> ClaimResult:
    """The probe against shuffled labels ("smoke"), or against end-to-end training ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs CLIP's weights and UnivFD's test sets.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """What training may touch, and what the nearest neighbour says of pictures that it has seen."""
    network = seeded(lambda: UnivFDNetwork(open_backbone("tiny", "clip")), 0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    pictures = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    loss = functional.binary_cross_entropy_with_logits
    labels = np.tile([0, 1], 4)
    fit(network, lambda i, _: pictures[i], labels, loss, seed=0, epochs=2, learning_rate=1e-2, batch=4)
    moved = sorted(name for name, tensor in network.state_dict().items() if not torch.equal(before[name], tensor))
    bank = np.random.default_rng(1).standard_normal((2, 10, 8))
    seen = [nearest_neighbour(side, *bank) for side in bank]
    right = int((seen[0] < 0).sum() + (seen[1] > 0).sum())
    return (
        Check("training moves the head and nothing else", moved == ["head.bias", "head.weight"], ", ".join(moved)),
        Check("the nearest neighbour knows the pictures of its banks", right == 20, f"{right} of 20"),
    )


def smoke() -> ClaimResult:
    """A probe on ImageNet features, labels true against labels shuffled, on wholly redrawn pictures."""
    checks = exact_checks()
    corpus = make_resampled(0, SIDE, train=60, test=60, share=1.0, families=(TRAIN_FAMILY,))
    tower = efficientnet_lite0_tower(SIDE).requires_grad_(False).eval()
    frozen = _through(tower, corpus)
    found, shuffled = probe_aucs(frozen, seed=0), probe_aucs(frozen, seed=0, shuffle=True)
    measured, control = found[TRAIN_FAMILY], shuffled[TRAIN_FAMILY]
    return smoke_result(
        CARD,
        measured,
        control,
        statement="A linear probe reads real from redrawn out of a frozen tower, and nothing out of shuffled labels.",
        unit="AUC on 60 + 60 fresh pictures of the training family, features of EfficientNet-Lite0 at 64 px",
        rule="every exact check passes and measured > control + 0.1",
        holds=measured > control + 0.1,
        checks=checks,
        note="Whether the probe transfers better than end-to-end training is what laptop compares.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 120, test: int = 100, epochs: int = 4) -> ClaimResult:
    """ImageNet features frozen against the same network fine-tuned on the same pictures, on unseen resamplers."""
    checks = exact_checks()
    arms = ("frozen probe", "trained end to end", "nearest neighbour", "probe of random weights", "shuffled labels")
    table: dict[str, list[dict[str, float]]] = {arm: [] for arm in arms}
    for seed in seeds:
        corpus = make_resampled(seed, SIDE, train=train, test=test, share=FROZEN_SHARE, taught=FROZEN_FAMILY)
        tower = efficientnet_lite0_tower(SIDE).requires_grad_(False).eval()
        random = EfficientNetTower(cast(EfficientNetLite0, seeded(EfficientNetLite0, seed)), "random", SIDE).eval()
        frozen, drawn = (_through(each, corpus) for each in (tower, random))
        table[arms[0]].append(probe_aucs(frozen, seed))
        table[arms[1]].append(trained_aucs(corpus, seed, epochs))
        table[arms[2]].append(_nearest(frozen))
        table[arms[3]].append(probe_aucs(drawn, seed))
        table[arms[4]].append(probe_aucs(frozen, seed, shuffle=True))
    unseen = {arm: [float(np.mean([row[f] for f in UNSEEN])) for row in rows] for arm, rows in table.items()}
    margin = compare(unseen[arms[0]], unseen[arms[1]])
    return laptop_result(
        CARD,
        margin,
        unit=f"mean AUC over the unseen resamplers {', '.join(UNSEEN)}, trained on {FROZEN_FAMILY}",
        rule="every exact check passes and the frozen probe beats end-to-end training by more than the seed spread",
        seeds=seeds,
        checks=checks,
        details={
            "mean AUC on unseen resamplers by arm": {arm: round(float(np.mean(v)), 4) for arm, v in unseen.items()},
            "AUC by arm and seed": table,
            "set-up": f"EfficientNet-Lite0 with ImageNet weights at {SIDE} px, {train} + {train} pictures, {epochs} "
            f"epochs end to end, {test} test pictures a class, {FROZEN_SHARE} of a fake redrawn, all JPEG 90",
        },
        note="ImageNet features stand in for CLIP's, whose weights cannot be had here.",
    )


def _through(tower: Tower, corpus: Resampled) -> Resampled:
    """The corpus with features in place of its pictures."""
    return corpus.through(lambda pictures: features(tower, to_network(np.stack(pictures))))


def probe_aucs(frozen: Resampled, seed: int, shuffle: bool = False) -> dict[str, float]:
    """AUC on each family of a logistic regression on features, trained on the one family."""
    rows, labels = frozen.train
    labels = np.random.default_rng((0x5F, seed)).permutation(labels) if shuffle else labels
    weight, bias = fit_linear(np.stack(rows), labels, strength=0.01)
    reals = np.stack(frozen.test_real) @ weight + bias
    return {str(f): round(auc(reals, np.stack(rows) @ weight + bias), 4) for f, rows in frozen.test_fake.items()}


def _nearest(frozen: Resampled) -> dict[str, float]:
    banks = np.stack(frozen.train_real), np.stack(frozen.train_fake)
    reals = nearest_neighbour(np.stack(frozen.test_real), *banks)
    return {
        str(f): round(auc(reals, nearest_neighbour(np.stack(rows), *banks)), 4) for f, rows in frozen.test_fake.items()
    }


def trained_aucs(corpus: Resampled, seed: int, epochs: int) -> dict[str, float]:
    """The same network from the same ImageNet weights with nothing frozen but its batch-norm statistics."""
    pictures, labels = corpus.train
    network: nn.Module = seeded(lambda: UnivFDNetwork(efficientnet_lite0_tower(SIDE)), seed)
    loss = functional.binary_cross_entropy_with_logits
    fit(network, lambda i, _: pictures[i], labels, loss, seed=seed, epochs=epochs, learning_rate=3e-4)
    return {
        str(family): round(network_auc(network, corpus.test_real, fakes), 4)
        for family, fakes in corpus.test_fake.items()
    }
