"""Do our generator metrics say what the published packages say, on the same features, pictures and weights?

    python benchmarks/generative_agreement.py [--out FILE.json]

Compares with every one of torch-fidelity, clean-fid, pytorch-fid, prdc and torchmetrics that is installed (install them
with --no-deps in an environment of their own; none is a dependency of fauxto). Features are seeded Gaussian mixtures.
The Inception network has seeded random weights in the published layout, the same in both programs. Where torchvision
is not installed, an empty stand-in lets those packages be imported: nothing compared touches it. Random subsets are
given to both sides alike. A row is the largest relative difference of one figure.
"""
# ruff: noqa: PLC0415  (packages are imported where it is known that they are installed)

from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import json
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

import machine
from fauxto.nn.inception_v3 import random_inception_v3
from fauxto.score.generative.discrepancy import kid
from fauxto.score.generative.frechet import frechet, frechet_of, gaussian_of
from fauxto.score.generative.inception_score import inception_score
from fauxto.score.generative.manifold import manifold
from fauxto.score.generative.resize import clean, legacy_tensorflow, legacy_torch

PEERS = ("torch-fidelity", "clean-fid", "pytorch-fid", "prdc", "torchmetrics", "scipy", "numpy", "torch", "pillow")
TARGET = 1e-6
SUBSETS, SIZE, SEED = 10, 200, 2020

Rows = list[dict[str, Any]]


def features(pictures: int, width: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """Non-negative, correlated and clustered, as a network's pooled features are; float32 numbers in float64."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).normal(size=(width, width)) / width**0.5
    centres = np.random.default_rng(98).normal(size=(5, width))
    table = rng.normal(size=(pictures, width)) @ mix + centres[rng.integers(0, 5, pictures)] + shift
    return np.maximum(table, 0).astype(np.float32).astype(np.float64)


def stand_in_for_torchvision() -> None:
    """Empty modules under torchvision's names, so that packages that import it at their top can be imported."""
    if importlib.util.find_spec("torchvision") is not None:
        return
    names = ("", ".datasets", ".transforms", ".transforms.functional", ".models", ".models.inception", ".models.utils")
    for name in names:
        module = types.ModuleType(f"torchvision{name}")
        module.__spec__ = importlib.machinery.ModuleSpec(module.__name__, None)
        module.__version__ = "0.0"
        module.__getattr__ = lambda name: type(name, (), {})
        sys.modules[module.__name__] = module
        if name:
            parent, _, own = module.__name__.rpartition(".")
            setattr(sys.modules[parent], own, module)


def relative(ours: Any, theirs: Any) -> float:
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    return float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-300))


def scipy_root() -> Rows:
    """The textbook formula with scipy's square root of the unsymmetric product."""
    from scipy.linalg import sqrtm

    a, b = gaussian_of(features(1500, 192, 0)), gaussian_of(features(1200, 192, 1, 0.1))
    root = sqrtm(a.covariance @ b.covariance)
    expected = np.sum((a.mean - b.mean) ** 2) + np.trace(a.covariance + b.covariance - 2 * root.real)
    return [{"peer": "scipy sqrtm", "figure": "Fréchet distance", "difference": relative(frechet(a, b), expected)}]


def pytorch_fid() -> Rows:
    from pytorch_fid.fid_score import calculate_frechet_distance

    rows = []
    for name, pictures in (("full rank", 1500), ("rank below d", 150)):
        x, y = features(pictures, 192, 0), features(pictures, 192, 1, 0.1)
        a, b = gaussian_of(x), gaussian_of(y)
        theirs = calculate_frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
        row = {
            "peer": "pytorch-fid",
            "figure": f"Fréchet distance, {name}",
            "difference": relative(frechet(a, b), theirs),
        }
        if pictures < 192:
            row["own_routes"] = relative(frechet(a, b), frechet_of(x, y))
            row["note"] = (
                "where the rank is short, their root of rounding errors is the difference: our two routes agree"
            )
        rows.append(row)
    return rows


