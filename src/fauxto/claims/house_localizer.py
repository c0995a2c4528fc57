"""The claim of the house localizer: setting each place against the mean of its picture finds alterations better."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fauxto.claims import Check, ClaimResult, Scale
from fauxto.claims.experiment import compare, seeded, to_tensor
from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.tampering import compose
from fauxto.errors import InputError
from fauxto.launder import apply
from fauxto.learn.mask_losses import dice
from fauxto.localize.house_localizer import CARD, HouseLocalizerNetwork, top_logit
from fauxto.nn.quantization_lattice import QuantizationLattice
from fauxto.nn.residual_statistics import BLOCK, ResidualStatistics
from fauxto.nn.unet import Against
from fauxto.score.masks import auc_per_image

SEEDS = (0, 1, 2)
SIDE = 96
SEEDS_APART = 1_000_000
LATTICE = 699_000_000
NOISE = HouseLocalizerNetwork.described - ResidualStatistics.channels - QuantizationLattice.channels
"""Where the statistics of the noise begin among the traces."""


def run(scale: Scale) -> ClaimResult:
    """Exact checks and an untrained statistic ("smoke"), or both arms trained over seeds ("laptop")."""
    if scale == "smoke":
        return smoke()
    if scale == "laptop":
        return laptop()
    raise InputError("There is no full claim: the shipped model's card has its figures.", fix="Use laptop.")


def exact_checks() -> tuple[Check, ...]:
    """What is true of the comparison and of the lattice, whatever was trained."""
    statistics = torch.randn(2, 5, 6, 7, generator=torch.Generator().manual_seed(0))
    moved = float((Against()(3 * statistics + 2)[:, 5:] - Against()(statistics)[:, 5:]).abs().max())
    arms = [list(HouseLocalizerNetwork(against).parameters()) for against in (True, False)]
    counts = [sum(p.numel() for p in arm) for arm in arms]
    kept, left = lattice()
    return (
        Check("the comparison is blind to the level and scale of a statistic", moved < 1e-3, f"{moved:.1e}"),
        Check("both arms have as many weights", counts[0] == counts[1], str(counts)),
        Check("the card counts the parameters", counts[0] == CARD.parameters, f"{counts[0]:,}"),
        Check(
            "an untouched JPEG keeps to its quantization steps (chance: 1)", kept < 1 / 3, f"leaves them by {kept:.3f}"
        ),
        Check("a part without a JPEG's steps leaves those of the rest", left > 0.5, f"pix-auc 0.5 + {left / 2:.3f}"),
    )


def lattice(pictures: int = 6) -> tuple[float, float]:
    """How far JPEGs of photographs leave their own steps, and 2 AUC - 1 of that for blocks that are no JPEG's."""
    own, areas = [], []
    for index in range(pictures):
        here, there = (photograph(LATTICE + 2 * index + k, SIDE) for k in (0, 1))
        saved = apply(here, "jpeg:80")
        mixed = saved.copy()
        mixed[24:72, 32:80] = there[24:72, 32:80]
        with torch.inference_mode():
            both = QuantizationLattice()(to_tensor([saved, mixed]))[:, 0].numpy()
        mask = np.zeros(both.shape[1:], bool)
        mask[3:9, 4:10] = True
        own.append(float(both[0].mean()))
        areas.append(auc_per_image(both[1], mask))
    return float(np.mean(own)), 2 * float(np.mean(areas)) - 1


def corpus(first: int, count: int, network: HouseLocalizerNetwork) -> tuple[Tensor, Tensor]:
    """Traces of spliced photographs and the share of new pixels in each of their blocks; no scene twice."""
    pictures, shares = [], []
    for index in range(count):
        here, there = photograph(first + 2 * index, SIDE), photograph(first + 2 * index + 1, SIDE)
        composite = compose(here, "splice", first + index, donor=there)
        pictures.append(composite.altered)
        shares.append(composite.mask.astype(np.float32))
    with torch.inference_mode():
        found = torch.cat([network.traces(to_tensor(pictures[at : at + 16])) for at in range(0, count, 16)])
    return found.clone(), functional.avg_pool2d(torch.from_numpy(np.stack(shares)), BLOCK)


