"""Compare detector recipes by leaving out whole families of generators.

    python benchmarks/house_search.py --manifest all.csv --work WORK --out FILE.jsonl

Every recipe learns from the same views, made ahead (`house_train.views`), as many of them, once without each fold's
families; then it is tested on pictures of these against photographs that were never trained on, all shipped through the
same chain before the crop: `matched` (JPEG 90) or `social` (long side 1280, JPEG 80). The result is one JSON row per
recipe, fold, seed and condition, with every score; `--tell` prints the table of a file of rows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import zlib
from pathlib import Path

import numpy as np
import torch

from fauxto.data.manifest import Sample, read
from fauxto.data.patches import PatchStore
from fauxto.detect.house import House
from fauxto.detect.npr import NPR
from fauxto.detect.safe import SAFE
from fauxto.launder import apply
from fauxto.learn.fit import Plan, fit, initial_state
from fauxto.media.crops import CropSpec, cut, take
from fauxto.media.decode import decode
from fauxto.score.roc import auc, tpr_at
from house_train import views

FOLDS = {
    "A": (("sd21", "stylegan", "taef2"), ("people", "corel")),
    "B": (("chat", "dalle3", "modern"), ("phone", "camera")),
    "C": (("ldm", "vqgan", "disco", "dalle2"), ("scan", "screenshot")),
    "D": (("sd1", "sdxl", "midjourney", "upscaled"), ("webp", "art")),
}
RECIPES = {"npr": NPR, "safe": SAFE, "house": House}
HELD_OUT_WEB = 200
"""This many web photographs (by content hash) are never trained on, in any fold."""
CONDITIONS = {"matched": "jpeg:90", "social": "fit:1280|jpeg:80"}
MOST = 100
"""Test pictures per generator or source: the first by content hash."""


def held_out_web(samples: list[Sample]) -> set[str]:
    """The paths of the web photographs that no fold trains on."""
    web = sorted((s.sha256, s.path) for s in samples if s.family == "web")
    return {path for _, path in web[:HELD_OUT_WEB]}


def split(samples: list[Sample], fold: str) -> tuple[list[int], list[int]]:
    """Indices of training and of test samples of a fold."""
    generators, sources = FOLDS[fold]
    web = held_out_web(samples)
    held_sources = {s.source.split("/")[-1] for s in samples if s.family in sources}
    held_blobs = {s.sha256[:12] for s in samples if s.path in web}
    train, test, count = [], [], {}
    for i, s in sorted(enumerate(samples), key=lambda item: zlib.crc32(item[1].path.encode())):
        if s.family in generators or s.family in sources or s.path in web:
            count[s.family] = count.get(s.family, 0) + 1
            if count[s.family] <= MOST:
                test.append(i)
        elif s.family == "taef2" and (s.source in held_sources or s.parent in held_blobs):
            continue
        else:
            train.append(i)
    return train, test


def left_out(samples: list[Sample], fold: str) -> list[Sample]:
    """What a fold tests: pictures of its families, and photographs whose split says that nothing learns from them."""
    test, count = [], {}
    for s in sorted(samples, key=lambda s: zlib.crc32(s.path.encode())):
        if s.family in FOLDS[fold][0] if s.label else s.split != "train":
            count[s.family] = count.get(s.family, 0) + 1
            if count[s.family] <= MOST:
                test.append(s)
    return test


def windows(sample: Sample, condition: str, cache: Path) -> np.ndarray:
    """Up to three 256 windows of a laundered picture, `(k, 256, 256, 3)`, kept on disk."""
    path = cache / f"{zlib.crc32(sample.path.encode()):08x}-{condition}.npy"
    if not path.exists():
        pixels = apply(decode(Path(sample.path).read_bytes()), CONDITIONS[condition])
        height, width = pixels.shape[:2]
        np.save(path, take(width, height, CropSpec(256, 3), lambda box: cut(pixels, box)))
    return np.load(path)


def score(network: torch.nn.Module, samples: list[Sample], condition: str, cache: Path, count: int) -> list[float]:
    """One logit a picture: the mean over its windows (the middle one where a recipe reads one)."""
    network.eval()
    logits = []
    with torch.inference_mode():
        for sample in samples:
            crops = windows(sample, condition, cache)
            crops = crops[len(crops) // 2][None] if count == 1 else crops
            pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
            logits.append(network(pixels).float().mean().item())
    return logits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES))
    parser.add_argument("--folds", nargs="+", default=list(FOLDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--conditions", nargs="+", default=["matched"])
    parser.add_argument("--crops-seen", type=int, default=12800)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tell", action="store_true", help="print the table of --out; nothing is trained")
    options = parser.parse_args()
    if not options.tell:
        search(read(options.manifest), views(options.manifest, options.work), options)
    rows = [json.loads(line) for line in options.out.read_text().splitlines()]
    for condition in options.conditions:
        print(f"\n{condition}\n\n{markdown([row for row in rows if row['condition'] == condition])}")


def search(samples: list[Sample], store: PatchStore, options: argparse.Namespace) -> None:
    """Train and test what `options.out` has no row of yet."""
    cache = options.work / "windows"
    cache.mkdir(exist_ok=True)
    done = set()
    if options.out.exists():
        rows = map(json.loads, options.out.read_text().splitlines())
        done = {(row["recipe"], row["fold"], row["seed"], row["condition"]) for row in rows}
    for seed, fold, recipe in itertools.product(options.seeds, options.folds, options.recipes):
        missing = [each for each in options.conditions if (recipe, fold, seed, each) not in done]
        if not missing:
            continue
        detector, test = initial_state(RECIPES[recipe], seed), left_out(samples, fold)
        steps = options.crops_seen // detector.recipe["batch_size"]
        plan = Plan(steps=steps, crop=options.crop, seed=seed, laundering=None, workers=1)
        known = {s.path for s in store.samples if not (s.label and s.family in FOLDS[fold][0])}
        run = options.work / f"run-{recipe}-{fold}-{seed}-{options.crops_seen}-{options.crop}"
        fitted = fit(detector, store.subset(known), plan, run)
        for condition in missing:
            logits = np.asarray(score(detector.network(), test, condition, cache, detector.crop.count))
            report(
                recipe, fold, seed, condition, samples=test, logits=logits, seconds=fitted.seconds, out=options.out
            )  # fmt: skip


def report(recipe, fold, seed, condition, *, samples, logits, seconds, out) -> None:
    """Print AUC and TPR per held-out generator against all held-out photographs; append the row to `out`."""
    labels = np.asarray([s.label for s in samples])
    real = logits[labels == 0]
    families = sorted({s.family for s in samples if s.label})
    per = {}
    for family in families:
        fake = logits[[s.family == family for s in samples]]
        per[family] = [round(auc(real, fake), 4), round(tpr_at(real, fake, 0.05), 4)]
    row = {
        "recipe": recipe, "fold": fold, "seed": seed, "condition": condition, "auc_tpr5": per,
        "mean_auc": round(float(np.mean([v[0] for v in per.values()])), 4), "seconds": round(seconds),
    }  # fmt: skip
    print(json.dumps(row), flush=True)
    row["scores"] = [[s.family, s.generator, s.label, round(float(z), 4)] for s, z in zip(samples, logits, strict=True)]
    with out.open("a") as file:
        file.write(json.dumps(row) + "\n")


def markdown(rows: list[dict]) -> str:
    """Recipe by family: AUC, mean over the seeds, and the mean over the families with the range of the seeds."""
    recipes = [recipe for recipe in RECIPES if any(row["recipe"] == recipe for row in rows)]
    lines = ["| left out | " + " | ".join(recipes) + " |", "| --- " * (1 + len(recipes)) + "|"]
    found: dict[str, dict[str, list[float]]] = {}
    seeds: dict[str, dict[int, list[float]]] = {recipe: {} for recipe in recipes}
    for row in rows:
        for family, (area, _) in row["auc_tpr5"].items():
            found.setdefault(family, {}).setdefault(row["recipe"], []).append(area)
            seeds[row["recipe"]].setdefault(row["seed"], []).append(area)
    for family, own in sorted(found.items()):
        cells = [f"{np.mean(own[recipe]):.3f}" if recipe in own else "" for recipe in recipes]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    means = {recipe: [np.mean(areas) for areas in own.values()] for recipe, own in seeds.items()}
    cells = [f"{np.mean(own):.3f} ({min(own):.3f} to {max(own):.3f})" for own in means.values()]
    return "\n".join([*lines, "| **mean** | " + " | ".join(cells) + " |"])


if __name__ == "__main__":
    main()
