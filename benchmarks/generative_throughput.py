"""What an FID costs, from files to the number: `fauxto generate evaluate` against the loop of pytorch-fid.

    python benchmarks/generative_throughput.py [--pictures FOLDER] [--count 32] [--rounds 3] [--whole] [--threads 1]
        [--out FILE.json]

Both arms read the same two folders, resize by pytorch-fid's rule to 299 and use the same Inception-v3 with the same
seeded random weights, in float32, on `--threads` threads: torch parts each picture among them and loads in as many
processes, as pytorch-fid does unasked; `fauxto` gives each thread pictures of its own. `plain` is pytorch-fid's
pipeline in our own words (the package itself needs torchvision, which has no build for this environment): loader
processes that open files with Pillow, batches of 50, torch's bilinear resizing, the network in its default layout, all
features in one float64 array, np.cov, and scipy's square root of the product of covariances. `fauxto` is
`bench.generator.Evaluation` with the network through OpenVINO; the exported file is kept, as it is between two runs of
the command, and what it took to make it stands beside. `fauxto_second` scores the same fakes against the same reals
again, with a cache in which only the reals are known: what every further generator costs.

Arms take turns, in another order each round, and ratios are taken within a round. CPU seconds count all processes; on a
machine that others use too they are the better witness. A few pictures leave covariances without full rank, where
`fauxto` takes a short cut that thousands do not have: so the rounds compare all up to the moments, the distance is
timed apart at full rank. `at` says what both come to for so many pictures a folder, with the opening of the network and
against reals that are new ("first") or known ("second"): it is computed, not run. `--whole` runs the distances too.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy.linalg import sqrtm
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

import machine
from fauxto.bench.generator import Evaluation
from fauxto.data.worlds.camera import photograph
from fauxto.learn.engine import fast_engine
from fauxto.nn.feature_network import FeatureNetwork, inception
from fauxto.score.generative.conventions import convention
from fauxto.score.generative.frechet import frechet, frechet_of
from fauxto.score.generative.moments import Gaussian

BATCH, SIDE, WIDTH = 50, 256, 2048
SIZES = (1_000, 10_000, 50_000)


class Files(Dataset[torch.Tensor]):
    """One picture after the other, as a tensor in [0, 1]."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.iterdir())

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        pixels = np.array(Image.open(self.paths[index]).convert("RGB"))
        return torch.from_numpy(pixels).permute(2, 0, 1).float() / 255


def plain_features(network: torch.nn.Module, folder: Path) -> np.ndarray:
    files = Files(folder)
    found = np.empty((len(files), WIDTH))
    done = 0
    for batch in DataLoader(files, batch_size=BATCH, num_workers=torch.get_num_threads()):
        with torch.no_grad():
            scaled = 2 * functional.interpolate(batch, size=(299, 299), mode="bilinear", align_corners=False) - 1
            features = network(scaled)
        found[done : done + len(features)] = features.numpy()
        done += len(features)
    return found


def plain_distance(a: Gaussian, b: Gaussian) -> float:
    root = sqrtm(a.covariance.dot(b.covariance))
    if not np.isfinite(root).all():
        offset = 1e-6 * np.eye(WIDTH)
        root = sqrtm((a.covariance + offset).dot(b.covariance + offset))
    difference = a.mean - b.mean
    return float(difference @ difference + np.trace(a.covariance) + np.trace(b.covariance) - 2 * np.trace(root.real))


def plain(network: torch.nn.Module, real: Path, fake: Path, whole: bool) -> dict[str, float]:
    """The distance by their formula where `whole` is asked for; the value by ours, to compare features with."""
    started = machine.own_cpu(), time.perf_counter()
    sets = [plain_features(network, folder) for folder in (real, fake)]
    moments = [Gaussian(x.mean(0), np.cov(x, rowvar=False)) for x in sets]
    features = machine.own_cpu() - started[0]
    if whole:
        plain_distance(*moments)
    spent = {
        "features_cpu_seconds": features,
        "cpu_seconds": machine.own_cpu() - started[0],
        "wall_seconds": time.perf_counter() - started[1],
    }
    return spent | {"fid": frechet_of(*sets)}


def ours(network: FeatureNetwork, real: Path, fake: Path, cache: Path) -> float:
    found = (
        Evaluation(network, convention("pytorch-fid"), ("fid",), cache=cache, threads=torch.get_num_threads())
        .run(real, fake)
        .metrics["fid"]
    )
    assert isinstance(found, float)
    return found


def cost(work: Callable[[], object]) -> dict[str, Any]:
    cpu, wall = machine.own_cpu(), time.perf_counter()
    value = work()
    row = {"cpu_seconds": machine.own_cpu() - cpu, "wall_seconds": time.perf_counter() - wall}
    return row | ({"fid": value} if isinstance(value, float) else {})


