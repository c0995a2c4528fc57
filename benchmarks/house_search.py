"""Compare detector recipes by leaving out whole generators and whole sources of photographs.

    python benchmarks/house_search.py --manifest manifest.csv --work WORK --recipes npr safe house --out FILE

Each fold trains on the other groups and is tested on pictures of the held-out generators against pictures of the
held-out sources, all shipped through the same chain before the crop: `matched` (JPEG 90), `social` (long side 1280,
JPEG 80) and `raw` (as the files lie, format leak included). A picture that was made from a held-out photograph is left
out of training. The result is one JSON row per recipe, fold, seed and condition, with every score.
"""

from __future__ import annotations

import argparse
import json
import zlib
from pathlib import Path

import numpy as np
import torch

from fauxto.data.manifest import Sample, read
from fauxto.data.patches import build
from fauxto.detect.house import House
from fauxto.detect.npr import NPR
from fauxto.detect.safe import SAFE
from fauxto.launder import apply
from fauxto.learn.fit import Plan, fit
from fauxto.media.crops import CropSpec, cut, take
from fauxto.media.decode import decode
from fauxto.score.roc import auc, tpr_at

FOLDS = {
    "A": (("sd21", "stylegan", "taef2"), ("people", "corel")),
    "B": (("chat", "dalle3", "modern"), ("phone", "camera")),
    "C": (("ldm", "vqgan", "disco", "dalle2"), ("scan", "screenshot")),
    "D": (("sd1", "sdxl", "midjourney", "upscaled"), ("webp", "art")),
}
RECIPES = {"npr": NPR, "safe": SAFE, "house": House}
HELD_OUT_WEB = 200
"""This many web photographs (by content hash) are never trained on, in any fold."""
CONDITIONS = {"raw": "", "matched": "jpeg:90", "social": "fit:1280|jpeg:80"}
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


def windows(sample: Sample, condition: str, cache: Path) -> np.ndarray:
    """Up to three 256 windows of a laundered picture, `(k, 256, 256, 3)`, kept on disk."""
    name = f"{zlib.crc32(sample.path.encode()):08x}-{zlib.crc32(CONDITIONS.get(condition, condition).encode()):08x}.npy"
    path = cache / name
    if not path.exists():
        pixels = decode(Path(sample.path).read_bytes())
        if CONDITIONS.get(condition, condition):
            pixels = apply(pixels, CONDITIONS.get(condition, condition))
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
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--recipes", nargs="+", default=["npr", "safe", "house"])
    parser.add_argument("--folds", nargs="+", default=list(FOLDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--conditions", nargs="+", default=list(CONDITIONS))
    parser.add_argument(
        "--precision", default="32-true", help="bf16-mixed is 3 to 5 times as fast where the CPU has AMX"
    )
    parser.add_argument("--crops-seen", type=int, default=30000)
    parser.add_argument("--crop", type=int, default=96)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    samples = read(options.manifest)
    store = build(samples, options.work, size=256, per_picture=5, seed=0)
    cache = options.work / "windows"
    cache.mkdir(exist_ok=True)
    for fold in options.folds:
        train, test = split(samples, fold)
        test_samples = [samples[i] for i in test]
        for seed in options.seeds:
            for recipe in options.recipes:
                detector = RECIPES[recipe]()
                batch = detector.recipe["batch_size"]
                plan = Plan(
                    steps=options.crops_seen // batch,
                    crop=options.crop,
                    seed=seed,
                    precision=options.precision,
                    workers=1,
                )
                run = options.work / f"run-{recipe}-{fold}-{seed}-{options.crops_seen}-{options.crop}"
                fitted = fit(detector, store.subset({samples[i].path for i in train}), plan, run)
                for condition in options.conditions:
                    logits = np.asarray(score(detector.network(), test_samples, condition, cache, detector.crop.count))
                    report(
                        recipe, fold, seed, condition,
                        samples=test_samples, logits=logits, seconds=fitted.seconds, out=options.out,
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


if __name__ == "__main__":
    main()
