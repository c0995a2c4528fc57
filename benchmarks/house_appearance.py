"""Fit the part of the house detector that looks at whole pictures, and ask what it holds on.

    python benchmarks/house_appearance.py --manifest manifest.csv --work WORK --out appearance.safetensors
    python benchmarks/house_appearance.py --manifest manifest.csv --work WORK --search results.json
    python benchmarks/house_appearance.py --manifest manifest.csv --work WORK --curves curves.json

The backbone is the EfficientNet-Lite0 that installs from PyPI, frozen; a linear probe reads it, of the whole picture
made small and of two windows at native resolution. Pictures to train on have random histories, the same law for both
classes; those to test lie as they are, as JPEG 90 ("matched"), and as a JPEG 85 with a long side of 480 pixels
("small", where no size or resolution is left to tell by). `--search` leaves each family of generators out once, with
all its pictures; then each fold of `house_search` leaves out families and sources of photographs at once. Seed 0
trains on all other pictures, each further seed on as many drawn with replacement. `--curves` leaves families out with
half of the pictures to train on, half of the generators, or half of the sources of photographs.
"""

from __future__ import annotations

import argparse
import functools
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from fauxto.backends.openvino import OpenvinoNetwork, open_network
from fauxto.data.manifest import Sample, read
from fauxto.detect.house import House
from fauxto.errors import FauxtoError
from fauxto.launder import apply
from fauxto.learn.appearance import VIEWS
from fauxto.learn.augment import Laundering, laundered_crop, laundered_look, random_crop
from fauxto.learn.checkpoint import save
from fauxto.learn.export import export_onnx
from fauxto.learn.probe import fit_linear
from fauxto.media.crops import cut, take, to_network
from fauxto.media.decode import decode
from fauxto.nn.appearance import FEATURES, AppearanceNetwork, Moments
from fauxto.nn.efficientnet_lite import efficientnet_lite0_tower
from fauxto.run.pooling import middle
from fauxto.score.roc import auc, interval, tpr_at
from house_features import original, weights
from house_search import FOLDS, split

LOOKS = 2
"""Random histories of every picture that may be trained on."""
CONDITIONS = {"raw": "none", "matched": "jpeg:90", "small": "fit:480|jpeg:85"}
STRENGTH = 1e-3
MADE = {"taef2"}
"""Families that are no part of the index of sources: photographs that went through an autoencoder here."""
MOST = 150
"""Pictures of a family or a population that are tested."""
PATCH = 480
"""What a window of a random history is cut from, in pixels."""


def looks(pixels: np.ndarray, rng: np.random.Generator) -> Iterable[np.ndarray]:
    """Random views of a picture to train on, uint8 `(3, size, size, 3)` each: of the whole, and of two windows."""
    for _ in range(LOOKS):
        whole = laundered_look(pixels, VIEWS.short, VIEWS.size, rng)
        parts = [laundered_crop(_patch(pixels, rng), VIEWS.size, Laundering(), rng) for _ in range(2)]
        yield np.stack([whole, *parts])


