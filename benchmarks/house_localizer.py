"""Train the house localizer on what `house_localizer_data.py` made, and export it: one command, half an hour of a core.

    python benchmarks/house_localizer.py --bank BANK --detector house.safetensors --out RUN

The encoder takes the weights of the house detector and keeps them, so what describes the blocks of a patch is computed
once (BANK/traces.npy). What is trained is the small network that compares the blocks. One pair in twelve is set aside;
the weights that score best on those are kept. Writes RUN/weights.safetensors, RUN/model.onnx and RUN/training.json.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fauxto.learn.checkpoint import load_strict, load_tensors
from fauxto.learn.export import export_map
from fauxto.learn.mask_losses import dice
from fauxto.localize.house_localizer import HouseLocalizer, HouseLocalizerNetwork, top_logit
from fauxto.nn.residual_statistics import BLOCK
from fauxto.score.masks import auc_per_image
from fauxto.score.roc import auc

ASIDE = 12
CROP = 20
"""Blocks a side of what a step sees of a patch of 24: another part each time."""


def describe(bank: Path, network: HouseLocalizerNetwork, count: int) -> np.ndarray:
    """The traces of the first `count` patches, float16 `(n, 250, 24, 24)`, from BANK/traces.npy where they are done."""
    pixels = np.load(bank / "pixels.npy", mmap_mode="r")
    side = pixels.shape[1] // BLOCK
    file, done_file = bank / "traces.npy", bank / "traces.json"
    shape = len(pixels), network.described, side, side
    done = json.loads(done_file.read_text()) if done_file.exists() else 0
    traces = np.lib.format.open_memmap(file, "r+" if done else "w+", np.float16, shape)
    with torch.inference_mode():
        for first in range(done, count, 16):
            part = torch.from_numpy(np.array(pixels[first : min(first + 16, count)])).permute(0, 3, 1, 2).float() / 255
            traces[first : first + len(part)] = network.traces(part.contiguous()).half().numpy()
            if first % 320 == 0 or first + 16 >= count:
                done_file.write_text(json.dumps(first + len(part)))
                print("described", first + len(part), f"{time.process_time():.0f} cpu", flush=True)
    return traces


def loss_of(blocks: Tensor, shares: Tensor) -> Tensor:
    """As `HouseLocalizer.loss`, a block at a time."""
    altered = (shares.flatten(1).amax(1) > 0.5).float()
    pixels = functional.binary_cross_entropy_with_logits(blocks, shares)
    image = functional.binary_cross_entropy_with_logits(top_logit(blocks), altered)
    return pixels + 0.5 * dice(blocks, shares) + 0.33 * image


def look(network: HouseLocalizerNetwork, traces: np.ndarray, shares: Tensor, held: np.ndarray) -> dict[str, float]:
    """What the network does on pairs set aside: mean AUC of the blocks, best F1, AUC of pictures."""
    network.eval()
    with torch.inference_mode():
        parts = np.array_split(held, max(1, len(held) // 32))
        blocks = torch.cat([network.blocks(torch.from_numpy(traces[part]).float()) for part in parts])
    network.train()
    masks = (shares[held] > 0.5).numpy()
    areas = [auc_per_image(b.numpy(), m) for b, m in zip(blocks, masks, strict=True) if 0 < m.mean() < 1]
    logits, altered = top_logit(blocks).numpy(), masks.any((1, 2))
    called = (blocks > 0).numpy()
    f1 = [2 * (c & m).sum() / max(1, c.sum() + m.sum()) for c, m in zip(called, masks, strict=True) if m.any()]
    return {
        "loss": round(float(loss_of(blocks, shares[held])), 4),
        "block AUC": round(float(np.mean(areas)), 4),
        "block F1 at 0.5": round(float(np.mean(f1)), 4),
        "image AUC": round(auc(logits[~altered], logits[altered]), 4),
        "called where untouched": round(float(called[~altered].mean()), 5),
    }


def train(
    localizer: HouseLocalizer, traces: np.ndarray, shares: Tensor, chosen: argparse.Namespace
) -> dict[str, float]:
    """Fit the comparing part; the weights with the lowest loss on what is set aside are kept."""
    network = localizer.network()
    assert isinstance(network, HouseLocalizerNetwork)
    pairs = np.arange(len(shares) // 2)
    held, learned = (np.concatenate([2 * p, 2 * p + 1]) for p in (pairs[::ASIDE], pairs[pairs % ASIDE != 0]))
    network.scale(torch.from_numpy(traces[learned[:: max(1, len(learned) // 600)]]).float())
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=chosen.rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, chosen.rate, total_steps=chosen.steps, pct_start=0.1)
    rng, best, seen = np.random.default_rng(chosen.seed), {"loss": float("inf")}, 0.0
    network.train()
    for step in range(chosen.steps):
        index = rng.choice(learned, chosen.batch, replace=False)
        corners = rng.integers(traces.shape[-1] - CROP + 1, size=(chosen.batch, 2))
        windows = [np.s_[y : y + CROP, x : x + CROP] for y, x in corners]
        batch = torch.from_numpy(np.stack([traces[(i, slice(None), *w)] for i, w in zip(index, windows, strict=True)]))
        wanted = torch.stack([shares[(int(i), *w)] for i, w in zip(index, windows, strict=True)])
        loss = loss_of(network.blocks(batch.float()), wanted)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        seen += float(loss.detach())
        if step % 250 == 249:
            found = look(network, traces, shares, held)
            print(step + 1, f"{seen / 250:.4f}", json.dumps(found), f"{time.process_time():.0f} cpu", flush=True)
            seen = 0.0
            if found["loss"] < best["loss"]:
                best = found | {"step": step + 1}
                localizer.save(str(chosen.out / "weights.safetensors"))
    localizer.load(str(chosen.out / "weights.safetensors"))
    return best


class Maps(nn.Module):
    """What is exported: the maps alone, for pictures of any size."""

    def __init__(self, network: HouseLocalizerNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        return self.network.maps(pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bank", type=Path, required=True)
    parser.add_argument("--detector", type=Path, required=True, help="weights of the house detector, safetensors")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, help="at most so many of the bank")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(1)
    chosen.out.mkdir(parents=True, exist_ok=True)
    localizer = HouseLocalizer()
    network = localizer.network()
    assert isinstance(network, HouseLocalizerNetwork)
    detector = {n.removeprefix("stages."): t for n, t in load_tensors(str(chosen.detector)).items() if "head" not in n}
    load_strict(network.encoder, detector, str(chosen.detector))
    network.eval()
    rows = json.loads((chosen.bank / "rows.json").read_text())[: chosen.pairs]
    traces = describe(chosen.bank, network, 2 * len(rows))
    masks = np.load(chosen.bank / "masks.npy", mmap_mode="r")
    shares = torch.stack([functional.avg_pool2d(torch.from_numpy(np.array(masks[i]))[None].float(), BLOCK)[0]
                          for i in range(2 * len(rows))])  # fmt: skip
    shares[1::2] = 0  # the untouched twins
    best = train(localizer, traces, shares, chosen)
    report = {"pairs": len(rows), "steps": chosen.steps, "set aside": best, "cpu seconds": round(time.process_time())}
    print(json.dumps(report))
    export_map(Maps(network.eval()), chosen.out / "model.onnx", 64)
    (chosen.out / "training.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
