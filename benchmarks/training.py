"""Training throughput: `fauxto train` against the plain loop of an official repository's style, in one run.

    python benchmarks/training.py [--steps 30] [--batch 32] [--side 512] [--out benchmarks/results/training.json]

Both train the network of NPR on the same JPEG pictures, on crops of 128 pixels, with the same batch, optimizer and one
loader process, in float32 on the same device. The plain loop does what official code does: every step opens, decodes
and resizes whole files (Pillow), cuts a crop, flips it and trains in the default memory layout. fauxto decodes each
picture once into a patch store. The time to build the store stands beside the rate, because one pays it once. Arms take
turns, so that a machine that slows down slows both. Beside the clock stands the CPU time of the process and its loader:
on a machine that others use too, that is the better witness on a CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from fauxto.data.manifest import Sample
from fauxto.data.patches import build
from fauxto.data.worlds.camera import photograph
from fauxto.detect.npr import NPR
from fauxto.learn.fit import Plan, fit, initial_state
from machine import describe, own_cpu

CROP, PICTURES, TURNS = 128, 24, 3


class Files(Dataset[tuple[torch.Tensor, int]]):
    """The data set of an official repository: path in, normalised crop out, decoded every time."""

    def __init__(self, samples: list[Sample], length: int) -> None:
        self.samples, self.length = samples, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        rng = np.random.default_rng(index)
        sample = self.samples[index % len(self.samples)]
        image = Image.open(sample.path).convert("RGB").resize((256, 256), Image.Resampling.BILINEAR)
        top, left = (int(i) for i in rng.integers(0, 256 - CROP, 2))
        image = image.crop((left, top, left + CROP, top + CROP))
        if rng.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255, sample.label


def plain_loop(samples: list[Sample], steps: int, batch: int) -> float:
    """Crops a second of the official style."""
    detector = initial_state(NPR, 0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = detector.network().to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-4)
    loader = DataLoader(Files(samples, steps * batch), batch_size=batch, shuffle=True, num_workers=1)
    started = time.perf_counter()
    for pixels, labels in loader:
        optimizer.zero_grad()
        loss = detector.loss(network(pixels.to(device)), labels.float().to(device))
        loss.backward()
        optimizer.step()
        loss.item()
    return steps * batch / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/training.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    crops = arguments.steps * arguments.batch
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = []
        for i in range(PICTURES):
            Image.fromarray(photograph(i, arguments.side)).save(folder / f"{i}.jpg", quality=90)
            samples.append(Sample(str(folder / f"{i}.jpg"), i % 2, generator="g" if i % 2 else "", source="s"))
        started = time.perf_counter()
        store = build(samples, folder / "store", per_picture=4)
        building = time.perf_counter() - started
        plan = Plan(steps=arguments.steps, crop=CROP, batch_size=arguments.batch, laundering=None, save_every=10**6)
        rates: dict[str, list[float]] = {"plain": [], "fauxto": []}
        by_cpu: dict[str, list[float]] = {"plain": [], "fauxto": []}
        for turn in range(TURNS):
            before = own_cpu()
            rates["plain"].append(plain_loop(samples, arguments.steps, arguments.batch))
            between = own_cpu()
            fitted = fit(initial_state(NPR, 0), store, plan, folder / f"run-{turn}")
            rates["fauxto"].append(crops / fitted.seconds)
            by_cpu["plain"].append(crops / (between - before))
            by_cpu["fauxto"].append(crops / (own_cpu() - between))
    row = {
        "crops_per_second": _told(rates),
        "crops_per_cpu_second": _told(by_cpu),
        "last_run": {
            "loader_crops_per_second": round(fitted.loader_rate, 1),
            "network_crops_per_second": round(fitted.network_rate, 1),
            "waited_for_loader": round(fitted.waited, 3),
        },
        "store_seconds": round(building, 2),
        "set_up": f"NPR, {arguments.steps} steps of {arguments.batch} crops of {CROP} px, {PICTURES} JPEGs of "
        f"{arguments.side} px",
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine(),
        "threads": torch.get_num_threads(),
        "load_average": round(os.getloadavg()[0], 1),
        **describe("torch", "lightning-fabric", "numpy", "pillow"),
    }
    print(json.dumps(row, indent=1))
    arguments.out.write_text(json.dumps(row, indent=1) + "\n")


def _told(rates: dict[str, list[float]]) -> dict[str, object]:
    """Every turn of both arms, and fauxto over plain: by turn, because a turn is one state of the machine."""
    ratios = [ours / plain for plain, ours in zip(rates["plain"], rates["fauxto"], strict=True)]
    return {
        **{arm: [round(rate, 1) for rate in values] for arm, values in rates.items()},
        "ratio_by_turn": [round(ratio, 2) for ratio in ratios],
        "median_ratio": round(float(np.median(ratios)), 2),
    }


if __name__ == "__main__":
    main()
