"""Compare all detectors of the lab: train each on the same pictures, test on families of generators left out.

    python benchmarks/lab_comparison.py --manifest lab.csv --work WORK

The manifest is that of `lab_manifest.py`. Each item of `--hold-out` is left out of one training, so that every family
in it is new to what is tested on it; without it all families are dealt by name into `--folds` hands. Detectors of the
size of a ResNet-50 take part as their small siblings, those on CLIP with EfficientNet-Lite0 (ImageNet weights) or,
where that has no tokens, with a tiny random tower; the table says so. RIGID and AEROBLADE are not trained: their scores
rank, their zero means nothing, and AEROBLADE's autoencoder is random. What `--work` holds of an earlier run is not done
again.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fauxto.bench.contender import Contender
from fauxto.bench.cross_generator import CrossGenerator
from fauxto.bench.folds import FEWEST
from fauxto.catalog import find
from fauxto.contracts import Detector
from fauxto.data.manifest import Sample, read
from fauxto.learn.fit import Plan
from fauxto.media.crops import CropSpec
from fauxto.nn.backbone import Tower
from fauxto.nn.clip import tiny_clip_tower
from fauxto.nn.efficientnet_lite import efficientnet_lite0_tower
from machine import describe, own_cpu

DETECTORS: dict[str, tuple[str, dict[str, Any]]] = {
    "npr": ("npr", {}),
    "safe": ("safe", {}),
    "house": ("house", {}),
    "fourier": ("fourier", {}),
    "patchcraft": ("patchcraft", {"patch": 8, "cells": 4}),
    "cnndetection, width 8": ("cnndetection", {"blocks": (1, 1, 1, 1), "width": 8}),
    "aria, width 8": ("aria", {"blocks": (1, 1, 1, 1), "width": 8}),
    "imaginet, width 8": ("imaginet", {"blocks": (1, 1, 1, 1), "width": 8}),
    "univfd, lite0": ("univfd", {}),
    "rine, lite0": ("rine", {"width": 64}),
    "tridetect, lite0": ("tridetect", {}),
    "fatformer, tiny": ("fatformer", {"backbone": "tiny", "adapters": 2}),
    "alei, tiny": ("alei", {"inner": 16, "low_width": 4}),
    "rigid, lite0": ("rigid", {}),
    "aeroblade, random": ("aeroblade", {"backbone": "tiny"}),
}
"""The name in the table, the system, and its arguments."""
TOWERS: dict[str, Callable[[int], Tower]] = {
    **dict.fromkeys(("univfd", "rine", "tridetect", "rigid"), efficientnet_lite0_tower),
    "alei": lambda side: tiny_clip_tower(size=side),
}
"""What a system stands on, for windows of a side."""
UNTRAINED = ("rigid", "aeroblade")


def on_tower(kind: Callable[..., Detector], slug: str, crop: CropSpec, **arguments: Any) -> Detector:
    """A detector on the tower of its system."""
    return kind(crop, backbone=TOWERS[slug](crop.size), **arguments)


def contender(name: str, crop: CropSpec, work: Path) -> Contender:
    """The contender of a name; one that is not trained gets its initial state as weights.

    FatFormer keeps the 32 pixels of its tiny CLIP, to which it squeezes the whole picture.
    """
    slug, arguments = DETECTORS[name]
    build: partial[Detector]
    if slug in TOWERS:
        build = partial(on_tower, kind=find(slug), slug=slug, crop=crop, **arguments)
    else:
        build = partial(find(slug), **arguments, **({} if slug == "fatformer" else {"crop": crop}))
    if slug not in UNTRAINED:
        return Contender(name, build)
    weights = work / f"{slug}.safetensors"
    build().save(str(weights))  # type: ignore[attr-defined]
    return Contender(name, build, weights)


def pace(detector: Detector, rounds: int = 15) -> float:
    """Pictures of 512 pixels a CPU second, one at a time: preprocessing and network; the median of `rounds`."""
    pictures = [np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)]
    detector.score(pictures)
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        detector.score(pictures)
        seconds.append(time.process_time() - start)
    return round(1 / float(np.median(seconds)), 1)


def dealt(samples: Sequence[Sample], hands: int) -> list[list[str]]:
    """The families with enough fakes to be tested, by name, dealt like cards: nobody chose what is left out with what.

    >>> made = [Sample("x.png", 1, family=name) for name in "abcde" for _ in range(FEWEST)]
    >>> dealt(made, 2)
    [['a', 'c', 'e'], ['b', 'd']]
    """
    counts = Counter(sample.family for sample in samples if sample.label)
    names = sorted(name for name, count in counts.items() if name and count >= FEWEST)
    return [names[hand::hands] for hand in range(hands)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--hold-out", nargs="+", metavar="FAMILY,...")
    parser.add_argument("--folds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="run so many of the folds now, 0 for all")
    parser.add_argument("--detectors", nargs="+", default=list(DETECTORS))
    parser.add_argument("--crops", type=int, default=1024)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--windows", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = options.out / "results"
    for folder in (options.work, results):
        folder.mkdir(parents=True, exist_ok=True)
    samples = read(options.manifest)
    held_out = [some.split(",") for some in options.hold_out] if options.hold_out else dealt(samples, options.folds)
    protocol = CrossGenerator(
        by="family",
        together=held_out,
        first=options.first,
        crops=options.crops,
        plan=Plan(crop=options.crop, batch_size=options.batch_size, precision="32-true", workers=0),
        seeds=tuple(options.seeds),
        patches=2,
        most=options.most,
    )
    crop = CropSpec(options.window, options.windows)
    entered = [contender(name, crop, options.work) for name in options.detectors]
    table = protocol.run(entered, samples, options.work)
    table.facts.update(describe("torch", "numpy"))
    rates = {one.name: pace(one.build()) for one in entered}
    table.rows[:] = [replace(row, images_per_second=rates[row.detector]) for row in table.rows]
    table.means[:] = [replace(row, images_per_second=rates[row.detector]) for row in table.means]
    table.facts["detectors"] = {name: DETECTORS[name] for name in options.detectors}
    table.facts["images/s"] = "a CPU second of one thread, pictures of 512 pixels in memory, as this machine is shared"
    table.facts["CPU seconds of this run"] = round(own_cpu())
    table.save(options.work / "table")
    shutil.copy(options.work / "table/table.parquet", results / "lab_comparison.parquet")
    shutil.copy(options.work / "table/bars.png", results / "lab_comparison.png")
    (results / "lab_comparison.json").write_text(json.dumps(table.facts, indent=1, default=str) + "\n")
    print((options.work / "table/table.md").read_text())


if __name__ == "__main__":
    main()
