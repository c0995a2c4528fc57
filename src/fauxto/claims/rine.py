"""The claim of RINE: reading every block of a frozen encoder beats reading its last one."""

from __future__ import annotations

import numpy as np
import torch

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import compare, laptop_result, seeded, smoke_result
from fauxto.claims.resampled_corpus import (
    FROZEN_FAMILY,
    FROZEN_SHARE,
    RESAMPLERS,
    TRAIN_FAMILY,
    Resampled,
    make_resampled,
)
from fauxto.detect.rine import CARD, RINE, BlockFusion
from fauxto.errors import InputError
from fauxto.learn.features import features
from fauxto.media.crops import to_network
from fauxto.nn.backbone import Tower
from fauxto.nn.efficientnet_lite import efficientnet_lite0_tower
from fauxto.score.roc import auc

SEEDS = (10, 11, 12)
"""None of them had a part in how hard the corpus is."""
SIDE = 64
UNSEEN = tuple(family for family in RESAMPLERS if family != FROZEN_FAMILY)
WIDTH, LAYERS = 64, 2


def run(scale: Scale) -> ClaimResult:
    """All blocks of ImageNet's EfficientNet against its last: one easy task ("smoke"), or over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("The full claim needs CLIP's weights and RINE's test sets.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """The importance is a distribution; equal blocks make it irrelevant; the published size counts right."""
    fusion: BlockFusion = seeded(lambda: BlockFusion(5, 8, 6, 2, 0.5), 0).eval()  # type: ignore[assignment]
    with torch.inference_mode():
        total = float((fusion.importance().sum(1) - 1).abs().max())
        same = torch.rand(3, 1, 8).expand(-1, 5, -1)
        before = fusion(same)[0]
        fusion.alpha.add_(torch.randn(fusion.alpha.shape))
        moved = float((fusion(same)[0] - before).abs().max())
    trained = sum(parameter.numel() for parameter in BlockFusion(24, 1024, 1024, 2, 0.5).parameters())
    return (
        Check("the importance of the blocks sums to 1 for each feature", total < 1e-5, f"off by {total:.1e}"),
        Check("where all blocks say the same, importance is irrelevant", moved < 1e-5, f"moved by {moved:.1e}"),
        Check("6,323,201 parameters are trained in the 4-class setting", trained == 6_323_201, f"{trained:,}"),
    )


def smoke() -> ClaimResult:
    """All blocks of an ImageNet network, labels true against labels shuffled, on wholly redrawn pictures."""
    checks = exact_checks()
    corpus = make_resampled(0, SIDE, train=60, test=60, share=1.0, families=(TRAIN_FAMILY,))
    tower = efficientnet_lite0_tower(SIDE).requires_grad_(False).eval()
    frozen = layers_of(tower, corpus)
    found, chance = (arm(tower, frozen, 0, steps=60, blocks=slice(None), shuffle=shuffle) for shuffle in (False, True))
    measured, control = found[TRAIN_FAMILY], chance[TRAIN_FAMILY]
    return smoke_result(
        CARD,
        measured,
        control,
        statement="The fusion of all blocks learns real from redrawn on a frozen tower.",
        unit="AUC on 60 + 60 fresh pictures of the training family; control: labels shuffled in training",
        rule="every exact check passes and measured > control + 0.1",
        holds=measured > control + 0.1,
        checks=checks,
        note="One seed and an easy task: smoke checks the machinery, laptop compares the arms.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 120, test: int = 100, steps: int = 150) -> ClaimResult:
    """All 16 blocks of an ImageNet network against the last one, the same fusion trained on the same pictures."""
    checks = exact_checks()
    arms = {"all blocks": slice(None), "last block": slice(-1, None), "first block": slice(0, 1)}
    table: dict[str, list[dict[str, float]]] = {name: [] for name in arms}
    tower = efficientnet_lite0_tower(SIDE).requires_grad_(False).eval()
    for seed in seeds:
        corpus = make_resampled(seed, SIDE, train=train, test=test, share=FROZEN_SHARE, taught=FROZEN_FAMILY)
        frozen = layers_of(tower, corpus)
        for name, blocks in arms.items():
            table[name].append(arm(tower, frozen, seed, steps=steps, blocks=blocks))
    unseen = {name: [float(np.mean([row[f] for f in UNSEEN])) for row in rows] for name, rows in table.items()}
    margin = compare(unseen["all blocks"], unseen["last block"])
    return laptop_result(
        CARD,
        margin,
        unit=f"mean AUC over the unseen resamplers {', '.join(UNSEEN)}, trained on {FROZEN_FAMILY}",
        rule="every exact check passes and all blocks beat the last one by more than the seed spread",
        seeds=seeds,
        checks=checks,
        details={
            "mean AUC on unseen resamplers by arm": {name: round(float(np.mean(v)), 4) for name, v in unseen.items()},
            "AUC by arm and seed": table,
            "set-up": f"EfficientNet-Lite0 with ImageNet weights at {SIDE} px, {train} + {train} pictures, {steps} "
            f"steps of 48, d {WIDTH}, {test} test pictures a class, {FROZEN_SHARE} of a fake redrawn, all JPEG 90",
        },
        note="The blocks of an ImageNet network stand in for CLIP's, whose weights cannot be had here.",
    )


def arm(
    tower: Tower, frozen: Resampled, seed: int, *, steps: int, blocks: slice, shuffle: bool = False
) -> dict[str, float]:
    """AUC on each family of a fusion of some blocks of `tower`, trained on the one family with RINE's own loss."""
    rows, labels = frozen.train
    labels = np.random.default_rng((0x5F, seed)).permutation(labels) if shuffle else labels
    inputs, targets = torch.from_numpy(np.stack(rows)[:, blocks]), torch.from_numpy(labels).float()
    fusion = seeded(lambda: BlockFusion(inputs.shape[1], inputs.shape[2], WIDTH, LAYERS, 0.2), seed)
    loss = RINE(backbone=tower, width=WIDTH).loss
    optimizer = torch.optim.Adam(fusion.parameters(), lr=1e-3)
    rng = np.random.default_rng((0x21E, seed))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # dropout
        for _ in range(steps):
            chosen = rng.permutation(len(labels))[:48]
            output = torch.cat(fusion(inputs[chosen]), dim=1)
            optimizer.zero_grad()
            loss(output, targets[chosen]).backward()
            optimizer.step()
    fusion.eval()

    def logits(vectors: list[np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            return fusion(torch.from_numpy(np.stack(vectors)[:, blocks]))[0][:, 0].numpy()

    reals = logits(frozen.test_real)
    return {str(family): round(auc(reals, logits(fakes)), 4) for family, fakes in frozen.test_fake.items()}


def layers_of(tower: Tower, corpus: Resampled) -> Resampled:
    """The corpus with the vectors of all blocks in place of its pictures."""
    return corpus.through(lambda pictures: features(tower, to_network(np.stack(pictures)), kind="layers"))
