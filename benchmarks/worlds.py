"""How many crops of 128 pixels a second the camera world and the toy makers of fakes give on one thread.

    python benchmarks/worlds.py [--out benchmarks/results/worlds.json]

Each maker is trained for a few steps only: how good its pictures are does not change how long they take. A rate is the
best of several rounds in CPU time, so that other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from fauxto.data.worlds.camera import crops, photograph
from fauxto.data.worlds.toy_diffusion import redraw_diffusion, train_diffusion
from fauxto.data.worlds.toy_fakes import UPSAMPLERS, redraw, train_toy
from fauxto.data.worlds.toy_gan import sample_gan, train_gan
from machine import describe

SIDE, WANTED = 128, 200


def best(work: Callable[[int], int], rounds: int) -> dict[str, float]:
    """Crops a CPU second, the best and the median of `rounds`; `work(round)` gives how many crops it made."""
    rates = []
    for index in range(rounds):
        start = time.process_time()
        made = work(index)
        rates.append(made / (time.process_time() - start))
    rates.sort()
    return {"best": round(rates[-1]), "median": round(rates[len(rates) // 2]), "rounds": rounds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="benchmarks/results/worlds.json")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    lessons = crops(0, SIDE)
    gan = train_gan(lessons, steps=1)
    toys = {upsampler: train_toy(lessons, upsampler, 0, steps=1) for upsampler in UPSAMPLERS}
    diffusion = train_diffusion(lessons, steps=1)
    rows = {
        "camera: 16 crops of one 512 px photograph": best(
            lambda i: sum(len(crops(8 * i + k, SIDE)) for k in range(8)), arguments.rounds
        ),
        "camera: photographs of 128 px": best(
            lambda i: len([photograph(16 * i + k, SIDE) for k in range(16)]), arguments.rounds
        ),
        **{
            f"redrawn by a decoder, {upsampler}": best(lambda _, toy=toy: len(redraw(toy, lessons)), arguments.rounds)
            for upsampler, toy in toys.items()
        },
        "GAN, from noise": best(lambda i: len(sample_gan(gan, 32, seed=i)), arguments.rounds),
        "diffusion, redrawn in 2 steps": best(lambda i: len(redraw_diffusion(diffusion, lessons, i)), arguments.rounds),
    }
    for name, row in rows.items():
        print(f"{name:45} {row['best']:6} best {row['median']:6} median  {'ok' if row['best'] >= WANTED else 'SLOW'}")
    report = {**describe("numpy", "pillow", "torch"), "unit": "crops of 128 px a CPU second, one thread", "rows": rows}
    Path(arguments.out).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
