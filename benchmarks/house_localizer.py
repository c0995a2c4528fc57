"""Train the house localizer on what `house_localizer_data.py` made, and export it: one command, a minute of one core.

    python benchmarks/house_localizer.py --data DIR/manifest.csv --out RUN

What the blocks are told by is fixed, so the fit is a logistic regression: convex, the same from every start. Blocks
that are new by more than nine tenths against those that are new by less than a tenth, classes weighed alike, a small
penalty on the squared weights; L-BFGS. One pair in twelve is set aside and only looked at. The bias is then lowered to
the true share of new blocks. Writes RUN/weights.safetensors, RUN/model.onnx and RUN/training.json.
"""

from __future__ import annotations

import argparse
import json
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
from fauxto.localize.house_localizer import HouseLocalizer, HouseLocalizerNetwork, top_logit
from fauxto.nn.residual_statistics import BLOCK
from fauxto.score.masks import auc_per_image
from fauxto.score.roc import auc

SIDE = 192


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


def rows_of(features: Tensor, shares: Tensor, most: int, seed: int) -> tuple[Tensor, Tensor]:
    """Blocks that are plainly new or plainly untouched, at most `most` of each: `(rows, 516)` and their labels."""
    flat = features.movedim(1, -1).flatten(0, 2)
    share = shares.flatten()
    rng = np.random.default_rng(seed)
    chosen = []
    for wanted in (share > 0.9, share < 0.1):
        places = torch.where(wanted)[0].numpy()
        chosen.append(rng.permutation(places)[:most])
    index = torch.from_numpy(np.concatenate(chosen))
    return flat[index].float(), (share[index] > 0.5).float()


def regress(rows: Tensor, labels: Tensor, penalty: float, steps: int) -> tuple[Tensor, Tensor]:
    """Weights `(516,)` and bias of a balanced logistic regression. Features are in deviations already."""
    weights, bias = torch.zeros(rows.shape[1], requires_grad=True), torch.zeros(1, requires_grad=True)
    balance = torch.where(labels > 0.5, 0.5 / labels.mean(), 0.5 / (1 - labels.mean()))
    solver = torch.optim.LBFGS([weights, bias], max_iter=steps, history_size=20, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        solver.zero_grad()
        logits = rows @ weights + bias
        loss = functional.binary_cross_entropy_with_logits(logits, labels, weight=balance)
        loss = loss + penalty * weights.square().sum()
        loss.backward()
        return loss

    solver.step(closure)  # type: ignore[arg-type]
    return weights.detach(), bias.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--patches", type=int, default=600, help="at most so many")
    parser.add_argument("--rows", type=int, default=25_000, help="blocks of each class, at most")
    parser.add_argument("--penalty", type=float, default=1e-3)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    store = build_masked(training_rows(read(chosen.data)), chosen.out, size=SIDE, per_picture=1)
    localizer = HouseLocalizer()
    network = localizer.network()
    assert isinstance(network, HouseLocalizerNetwork)
    patches = chosen_patches(len(store.picture), chosen.patches)
    found, shares = statistics(store, patches, localizer, chosen.seed)
    fit(localizer, found, shares, patches // 4 % 12 == 0, chosen)


def fit(
    localizer: HouseLocalizer, found: Tensor, shares: Tensor, aside: np.ndarray, chosen: argparse.Namespace
) -> None:
    """Fit the head on cached statistics, look at the pairs set aside, and write everything."""
    network = localizer.network()
    assert isinstance(network, HouseLocalizerNetwork)
    train, held = (torch.from_numpy(np.flatnonzero(which)) for which in (~aside, aside))
    network.scale.momentum = None  # the plain mean over all patches
    with torch.inference_mode():
        network.train()
        network.scale(found[train].float())
        network.scale.momentum = 0.1  # its own again: ONNX knows no other
        network.eval()
        features = torch.cat([network.features(part.float()).half() for part in found[train].split(16)])
    rows, labels = rows_of(features.clone(), shares[train], chosen.rows, chosen.seed)
    weights, bias = regress(rows, labels, chosen.penalty, chosen.steps)
    prior = float(shares[train].mean())
    with torch.no_grad():
        network.head.weight.copy_(weights.view(1, -1, 1, 1))
        network.head.bias.copy_(bias + float(np.log(prior / (1 - prior))))  # type: ignore[union-attr]
        blocks = torch.cat([network.blocks(part.float()) for part in found[held].split(16)])
    masks = (shares[held] > 0.5).numpy()
    areas = [auc_per_image(b.numpy(), m) for b, m in zip(blocks, masks, strict=True) if 0 < m.mean() < 1]
    logits, altered = top_logit(blocks).numpy(), masks.any((1, 2))
    report = {
        "patches": len(train), "rows": len(rows), "prior": round(prior, 4), "set aside": len(held),
        "mean block AUC": round(float(np.mean(areas)), 4), "altered": len(areas),
        "image AUC": round(auc(logits[~altered], logits[altered]), 4), "cpu seconds": round(time.process_time(), 1),
    }  # fmt: skip
    print(json.dumps(report))
    chosen.out.mkdir(parents=True, exist_ok=True)
    localizer.save(str(chosen.out / "weights.safetensors"))
    export_localizer(network, chosen.out / "model.onnx", localizer.tile)
    (chosen.out / "training.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