def make_sets(folder: Path, pictures: Path | None, count: int) -> tuple[Path, Path]:
    """Two folders of `count` pictures of 256 pixels; the fakes are the reals' siblings, blurred through a resize."""
    sides = folder / "real", folder / "fake"
    for number, side in enumerate(sides):
        side.mkdir()
        if pictures is not None:
            paths = sorted(p for p in pictures.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"})
            paths = paths[:: max(1, len(paths) // (2 * count))][number::2][:count]
            shots = [Image.open(path).convert("RGB").resize((SIDE, SIDE)) for path in paths]
        else:
            shots = [Image.fromarray(photograph(2 * i + number, SIDE)) for i in range(count)]
        for i, shot in enumerate(shots):
            soft = shot.resize((SIDE // 2, SIDE // 2)).resize((SIDE, SIDE)) if number else shot
            soft.save(side / f"{i:05}.jpg", quality=95)
    return sides


def distances() -> dict[str, Any]:
    """CPU seconds of both distances on covariances of full rank, as many pictures give them, and how they differ."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(WIDTH, WIDTH)) * np.exp(-np.arange(WIDTH) / 400)
    scatter = [mix.T @ (weights[:, None] * mix) / WIDTH for weights in rng.random((2, WIDTH)) + 0.5]
    a, b = (Gaussian(rng.normal(size=WIDTH) / 20, s) for s in scatter)
    rows = {"fauxto": cost(lambda: frechet(a, b)), "plain": cost(lambda: plain_distance(a, b))}
    difference = abs(rows["fauxto"]["fid"] / rows["plain"]["fid"] - 1)
    return {arm: row["cpu_seconds"] for arm, row in rows.items()} | {"relative_difference": difference}


def spread(values: Sequence[float]) -> dict[str, float]:
    digits = [float(f"{value:.4g}") for value in values]
    return {"median": statistics.median(digits), "min": min(digits), "max": max(digits)}


def measure(real: Path, fake: Path, rounds: int, whole: bool, work: Path) -> Iterator[dict[str, Any]]:
    """What is known after each round."""
    network = inception(None, seed=0)
    export = cost(lambda: fast_engine(network, work / "engine"))
    again = work / "again"
    Evaluation(network, convention("pytorch-fid"), ("fid",), cache=again).run(real, real)
    kept = [again / "features.sqlite", *again.glob("*.onnx")]
    opening = cost(lambda: fast_engine(network, again))
    rows: dict[str, list[dict[str, Any]]] = {"plain": [], "fauxto": [], "fauxto_second": []}
    for number in range(rounds):
        caches = {}
        for arm in ("fauxto", "fauxto_second"):
            caches[arm] = work / f"{arm}-{number}"
            caches[arm].mkdir()
            for file in kept if arm == "fauxto_second" else kept[1:]:
                shutil.copy(file, caches[arm])
        arms = list(rows)
        random.Random(number).shuffle(arms)
        for arm in arms:
            if arm == "plain":
                row = plain(network.body, real, fake, whole)
            else:
                cache = caches[arm]
                row = cost(lambda cache=cache: ours(network, real, fake, cache))
            rows[arm].append(row)
            print(number, arm, row, flush=True)
        yield {"export": export, "opening": opening, "rounds": rows}


def report(found: dict[str, Any], root: dict[str, Any], count: int, whole: bool) -> dict[str, Any]:
    rows = found["rounds"]
    ratios = {
        f"{arm}_{clock}": spread(
            [
                slow[f"{clock}_seconds"] / quick[f"{clock}_seconds"]
                for slow, quick in zip(rows["plain"], rows[arm], strict=True)
            ]
        )
        for arm in ("fauxto", "fauxto_second")
        for clock in ("cpu", "wall")
    }
    fixed = found["opening"]["cpu_seconds"]
    each = {
        "plain": statistics.median(row["features_cpu_seconds"] for row in rows["plain"]) / (2 * count),
        "fauxto": (statistics.median(row["cpu_seconds"] for row in rows["fauxto"]) - fixed) / (2 * count),
    }
    at = {}
    for size in SIZES if root else ():
        slow = 2 * size * each["plain"] + root["plain"]
        for name, computed in (("first", 2 * size), ("second", size)):
            at[f"{size}_{name}"] = round(slow / (fixed + computed * each["fauxto"] + root["fauxto"]), 2)
    values = {arm: [row["fid"] for row in rows[arm]] for arm in rows}
    return {
        "whole": whole,
        "ratio": ratios,
        "cpu_seconds_a_picture": {arm: round(value, 4) for arm, value in each.items()},
        "distance_at_full_rank": root,
        "at": at,
        "fid": {arm: spread(values[arm]) for arm in values},
        "fid_relative_difference": max(abs(v / values["plain"][0] - 1) for v in values["fauxto"]),
        "export": found["export"],
        "opening": found["opening"],
        "rounds": rows,
    }


def write(arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    told = machine.describe("fauxto", "torch", "openvino", "numpy", "scipy", "pillow")
    told |= {"pictures_a_folder": arguments.count, "threads": torch.get_num_threads()}
    arguments.out.write_text(json.dumps(told | result, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder of photographs; without it the camera world's")
    parser.add_argument("--count", type=int, default=32, help="pictures in each of the two folders")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="run the distances in every round too")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/generative_throughput.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    busy, own, started = machine.busy_cpu() or 0.0, machine.own_cpu(), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        real, fake = make_sets(Path(name), arguments.pictures, arguments.count)
        for found in measure(real, fake, arguments.rounds, arguments.whole, Path(name)):
            write(arguments, report(found, {}, arguments.count, arguments.whole))
    result = report(found, distances(), arguments.count, arguments.whole)
    taken = (machine.busy_cpu() or 0.0) - busy - machine.own_cpu() + own
    write(arguments, {"cores_taken_by_others": round(taken / (time.perf_counter() - started), 2), **result})
    print(json.dumps({key: result[key] for key in ("ratio", "cpu_seconds_a_picture", "at", "fid_relative_difference")}))


if __name__ == "__main__":
    main()