def clean_fid() -> Rows:
    from cleanfid import fid as peer
    from cleanfid.resize import make_resizer

    x, y = features(1500, 192, 0), features(1200, 192, 1, 0.1)
    a, b = gaussian_of(x), gaussian_of(y)
    theirs = peer.frechet_distance(a.mean, a.covariance, b.mean, b.covariance)
    np.random.seed(SEED)
    kernel = peer.kernel_distance(x, y, num_subsets=SUBSETS, max_subset_size=SIZE)
    state = np.random.RandomState(SEED)
    chosen = []
    for _ in range(SUBSETS):  # they draw the second set first
        second = state.choice(len(y), SIZE, replace=False)
        chosen.append((state.choice(len(x), SIZE, replace=False), second))
    ours = kid(x, y, size=SIZE, chosen=chosen).mean
    picture = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
    return [
        {"peer": "clean-fid", "figure": "Fréchet distance", "difference": relative(frechet(a, b), theirs)},
        {"peer": "clean-fid", "figure": "KID, same subsets", "difference": relative(ours, kernel)},
        *[
            {
                "peer": "clean-fid",
                "figure": f"clean resizing to {side}",
                "difference": relative(
                    clean(picture, side), make_resizer("PIL", False, "bicubic", (side, side))(picture)
                ),
            }
            for side in (299, 32)
        ],
    ]


def torch_fidelity() -> Rows:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x
    from torch_fidelity.metric_fid import fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    x, y = features(1500, 192, 0), features(1500, 192, 1, 0.1)
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    stats = [{"mu": g.mean, "sigma": g.covariance} for g in (gaussian_of(x), gaussian_of(y))]
    ours = frechet(gaussian_of(x), gaussian_of(y))
    quiet = {"verbose": False}
    rows = [("Fréchet distance", ours, fid_statistics_to_metric(*stats, False)["frechet_inception_distance"])]
    state = np.random.RandomState(SEED)
    chosen = [
        (state.choice(len(x), SIZE, replace=False), state.choice(len(y), SIZE, replace=False)) for _ in range(SUBSETS)
    ]
    kernel = kid_features_to_metric(*tensors, kid_subsets=SUBSETS, kid_subset_size=SIZE, rng_seed=SEED, **quiet)
    found = kid(x, y, size=SIZE, chosen=chosen)
    rows.append(("KID mean, same subsets", found.mean, kernel["kernel_inception_distance_mean"]))
    rows.append(("KID std, same subsets", found.std, kernel["kernel_inception_distance_std"]))
    single = kid_features_to_metric(
        *(t.float() for t in tensors), kid_subsets=SUBSETS, kid_subset_size=SIZE, rng_seed=SEED, **quiet
    )
    rows.append(("KID mean, theirs in float32", found.mean, single["kernel_inception_distance_mean"]))
    logits = 3 * torch.from_numpy(features(1500, 100, 5))
    theirs = isc_features_to_metric(logits, splits=10, shuffle=False)
    score = inception_score(logits.numpy(), 10)
    rows.append(("Inception Score mean", score.mean, theirs["inception_score_mean"]))
    rows.append(("Inception Score std", score.std, theirs["inception_score_std"]))
    found_prc = prc_features_to_metric(tensors[1], tensors[0], prc_neighborhood=3, prc_batch_size=1000, **quiet)
    balls = manifold(x, y, k=3, closed=True)
    for figure in ("precision", "recall"):
        rows.append((f"{figure}, k = 3, closed balls", getattr(balls, figure), found_prc[figure]))
    picture = np.random.default_rng(0).integers(0, 256, (1, 61, 83, 3), dtype=np.uint8)
    planes = torch.from_numpy(picture).permute(0, 3, 1, 2)
    theirs_resized = interpolate_bilinear_2d_like_tensorflow1x(planes.float(), size=(299, 299), align_corners=False)
    rows.append(("TensorFlow resizing", legacy_tensorflow(picture[0], 299), theirs_resized[0].permute(1, 2, 0).numpy()))
    network, _ = random_inception_v3(0)
    with tempfile.TemporaryDirectory() as folder:
        torch.save(network.state_dict(), Path(folder) / "weights.pth")
        peer = FeatureExtractorInceptionV3(
            "peer", ["2048", "logits", "logits_unbiased"], feature_extractor_weights_path=f"{folder}/weights.pth"
        )
    with torch.no_grad():
        pool, biased, unbiased = (tensor.numpy() for tensor in peer(planes))
        resized = torch.from_numpy(legacy_tensorflow(picture[0], 299)).permute(2, 0, 1)[None]
        own = network((resized - 128) / 128)
        rows.append(("Inception pool3, end to end", own.numpy(), pool))
        rows.append(("Inception logits", network.fc(own).numpy(), biased))
        rows.append(("Inception logits without bias", (own @ network.fc.weight.T).numpy(), unbiased))
    table = [
        {"peer": "torch-fidelity", "figure": figure, "difference": relative(ours, theirs)}
        for figure, ours, theirs in rows
    ]
    table[3]["note"] = (
        "given float32 features it computes in float32, as it does after its own network; ours in float64"
    )
    return table