def smoke() -> ClaimResult:
    """Without training: is the mean distance from the tile's mean a better map than the noise itself?"""
    checks = exact_checks()
    network = HouseLocalizerNetwork().eval()
    found, shares = corpus(0, 40, network)
    noise = found[:, NOISE : NOISE + 36]
    apart = Against()(noise)[:, 36:].abs().mean(1).numpy()
    plain = noise.mean(1).numpy()
    masks = (shares > 0.5).numpy()
    kept = [i for i, mask in enumerate(masks) if 0 < mask.mean() < 1]
    measured = float(np.mean([auc_per_image(apart[i], masks[i]) for i in kept]))
    raw = float(np.mean([auc_per_image(plain[i], masks[i]) for i in kept]))
    control = max(raw, 1 - raw)
    return ClaimResult(
        slug=CARD.slug,
        scale="smoke",
        statement="What was pasted in differs from the rest of the picture in its noise.",
        unit=f"pix-auc/image of an untrained map over blocks, {len(kept)} spliced photographs",
        rule="every exact check passes and measured > control",
        measured=round(measured, 4),
        control=round(control, 4),
        margin=round(measured - control, 4),
        holds=all(check.passed for check in checks) and measured > control,
        checks=checks,
        note="Smoke trains nothing; the two arms of the network are what laptop compares.",
    )


def laptop(seeds: tuple[int, ...] = SEEDS, train: int = 140, test: int = 70, steps: int = 200) -> ClaimResult:
    """Train the network with and without the comparison on the same spliced photographs."""
    checks = exact_checks()
    table: dict[str, list[float]] = {"against": [], "alone": []}
    for seed in seeds:
        encoder = seeded(HouseLocalizerNetwork, seed).eval()  # untrained, and the same for both arms
        assert isinstance(encoder, HouseLocalizerNetwork)
        learned = corpus((700 + seed) * SEEDS_APART, train, encoder)
        held = corpus((750 + seed) * SEEDS_APART, test, encoder)
        for arm, areas in table.items():
            network = seeded(partial(HouseLocalizerNetwork, arm == "against"), seed)
            assert isinstance(network, HouseLocalizerNetwork)
            network.scale(learned[0])
            _fit(network, *learned, seed=seed, steps=steps)
            areas.append(round(_found(network, *held), 4))
    margin = compare(table["against"], table["alone"])
    return ClaimResult(
        slug=CARD.slug,
        scale="laptop",
        statement=CARD.claim,
        unit="mean pix-auc/image over the blocks of held-out spliced photographs",
        rule="every exact check passes and the comparison adds more than the seed spread",
        measured=margin.measured,
        control=margin.control,
        margin=margin.margin,
        spread=margin.spread,
        interval=margin.interval,
        seeds=seeds,
        holds=all(check.passed for check in checks) and margin.holds,
        checks=checks,
        details={
            "by arm and seed": table,
            "set-up": f"{train} spliced photographs of {SIDE} px, {steps} steps of 16, {test} held out",
        },
        note="Splices of the camera world, lossless, and an untrained encoder; the shipped model has the detector's "
        "and saw photographs, seven kinds and JPEG. The lattice of steps compares by itself, in both arms.",
    )


def _fit(network: HouseLocalizerNetwork, found: Tensor, shares: Tensor, *, seed: int, steps: int) -> None:
    rng = np.random.default_rng((0x10CA, seed))
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    for _ in range(steps):
        chosen = torch.from_numpy(rng.integers(len(found), size=16))
        blocks, wanted = network.blocks(found[chosen]), shares[chosen]
        altered = (wanted.flatten(1).amax(1) > 0.5).float()
        loss = functional.binary_cross_entropy_with_logits(blocks, wanted) + 0.5 * dice(blocks, wanted)
        loss = loss + 0.33 * functional.binary_cross_entropy_with_logits(top_logit(blocks), altered)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()


def _found(network: HouseLocalizerNetwork, found: Tensor, shares: Tensor) -> float:
    """The mean AUC of the blocks of each picture that has both kinds."""
    with torch.inference_mode():
        blocks = network.blocks(found).numpy()
    masks = (shares > 0.5).numpy()
    return float(np.mean([auc_per_image(b, m) for b, m in zip(blocks, masks, strict=True) if 0 < m.mean() < 1]))
