"""Throughput of GAN training and sampling: the toolkit's loop against a plain one, same shapes, in one run.

    python benchmarks/gan_throughput.py [--width 16] [--batch 32] [--rounds 7] [--out FILE.json]

Both train SNGAN (residual networks at 32 pixels, spectral norm, hinge, projection on ten classes, an average of the
weights, two steps of the discriminator for one of the generator) on one thread of the processor; the test that both
have as many weights is part of the run. `gan_plain.py` is the plain style of published code. Arms take turns, in an
order that alternates. The figures are pictures a second of processor time, which neighbours on the machine disturb
less than the clock; ratios are taken within a round, and their interval is the 95 % t-interval of the mean log ratio.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats

import machine
from fauxto.data.picture_set import from_arrays
from fauxto.generate.gan.plan import Plan
from fauxto.generate.gan.recipe import Average, Optimization
from fauxto.generate.gan.recipes import RECIPES
from fauxto.generate.gan.training import Training
from fauxto.learn.resume import make_fabric
from gan_plain import PlainLoop

CLASSES, TURNS = 10, 2


def processor_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def interval(fast: list[float], slow: list[float]) -> dict[str, float]:
    """The ratio slow / fast of seconds: geometric mean and its 95 % interval over rounds."""
    logs = np.log(np.array(slow) / np.array(fast))
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    return {name: round(float(np.exp(value)), 3) for name, value in
            (("ratio", logs.mean()), ("low", logs.mean() - half), ("high", logs.mean() + half))}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    width, batch = arguments.width, arguments.batch
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (4 * batch, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, CLASSES, 4 * batch)
    narrow: dict[str, Any] = {"width": width}
    recipe = replace(
        RECIPES["sngan"],
        generator=narrow,
        discriminator={**narrow, "spectral": True},
        optimization=Optimization(batch=batch, discriminator_steps=TURNS),
        average=Average(decay=0.9999),
    )
    names = [str(k) for k in range(CLASSES)]
    ours = Training(make_fabric(1, "32-true"), recipe, from_arrays(pixels, labels, names), Plan(), {})
    plain = PlainLoop(width, CLASSES, batch, TURNS)
    counts = [
        [sum(p.numel() for p in network.parameters()) for network in pair]
        for pair in ((ours.pair.generator, ours.pair.discriminator), (plain.generator, plain.discriminator))
    ]
    if counts[0] != counts[1]:
        raise SystemExit(f"The arms have {counts[0]} and {counts[1]} weights: not the same networks.")
    stacked = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()[: TURNS * batch].unflatten(0, (TURNS, batch))
    told = torch.from_numpy(labels)[: TURNS * batch].unflatten(0, (TURNS, batch))
    latents, wanted = torch.randn(batch, 128), torch.randint(CLASSES, (batch,))

    def sample(generator: Any) -> Callable[[], object]:
        generator.eval()

        def work() -> None:
            with torch.no_grad():
                generator(latents, wanted)

        return work

    work = {
        "step": {"fauxto": ours.step, "plain": lambda: plain.step(stacked, told)},
        "sample": {"fauxto": sample(ours.drawn_from), "plain": sample(plain.average)},
    }
    seconds: dict[str, dict[str, list[float]]] = {kind: {"fauxto": [], "plain": []} for kind in work}
    for turn in range(-1, arguments.rounds):  # the first round warms up
        for kind, arms in work.items():
            for arm in sorted(arms, reverse=turn % 2 == 1):
                repeat = arguments.steps * (1 if kind == "step" else 4)
                spent = processor_seconds(
                    lambda arm=arm, arms=arms, repeat=repeat: [arms[arm]() for _ in range(repeat)]
                )
                if turn >= 0:
                    seconds[kind][arm].append(spent / repeat)
    made = {"step": batch * TURNS, "sample": batch}
    row = {
        **machine.describe("torch", "lightning-fabric"),
        "set_up": f"SNGAN at 32 px, width {width}, batch {batch}, {TURNS} discriminator steps, 1 thread, float32",
        "weights": counts[0],
        "rounds": arguments.rounds,
        "pictures_per_second": {
            kind: {arm: round(made[kind] / float(np.median(values)), 2) for arm, values in arms.items()}
            for kind, arms in seconds.items()
        },
        "fauxto_over_plain": {kind: interval(arms["fauxto"], arms["plain"]) for kind, arms in seconds.items()},
        "seconds": {kind: {arm: [round(s, 4) for s in v] for arm, v in arms.items()} for kind, arms in seconds.items()},
    }
    print(json.dumps(row, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(row, indent=1) + "\n")


if __name__ == "__main__":
    main()
