"""Compare all detectors of the lab: train each on the same pictures, test on families of generators left out.

    python benchmarks/lab_comparison.py --manifest lab.csv --work WORK --hold-out sdxl,stylegan,dalle3,ldm

The manifest is that of `lab_manifest.py`. Each item of `--hold-out` is left out of one training, so that every family
in it is new to what is tested on it. Detectors of the size of a ResNet-50 take part as their small siblings, those on
CLIP with EfficientNet-Lite0 (ImageNet weights) or, where that has no tokens, with a tiny random tower; the table says
so. RIGID is not trained: its scores rank, their zero means nothing. AEROBLADE needs an autoencoder and is left out.
What `--work` holds of an earlier run is not done again.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from fauxto.bench.contender import Contender
from fauxto.bench.cross_generator import CrossGenerator
from fauxto.catalog import find
from fauxto.contracts import Detector
from fauxto.data.manifest import read
from fauxto.learn.fit import Plan
from fauxto.media.crops import CropSpec
from fauxto.nn.efficientnet_lite import efficientnet_lite0_tower
from machine import describe

LITE: dict[str, Any] = {"backbone": "efficientnet-lite0"}
DETECTORS: dict[str, tuple[str, dict[str, Any]]] = {
    "npr": ("npr", {}),
    "safe": ("safe", {}),
    "house": ("house", {}),
    "fourier": ("fourier", {}),
    "patchcraft": ("patchcraft", {"patch": 8}),
    "cnndetection, width 8": ("cnndetection", {"blocks": (1, 1, 1, 1), "width": 8}),
    "aria, width 8": ("aria", {"blocks": (1, 1, 1, 1), "width": 8}),
    "imaginet, width 8": ("imaginet", {"blocks": (1, 1, 1, 1), "width": 8}),
    "univfd, lite0": ("univfd", LITE),
    "rine, lite0": ("rine", {**LITE, "width": 64}),
    "tridetect, lite0": ("tridetect", LITE),
    "fatformer, tiny": ("fatformer", {"backbone": "tiny", "adapters": 2}),
    "alei, tiny": ("alei", {"backbone": "tiny", "inner": 16, "low_width": 4}),
    "rigid, lite0": ("rigid", LITE),
}
"""The name in the table, the system, and its arguments."""
UNTRAINED = ("rigid",)
TINY = ("fatformer", "alei")
"""Systems whose tower reads 32 pixels and no more: they keep their own window."""


def on_lite(kind: Callable[..., Detector], window: int, **arguments: Any) -> Detector:
    """A detector on EfficientNet-Lite0 that reads windows of this side."""
    return kind(**{**arguments, "backbone": efficientnet_lite0_tower(window)})


def contender(name: str, window: int, work: Path) -> Contender:
    """The contender of a name; one that is not trained gets its initial state as weights."""
    slug, arguments = DETECTORS[name]
    kind: Callable[..., Detector] = find(slug)
    build: partial[Detector]
    if "backbone" in arguments and slug not in TINY:
        build = partial(on_lite, kind=kind, window=window, **arguments)
    else:
        build = partial(kind, **arguments, **({} if slug in TINY else {"crop": CropSpec(window, 1)}))
    if slug not in UNTRAINED:
        return Contender(name, build)
    weights = work / f"{slug}.safetensors"
    build().save(str(weights))  # type: ignore[attr-defined]
    return Contender(name, build, weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--hold-out", nargs="+", required=True)
    parser.add_argument("--detectors", nargs="+", default=list(DETECTORS))
    parser.add_argument("--crops", type=int, default=4800)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--window", type=int, default=128)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--most", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("benchmarks"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    protocol = CrossGenerator(
        by="family",
        together=[some.split(",") for some in options.hold_out],
        crops=options.crops,
        plan=Plan(crop=options.crop, batch_size=options.batch_size, precision="32-true", workers=0),
        seeds=tuple(options.seeds),
        patches=2,
        most=options.most,
    )
    entered = [contender(name, options.window, options.work) for name in options.detectors]
    table = protocol.run(entered, read(options.manifest), options.work)
    table.facts.update(describe("torch", "numpy"))
    table.save(options.work / "table")
    results = options.out / "results"
    shutil.copy(options.work / "table/table.parquet", results / "lab_comparison.parquet")
    shutil.copy(options.work / "table/bars.png", results / "lab_comparison.png")
    (results / "lab_comparison.json").write_text(json.dumps(table.facts, indent=1, default=str) + "\n")
    print((options.work / "table/table.md").read_text())


if __name__ == "__main__":
    main()