def _patch(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random square of up to `PATCH` pixels; a picture too small for any window is mirrored first."""
    short = [(0, max(0, VIEWS.size + 10 - side)) for side in pixels.shape[:2]]
    filled = np.pad(pixels, (*short, (0, 0)), mode="symmetric")
    return random_crop(filled, min(PATCH, *filled.shape[:2]), rng)


def shown(pixels: np.ndarray) -> np.ndarray:
    """The views that a scan takes of a picture, uint8 `(1 + k, size, size, 3)`."""
    height, width = pixels.shape[:2]
    return VIEWS.take(pixels, middle(take(width, height, House().crop, lambda box: cut(pixels, box))))


def seen(onnx: Path, job: tuple[Sample, bool, bool]) -> np.ndarray | None:
    """What the frozen network makes of one picture, `(LOOKS + 3, 2 * 1488)`: moments of the whole and of the windows.

    The job says whether it is to be trained on and tested; NaN elsewhere, None for what cannot be read.
    """
    sample, trains, tests = job
    try:
        pixels = decode(Path(sample.path).read_bytes())
    except (FauxtoError, OSError):
        return None
    rows = np.full((LOOKS + len(CONDITIONS), 2 * FEATURES), np.nan, np.float32)
    rng = np.random.default_rng(zlib.crc32(sample.path.encode()))
    views = dict(enumerate(looks(pixels, rng))) if trains else {}
    if tests:
        views |= {LOOKS + i: shown(apply(pixels, chain)) for i, chain in enumerate(CONDITIONS.values())}
    for place, each in views.items():
        found = _opened(onnx).first(to_network(each))
        rows[place] = np.concatenate((found[0], found[1:].mean(0)))
    return rows


@functools.cache
def _opened(onnx: Path) -> OpenvinoNetwork:
    return open_network(onnx)


def table(samples: Sequence[Sample], work: Path, processes: int) -> tuple[list[Sample], np.ndarray]:
    """The samples that could be read, and what the frozen network makes of them, `(n, LOOKS + 3, 2 * 1488)`.

    Kept in `work`: what was looked at before, for whatever manifest, is not looked at again.
    """
    work.mkdir(parents=True, exist_ok=True)
    file, onnx, count = work / "seen.npz", work / "moments.onnx", Counter[str]()
    known: dict[str, np.ndarray] = {}
    if file.exists():
        with np.load(file) as stored:
            known = dict(zip(stored["keys"].tolist(), stored["seen"], strict=True))
    else:
        export_onnx(Moments(efficientnet_lite0_tower().model), onnx, VIEWS.size)
    jobs = {}
    for sample in sorted(samples, key=lambda s: zlib.crc32(s.path.encode())):
        group = f"{sample.label} {sample.family}"
        count[group] += sample.split == "train"
        trains = sample.split == "train" or bool(sample.label)
        tests = sample.split != "train" or bool(sample.label and count[group] <= MOST)
        jobs[f"{sample.path} {trains:d}{tests:d}"] = (sample, trains, tests)
    fresh = [key for key in jobs if key not in known]
    if fresh:
        with ProcessPoolExecutor(processes) as pool:
            found = pool.map(functools.partial(seen, onnx), [jobs[key] for key in fresh], chunksize=8)
            known |= {key: row for key, row in zip(fresh, found, strict=True) if row is not None}
        np.savez(file, keys=list(known), seen=np.stack(list(known.values())))
    key_of = {job[0].path: key for key, job in jobs.items() if key in known}
    kept = [sample for sample in samples if sample.path in key_of]
    return kept, np.stack([known[key_of[sample.path]] for sample in kept])


def fit(samples: Sequence[Sample], x: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights `(d,)` and bias of the probe on the random looks of these rows."""
    chosen = [samples[i] for i in rows]
    labels, each = np.asarray([s.label for s in chosen]), weights(chosen)
    for label in (0, 1):
        each[labels == label] /= each[labels == label].mean()
    looks_of = x[rows, :LOOKS].reshape(-1, x.shape[-1])
    return fit_linear(looks_of, np.repeat(labels, LOOKS), STRENGTH, np.repeat(each, LOOKS))


def network(weight: np.ndarray, bias: float) -> AppearanceNetwork:
    """The published body with this probe: the first half reads the whole picture, the second its parts."""
    made = AppearanceNetwork(Moments(efficientnet_lite0_tower().model)).eval()
    with torch.no_grad():
        made.head.weight.copy_(torch.from_numpy(weight.reshape(2, FEATURES)))
        made.head.bias.copy_(torch.tensor([bias, 0.0]))
    return made


def drawn(train: np.ndarray, seed: int) -> np.ndarray:
    """All rows with seed 0, as what ships has them; else as many drawn with replacement."""
    return train if seed == 0 else np.sort(np.random.default_rng(seed).choice(train, len(train)))


def halved(samples: Sequence[Sample], train: np.ndarray, of: str, seed: int) -> np.ndarray:
    """Half of the rows to train on: of the pictures, or all pictures of half of the generators or of the sources."""
    rng = np.random.default_rng([seed, len(of)])
    if of == "pictures":
        return np.sort(rng.permutation(train)[: len(train) // 2])
    label = int(of == "generators")
    names = {i: samples[i].generator or samples[i].source for i in train if samples[i].label == label}
    kept = set(rng.permutation(sorted(set(names.values())))[::2])
    return np.asarray([i for i in train if names.get(i) in kept or i not in names])


def curves(samples: list[Sample], x: np.ndarray, seeds: Sequence[int]) -> dict[str, list[float]]:
    """The mean AUC over the families of the index, matched, by what was trained on and seed."""
    result: dict[str, list[float]] = {}
    for of in ("all", "pictures", "generators", "sources"):
        for seed in seeds:
            found = []
            for train, tested in families_left_out(samples, x):
                rows = drawn(train, seed) if of == "all" else halved(samples, train, of, seed)
                weight, bias = fit(samples, x, rows)
                for family, (real, of_index, fake) in tested.items():
                    if family not in MADE:
                        matched = LOOKS + list(CONDITIONS).index("matched")
                        real_logits, fake_logits = (x[own, matched] @ weight + bias for own in (real[of_index], fake))
                        found.append(auc(real_logits, fake_logits))
            result.setdefault(of, []).append(_mean(found))
            print(f"{of:12} seed {seed}  mean AUC of the index {result[of][-1]}", flush=True)
    return result


Tested = dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Family to rows: photographs never trained on, which of those are of the index, and pictures of the family."""


def families_left_out(samples: list[Sample], x: np.ndarray) -> Iterator[tuple[np.ndarray, Tested]]:
    """Rows to train on and rows to test, family by family."""
    trained, tested = np.asarray([s.split == "train" for s in samples]), ~np.isnan(x[:, LOOKS, 0])
    labels, of = np.asarray([s.label for s in samples]), np.asarray([s.family for s in samples])
    real = np.flatnonzero(tested & ~trained & (labels == 0))
    for family in sorted(set(of[labels == 1])):
        train = np.flatnonzero(trained & ((labels == 0) | (of != family)))
        yield train, {family: (real, _index(samples, real), np.flatnonzero(tested & (labels == 1) & (of == family)))}


def folds_left_out(samples: list[Sample], x: np.ndarray) -> Iterator[tuple[np.ndarray, Tested]]:
    """Likewise, but families and sources of photographs together, fold by fold."""
    samples = [original(s) for s in samples]
    labels, of = np.asarray([s.label for s in samples]), np.asarray([s.family for s in samples])
    for fold in FOLDS:
        train, test = split(samples, fold)
        test = np.asarray([i for i in test if not np.isnan(x[i, LOOKS, 0])])
        real = test[labels[test] == 0]
        fakes = {family: test[(labels[test] == 1) & (of[test] == family)] for family in FOLDS[fold][0]}
        yield (
            np.asarray([i for i in train if samples[i].split == "train"]),
            {family: (real, _index(samples, real), rows) for family, rows in fakes.items()},
        )


def _index(samples: list[Sample], rows: np.ndarray) -> np.ndarray:
    return np.asarray([not samples[i].source.startswith(("packages/", "debian/")) for i in rows])


def search(samples: list[Sample], x: np.ndarray, seeds: Sequence[int]) -> dict:
    """Both protocols, seed by seed: AUC and TPR of each family in each condition, with intervals.

    `index` has the AUC against the photographs of the index of sources alone.
    """
    result: dict[str, list[dict]] = {}
    for name, protocol in (("families", families_left_out), ("families and sources", folds_left_out)):
        for seed in seeds:
            rows: dict[str, dict] = {}
            for train, tested in protocol(samples, x):
                weight, bias = fit(samples, x, drawn(train, seed))
                for family, (real, of_index, fake) in tested.items():
                    logits = [(x[own, LOOKS:] @ weight + bias).T for own in (real, fake)]
                    rows[family] = {
                        condition: _figures(photographs, of_index, generated)
                        for condition, photographs, generated in zip(CONDITIONS, *logits, strict=True)
                    }
            means = {
                condition: {
                    "all": _mean(row[condition]["auc"] for row in rows.values()),
                    "index": _mean(row[condition]["index"] for family, row in rows.items() if family not in MADE),
                }
                for condition in CONDITIONS
            }
            result.setdefault(name, []).append({"seed": seed, "mean_auc": means, "families": rows})
            print(f"left out: {name:22} seed {seed}  mean AUC {means}", flush=True)
    return result


def _mean(values: Iterable[float]) -> float:
    return round(float(np.mean(list(values))), 4)


def _figures(real: np.ndarray, of_index: np.ndarray, fake: np.ndarray) -> dict[str, object]:
    low, high = interval(auc, real, fake)
    return {
        "pictures": len(fake), "photographs": len(real), "auc": round(auc(real, fake), 4),
        "interval": [round(low, 4), round(high, 4)], "tpr_at_5": round(tpr_at(real, fake, 0.05), 4),
        "index": round(auc(real[of_index], fake), 4),
    }  # fmt: skip


def markdown(result: dict) -> str:
    """Both protocols as tables: the mean over the seeds, and how far they lie apart."""
    lines = []
    for name, seeds in result.items():
        lines += [
            "",
            f"**Left out: {name}**",
            "",
            f"| family | pictures | {' | '.join(CONDITIONS)} |",
            "| --- " * 5 + "|",
        ]
        for family in sorted(seeds[0]["families"]):
            rows = [seed["families"][family] for seed in seeds]
            cells = [_spread([row[c]["auc"] for row in rows]) for c in CONDITIONS]
            lines.append(f"| {family} | {rows[0]['raw']['pictures']} | {' | '.join(cells)} |")
        for title, key in (("mean", "all"), ("mean of the index", "index")):
            cells = [_spread([seed["mean_auc"][c][key] for seed in seeds]) for c in CONDITIONS]
            lines.append(f"| **{title}** | | {' | '.join(cells)} |")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, help="weights of a probe on all rows whose split is train")
    parser.add_argument("--search", type=Path, help="results of leaving families and sources out, as JSON")
    parser.add_argument("--curves", type=Path, help="results of learning from half, as JSON")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    samples, x = table(read(options.manifest), options.work, options.processes)
    if options.out:
        weight, bias = fit(samples, x, np.flatnonzero([s.split == "train" for s in samples]))
        save(options.out, network(weight, bias).state_dict(), system="house appearance")
    if options.search:
        result = search(samples, x, options.seeds)
        options.search.write_text(json.dumps(result, indent=1) + "\n")
        print(markdown(result))
    if options.curves:
        options.curves.write_text(json.dumps(curves(samples, x, options.seeds), indent=1) + "\n")


if __name__ == "__main__":
    main()
