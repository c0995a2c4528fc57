"""Which recipe holds on generators and sources that it never saw, on features that take seconds to learn?

    python benchmarks/house_features.py --manifest manifest.csv --work WORK --out results.json

The folds of `house_search` hold out whole families of generators and whole sources of photographs at once. Every patch
goes through one random history, the same law for both classes, and becomes the co-occurrences of `cooccurrence`; a
picture's score is the mean over its patches. Recipes differ in the features that they read and in the classifier. Each
seed draws half of the training patches anew; a generator or source weighs as the square root of its size. Beside them
stand a probe that reads only the header of the file (what a leak would give), and learning curves: half the pictures,
half the generators.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import cooccurrence
from cooccurrence import BLOCKS
from fauxto.data.manifest import Sample, read
from fauxto.data.patches import PatchStore, build
from fauxto.learn.ahead import launder_ahead
from fauxto.media.decode import probe
from fauxto.score.roc import auc, interval, tpr_at
from house_data import COLLECTIONS, POPULATIONS
from house_search import FOLDS, split

Score = Callable[[np.ndarray], np.ndarray]
"""From rows of features `(n, d)` to logits `(n,)`."""


def linear(x: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int, penalty: float = 1e-4) -> Score:
    """Logistic regression on standardised features; `w` are the weights of the rows."""
    mean, deviation = x.mean(0), x.std(0) + 1e-4
    rows, labels, weights = torch.from_numpy((x - mean) / deviation), torch.from_numpy(y), torch.from_numpy(w)
    theta = torch.zeros(x.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(rows @ theta[:-1] + theta[-1], labels, reduction="none")
        total = (each * weights).sum() + penalty * theta[:-1].square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    found = theta.detach().numpy()
    return lambda z: ((z - mean) / deviation) @ found[:-1] + found[-1]


def hidden(x: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int) -> Score:
    """One hidden layer of 64 units with dropout, 12 passes of AdamW."""
    mean, deviation = x.mean(0), x.std(0) + 1e-4
    rows, labels, weights = torch.from_numpy((x - mean) / deviation), torch.from_numpy(y), torch.from_numpy(w)
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Dropout(0.3), nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1))
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.05)
    for _ in range(12):
        for batch in torch.randperm(len(rows)).split(256):
            each = functional.binary_cross_entropy_with_logits(net(rows[batch])[:, 0], labels[batch], reduction="none")
            optimizer.zero_grad()
            (each * weights[batch] * len(rows)).mean().backward()
            optimizer.step()
    net.eval()

    def score(z: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(torch.from_numpy((z - mean) / deviation))[:, 0].numpy()

    return score


def one_class(x: np.ndarray, y: np.ndarray, w: np.ndarray, seed: int) -> Score:
    """Distance from the photographs alone: Mahalanobis in their 64 leading directions, plus what these leave."""
    real = x[y == 0]
    mean, deviation = real.mean(0), real.std(0) + 1e-4
    _, values, ways = np.linalg.svd((real - mean) / deviation, full_matrices=False)
    ways, spread = ways[:64].T, values[:64] / np.sqrt(len(real))

    def score(z: np.ndarray) -> np.ndarray:
        z = (z - mean) / deviation
        inside = z @ ways
        return np.log(((inside / spread) ** 2).sum(1) + ((z - inside @ ways.T) ** 2).sum(1))

    return score


def where(**wanted: object) -> np.ndarray:
    """Which features belong to blocks of these planes, residuals, steps or ways."""
    names = ("plane", "residual", "step", "way")
    kept = [all(block[names.index(k)] in np.atleast_1d(v) for k, v in wanted.items()) for block in BLOCKS]
    return np.repeat(kept, 125)


RECIPES: dict[str, tuple[np.ndarray, Callable[..., Score]]] = {
    "all, linear": (where(), linear),
    "all, linear, penalty x 30": (where(), lambda *a: linear(*a, penalty=3e-3)),
    "all, one hidden layer": (where(), hidden),
    "all, photographs only": (where(), one_class),
    "brightness, linear": (where(plane="G"), linear),
    "colour differences, linear": (where(plane=["R-G", "B-G"]), linear),
    "colour differences, hidden layer": (where(plane=["R-G", "B-G"]), hidden),
    "first differences": (where(residual="first"), linear),
    "second differences": (where(residual="second"), linear),
    "square kernel": (where(residual="square"), linear),
    "fine steps": (where(step=1), linear),
    "coarse steps": (where(step=3), linear),
    "along the difference only": (where(way="along"), linear),
    "colour, first, along": (where(plane=["R-G", "B-G"], residual="first", way="along"), linear),
}


def original(sample: Sample) -> Sample:
    """The reference populations of the card joined sources that the folds hold apart."""
    own = POPULATIONS.get(sample.source) or COLLECTIONS.get(sample.source.removeprefix("debian/"))
    return sample if sample.label or own is None else replace(sample, family=own)


def table(store: PatchStore, work: Path) -> np.ndarray:
    """The features of every patch after one random history, float32 `(n, 4500)`, kept in `work`."""
    file = work / "cooccurrence.npy"
    if not file.exists():
        views = launder_ahead(store, work, versions=1, size=136)
        np.save(file, np.stack([cooccurrence.features(view) for view in views.pixels]).astype(np.float16))
    return np.load(file).astype(np.float32)


def weights(rows: Sequence[Sample]) -> np.ndarray:
    """Half of the weight to each class; within it, each generator or source by the square root of its size."""
    names = np.asarray([f"{s.label}:{s.generator or s.source}" for s in rows])
    _, place, count = np.unique(names, return_inverse=True, return_counts=True)
    each = 1 / np.sqrt(count[place])
    labels = np.asarray([s.label for s in rows])
    for label in (0, 1):
        each[labels == label] /= 2 * each[labels == label].sum()
    return each.astype(np.float32)


def header(sample: Sample) -> np.ndarray:
    """What the file says before a pixel is decoded, `(7,)`."""
    data = Path(sample.path).read_bytes()
    found = probe(data)
    quality = found.jpeg.quality if found.jpeg and found.jpeg.quality else 0
    area = found.width * found.height
    kinds = [float(found.format == kind) for kind in ("jpeg", "png", "webp")]
    return np.float32([*kinds, np.log(area), found.width / found.height, 8 * len(data) / area, quality])


def fold_scores(x: np.ndarray, of: np.ndarray, samples: list[Sample], fold: str, recipe, *, seed: int, keep) -> dict:
    """Mean score of each held-out picture: index into `samples` to logit. `keep` says which samples may train."""
    train, test = split(samples, fold)
    mask, learn = recipe
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(np.isin(of, [i for i in train if keep(samples[i])]))
    rows = np.sort(rng.choice(rows, len(rows) // 2, replace=False))
    chosen = [samples[i] for i in of[rows]]
    labels = np.float32([s.label for s in chosen])
    score = learn(x[rows][:, mask], labels, weights(chosen), seed)
    rows = np.flatnonzero(np.isin(of, test))
    logits = score(x[rows][:, mask])
    return {int(i): float(logits[of[rows] == i].mean()) for i in np.unique(of[rows])}


def summary(scores: dict[int, float], samples: list[Sample]) -> dict[str, dict]:
    """AUC with its interval and TPR at 5 % FPR of each held-out family, against the held-out photographs."""
    real = np.asarray([z for i, z in scores.items() if not samples[i].label])
    found = {}
    for family in sorted({samples[i].family for i in scores if samples[i].label}):
        fake = np.asarray([z for i, z in scores.items() if samples[i].label and samples[i].family == family])
        low, high = interval(auc, real, fake)
        found[family] = {
            "n": len(fake), "auc": round(auc(real, fake), 4), "low": round(low, 4), "high": round(high, 4),
            "tpr5": round(tpr_at(real, fake, 0.05), 4),
        }  # fmt: skip
    return found


def markdown(rows: list[dict]) -> str:
    """Two tables: every recipe over its seeds, and the first recipe family by family (first seed)."""
    lines = ["| recipe | mean AUC over families (seeds) | TPR at 5 % FPR | worst family |", "| --- | --- | --- | --- |"]
    for name in dict.fromkeys(row["recipe"] for row in rows):
        own = [row for row in rows if row["recipe"] == name]
        means = [row["mean_auc"] for row in own]
        power = np.mean([family["tpr5"] for row in own for family in row["families"].values()])
        by_family = {f: float(np.mean([row["families"][f]["auc"] for row in own])) for f in own[0]["families"]}
        worst = min(by_family, key=lambda family: by_family[family])
        spread = f"{np.mean(means):.3f} ({min(means):.3f} to {max(means):.3f})"
        lines.append(f"| {name} | {spread} | {100 * power:.0f} % | {worst} {by_family[worst]:.2f} |")
    lines += ["", f"| family held out, {rows[0]['recipe']} | pictures | AUC (95 %) | TPR at 5 % FPR |"]
    lines.append("| --- | --- | --- | --- |")
    for family, row in sorted(rows[0]["families"].items()):
        cells = f"{row['auc']:.3f} ({row['low']:.3f} to {row['high']:.3f}) | {100 * row['tpr5']:.0f} %"
        lines.append(f"| {family} | {row['n']} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    store = build([original(s) for s in read(options.manifest)], options.work, size=256, per_picture=2, seed=0)
    x, of, samples = table(store, options.work), store.picture, store.samples
    _, unique = np.unique(x[:400].round(3), axis=1, return_index=True)  # mirrored triples stand twice
    unique = np.sort(unique)
    x = x[:, unique]
    headers = np.stack([header(s) for s in samples])
    everything: dict[str, tuple] = {name: (x, of, (mask[unique], learn)) for name, (mask, learn) in RECIPES.items()}
    everything["header only"] = (headers, np.arange(len(samples)), (np.ones(headers.shape[1], bool), hidden))
    names = sorted({s.generator for s in samples if s.label})
    curves: dict[str, Callable[[Sample], bool]] = {
        "all, linear, half the pictures": lambda s: int(s.sha256[:4] or "0", 16) % 2 == 0,
        "all, linear, half the generators": lambda s: not s.label or names.index(s.generator) % 2 == 0,
    }
    jobs = [(name, *given, lambda s: True) for name, given in everything.items()]
    jobs += [(name, *everything["all, linear"], keep) for name, keep in curves.items()]
    rows = []
    for name, table_of, place, recipe, keep in jobs:
        for seed in options.seeds:
            families: dict[str, dict] = {}
            for fold in FOLDS:
                scores = fold_scores(table_of, place, samples, fold, recipe, seed=seed, keep=keep)
                families |= summary(scores, samples)
            mean = float(np.mean([row["auc"] for row in families.values()]))
            rows.append({"recipe": name, "seed": seed, "mean_auc": round(mean, 4), "families": families})
            print(f"{name:36} seed {seed}  mean AUC {mean:.3f}", flush=True)
            options.out.write_text(json.dumps(rows, indent=1) + "\n")
    print(markdown(rows))


if __name__ == "__main__":
    main()