def prdc() -> Rows:
    from prdc import compute_prdc

    x, y = features(700, 192, 0).astype(np.float64), features(600, 192, 1, 0.1).astype(np.float64)
    theirs, ours = compute_prdc(x, y, nearest_k=5), manifold(x, y, k=5)
    return [
        {"peer": "prdc", "figure": figure, "difference": relative(getattr(ours, figure), theirs[figure])}
        for figure in ("precision", "recall", "density", "coverage")
    ]


def torchmetrics() -> Rows:
    from torchmetrics.image.fid import _compute_fid

    a, b = gaussian_of(features(1500, 192, 0)), gaussian_of(features(1200, 192, 1, 0.1))
    theirs = _compute_fid(*(torch.from_numpy(v) for v in (a.mean, a.covariance, b.mean, b.covariance)))
    return [{"peer": "torchmetrics", "figure": "Fréchet distance", "difference": relative(frechet(a, b), theirs)}]


def torch_resizing() -> Rows:
    rows = []
    for height, width in ((61, 83), (512, 301)):
        picture = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
        planes = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
        theirs = torch.nn.functional.interpolate(planes, size=(299, 299), mode="bilinear", align_corners=False)
        difference = relative(legacy_torch(picture, 299), theirs[0].permute(1, 2, 0).numpy())
        rows.append({"peer": "torch", "figure": f"bilinear resizing of {height}x{width}", "difference": difference})
    return rows


COMPARISONS: dict[str, Callable[[], Rows]] = {
    "scipy": scipy_root,
    "torch": torch_resizing,
    "torch_fidelity": torch_fidelity,
    "cleanfid": clean_fid,
    "pytorch_fid": pytorch_fid,
    "prdc": prdc,
    "torchmetrics": torchmetrics,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="benchmarks/results/generative_agreement.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    stand_in_for_torchvision()
    rows, missing = [], []
    for package, compare in COMPARISONS.items():
        if importlib.util.find_spec(package) is None:
            missing.append(package)
            continue
        try:
            found = compare()
        except Exception as error:  # a package that does not run here is said, and the others go on
            found = [{"peer": package, "figure": "all", "failed": f"{type(error).__name__}: {error}"}]
        for row in found:
            if "difference" in row:
                row["agrees"] = bool(row["difference"] <= TARGET)
            print(row, flush=True)
        rows += found
    report = {**machine.describe(*PEERS), "target": TARGET, "not_installed": missing, "rows": rows}
    Path(arguments.out).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    bad = [row for row in rows if not row.get("agrees")]
    print(f"{len(rows) - len(bad)} of {len(rows)} figures agree to {TARGET:g}; not installed: {missing}")


if __name__ == "__main__":
    main()
