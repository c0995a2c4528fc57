"""Train the house localizer on what `house_localizer_data.py` made, and export it: one command, one core.

    python benchmarks/house_localizer.py --data DIR/manifest.csv --out RUN [--minutes 40]

The statistics of the blocks hold nothing that is trained, so they are computed once a patch, and the rest is fitted to
them: a twentieth of the work of `fauxto train house-localizer`, which fits the same network end to end. One pair in
twelve is set aside and only watched. Writes RUN/weights.safetensors, RUN/model.onnx and RUN/training.json.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from fauxto.data.manifest import read
from fauxto.data.masks import FULL, MaskStore, build_masked
from fauxto.data.training import training_rows
from fauxto.learn.export import export_localizer
from fauxto.learn.mask_losses import dice
from fauxto.localize.house_localizer import HouseLocalizer, HouseLocalizerNetwork, top_logit
from fauxto.nn.residual_statistics import BLOCK
from fauxto.score.masks import auc_per_image
from fauxto.score.roc import auc

SIDE, BATCH, RATE, DECAY = 192, 24, 3e-3, 0.02


def chosen_patches(count: int, most: int) -> np.ndarray:
    """One journey of each pair, altered and untouched, until there are `most`: four patches a pair lie in order."""
    pairs = [4 * pair + 2 * (pair % 2) for pair in range(count // 4)]
    return np.array([index for first in pairs for index in (first, first + 1)][:most])


def statistics(store: MaskStore, chosen: np.ndarray, localizer: HouseLocalizer, seed: int) -> tuple[Tensor, Tensor]:
    """The statistics of the chosen patches, each in one random symmetry, and the share of new pixels in each block."""
    network = localizer.network()
    assert isinstance(network, HouseLocalizerNetwork)
    rng = np.random.default_rng(seed)
    found, shares = [], []
    with torch.inference_mode():
        for first in range(0, len(chosen), 8):
            pairs = []
            for index in chosen[first : first + 8]:
                mask = store.masks[index].astype(np.float32) / FULL
                pairs.append(localizer.augment(store.pixels[index], mask, rng))
            pixels = torch.from_numpy(np.stack([crop for crop, _ in pairs])).permute(0, 3, 1, 2).float().div_(255)
            found.append(network.statistics(pixels.contiguous()).half())
            shares.append(functional.avg_pool2d(torch.from_numpy(np.stack([mask for _, mask in pairs])), BLOCK))
    return torch.cat(found).clone(), torch.cat(shares).clone()


def loss_of(blocks: Tensor, shares: Tensor) -> Tensor:
    """The loss of the localizer, at the size of the blocks."""
    altered = (shares.flatten(1).amax(1) > 0.5).float()
    pixels = functional.binary_cross_entropy_with_logits(blocks, shares)
    whole = functional.binary_cross_entropy_with_logits(top_logit(blocks), altered)
    return pixels + 0.5 * dice(blocks, shares) + 0.33 * whole


def watch(network: HouseLocalizerNetwork, found: Tensor, shares: Tensor) -> dict[str, float]:
    """Mean AUC of the blocks over altered patches, and AUC of the image rule, on patches set aside."""
    network.eval()
    with torch.inference_mode():
        blocks = torch.cat([network.blocks(part.float()) for part in found.split(32)])
    network.train()
    masks = (shares > 0.5).numpy()
    areas = [auc_per_image(b.numpy(), m) for b, m in zip(blocks, masks, strict=True) if 0 < m.mean() < 1]
    logits, labels = top_logit(blocks).numpy(), masks.any((1, 2))
    return {"block_auc": float(np.mean(areas)), "image_auc": auc(logits[~labels], logits[labels])}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--patches", type=int, default=700, help="at most so many")
    parser.add_argument("--epochs", type=float, default=20, help="at most so many")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    store = build_masked(training_rows(read(chosen.data)), chosen.out, size=SIDE, per_picture=1)
    localizer = HouseLocalizer()
    network = localizer.network()
    assert isinstance(network, HouseLocalizerNetwork)
    network.train()
    cache = chosen.out / "statistics.pt"
    patches = chosen_patches(len(store.picture), chosen.patches)
    if cache.exists():
        found, shares = torch.load(cache, weights_only=True)[:2]
    else:
        found, shares = statistics(store, patches, localizer, chosen.seed)
        torch.save((found, shares), cache)
    aside = torch.from_numpy(patches // 4 % 12 == 0)
    train, held = torch.where(~aside)[0], torch.where(aside)[0]
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    most = int(chosen.epochs * len(train) / BATCH)
    started, step, log = time.time(), 0, []
    share = 0.0
    while share < 1:
        share = max((time.time() - started) / (60 * chosen.minutes), step / most)
        rate = RATE * min(1, (step + 1) / 40) * 0.5 * (1 + math.cos(math.pi * min(1.0, share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        index = train[torch.randint(len(train), (BATCH,))]
        loss = loss_of(network.blocks(found[index].float()), shares[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 100 == 0 or share >= 1:
            log.append(
                {
                    "step": step,
                    "loss": loss.item(),
                    "share": round(share, 3),
                    **watch(network, found[held], shares[held]),
                }
            )
            print(json.dumps(log[-1]), f"{time.time() - started:.0f} s {time.process_time():.0f} cpu", flush=True)
            localizer.save(str(chosen.out / "weights.safetensors"))
    network.eval()
    localizer.save(str(chosen.out / "weights.safetensors"))
    export_localizer(network, chosen.out / "model.onnx", localizer.tile)
    report = {"patches": len(train), "aside": len(held), "steps": step, "seconds": time.time() - started, "log": log}
    (chosen.out / "training.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
