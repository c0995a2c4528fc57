"""Both networks of the house detector on families of generators that neither was trained on.

    python benchmarks/house_left_out.py --manifest all.csv --work WORK --out results.json

The texture is trained four times, each time without the families of one fold of `house_search.FOLDS`; the appearance is
fitted without the family that is tested (`house_appearance.py`, whose table is used), or with `--leave generator`
without the one generator that is tested: kin of it may then be known to the appearance, never to the texture. Texture
and appearance add up with the weight that `fauxto package` would fit on pictures of the other families that nothing was
trained on. Every picture is tested as JPEG 90 ("matched") and after the social chain; photographs are those never
trained on. What stands in WORK, texture-A.safetensors and so on, is not trained again.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from fauxto.backends.openvino import OpenvinoNetwork, open_network
from fauxto.data.manifest import Sample, read
from fauxto.data.patches import PatchStore
from fauxto.detect.house import House
from fauxto.errors import FauxtoError
from fauxto.launder import apply
from fauxto.learn.appearance import VIEWS, weight_beside
from fauxto.learn.export import export_onnx
from fauxto.learn.fit import Plan, fit
from fauxto.media.crops import cut, take, to_network
from fauxto.media.decode import decode
from fauxto.run.pooling import middle
from fauxto.score.roc import auc, interval, tpr_at
from house_appearance import MADE, MOST, drawn, table
from house_appearance import fit as fit_appearance
from house_search import FOLDS
from house_train import views

CONDITIONS = {"matched": "jpeg:90", "social": "fit:1280|jpeg:80"}
PLAN = Plan(steps=3800, crop=64, batch_size=64, laundering=None, workers=1)
READINGS = ("texture", "appearance", "both")


def texture_without(fold: str, store: PatchStore, work: Path, plan: Plan) -> Path:
    """The weights of the texture network that never saw the families of a fold."""
    path = work / f"texture-{fold}.safetensors"
    if not path.exists():
        own = {s.path for s in store.samples if not (s.label and s.family in FOLDS[fold][0])}
        detector = House()
        fit(detector, store.subset(own), plan, work / f"texture-{fold}")
        detector.save(str(path))
    return path


def answers(networks: Path, job: tuple[Sample, tuple[str, ...]]) -> np.ndarray | None:
    """What the networks say of a picture in each condition, `(conditions, folds + 2 * 1488)`.

    First the texture's logit by the network of each fold that the job names, NaN elsewhere; then the moments of the
    whole and of the middle window. None for what cannot be read.
    """
    sample, folds = job
    try:
        pixels = decode(Path(sample.path).read_bytes())
    except (FauxtoError, OSError):
        return None
    rows = []
    for chain in CONDITIONS.values():
        copy = apply(pixels, chain)
        windows = take(copy.shape[1], copy.shape[0], House().crop, lambda box, copy=copy: cut(copy, box))
        seen = _opened(networks / "moments.onnx").first(to_network(VIEWS.take(copy, middle(windows))))
        texture = [
            _opened(networks / f"texture-{fold}.onnx")(to_network(windows)).mean() if fold in folds else np.nan
            for fold in FOLDS
        ]
        rows.append(np.concatenate((texture, *seen)))
    return np.stack(rows)


@functools.cache
def _opened(onnx: Path) -> OpenvinoNetwork:
    return open_network(onnx)


def tested(samples: Sequence[Sample]) -> list[tuple[Sample, tuple[str, ...]]]:
    """Which pictures are tested, and by the textures of which folds.

    A generated picture: by that which never saw its family; where it was never trained on at all, by the others too,
    which are weighed on it. Photographs that were never trained on: by all.
    """
    fold_of = {family: fold for fold, (families, _) in FOLDS.items() for family in families}
    count: dict[str, int] = {}
    jobs = []
    for sample in sorted(samples, key=lambda s: zlib.crc32(s.path.encode())):
        if sample.split != "train":
            jobs.append((sample, tuple(FOLDS)))
        elif sample.label and count.get(sample.family, 0) < MOST:
            jobs.append((sample, (fold_of[sample.family],)))
            count[sample.family] = count.get(sample.family, 0) + 1
    return jobs


def measured(
    work: Path, jobs: Sequence[tuple[Sample, tuple[str, ...]]], processes: int
) -> tuple[list[Sample], np.ndarray]:
    """The samples that could be read and what the networks say of them (`answers`), kept in `work`."""
    key = hashlib.sha256(repr([(s.path, folds) for s, folds in jobs]).encode())
    for fold in FOLDS:
        key.update((work / f"texture-{fold}.safetensors").read_bytes())
    file = work / f"left-out-{key.hexdigest()[:16]}.npz"
    if not file.exists():
        for fold in FOLDS:
            detector = House()
            detector.load(str(work / f"texture-{fold}.safetensors"))
            export_onnx(detector.network(), work / f"texture-{fold}.onnx", detector.crop.size)
        with ProcessPoolExecutor(processes) as pool:
            found = list(pool.map(functools.partial(answers, work), jobs, chunksize=8))
        place = [i for i, rows in enumerate(found) if rows is not None]
        np.savez(file, place=place, values=np.stack([found[i] for i in place]))
    with np.load(file) as stored:
        return [jobs[i][0] for i in stored["place"]], stored["values"]


LEAVE = {"family": lambda sample: sample.family, "generator": lambda sample: sample.generator or sample.family}
FEWEST = 20
"""Generators with fewer pictures to test have no figure of their own; families have one whatever they have."""


def left_out(
    looks: tuple[Sequence[Sample], np.ndarray], shown: tuple[Sequence[Sample], np.ndarray], leave: str, seed: int
) -> dict[str, dict]:
    """Family or generator to condition to reading: AUC, TPR and interval where it was left out."""
    (known, x), (samples, values), name_of = looks, shown, LEAVE[leave]
    labels, of = np.asarray([s.label for s in samples]), np.asarray([s.family for s in samples])
    names = np.asarray([name_of(s) for s in samples])
    fresh = np.asarray([s.split != "train" for s in samples])
    index = np.asarray([not s.source.startswith(("packages/", "debian/")) for s in samples])
    rows: dict[str, dict] = {}
    for number, (fold, (families, _)) in enumerate(FOLDS.items()):
        others = fresh & ~((labels == 1) & np.isin(of, families))
        for name in sorted(set(names[(labels == 1) & np.isin(of, families)])):
            fake = np.flatnonzero((labels == 1) & (names == name))
            if leave == "generator" and len(fake) < FEWEST:
                continue
            train = [i for i, s in enumerate(known) if s.split == "train" and not (s.label and name_of(s) == name)]
            weight, bias = fit_appearance(known, x, drawn(np.asarray(train), seed))
            real = np.flatnonzero(fresh & (labels == 0))
            rows[name] = {"fold": fold, "family": str(of[fake[0]])}
            for place, condition in enumerate(CONDITIONS):
                texture = values[:, place, number]
                look = values[:, place, len(FOLDS) :] @ weight + bias
                beside = weight_beside(texture[others], look[others], labels[others])
                logits = dict(zip(READINGS, (texture, look, texture + beside * look), strict=True))
                found = {reading: _figures(z[real], index[real], z[fake]) for reading, z in logits.items()}
                rows[name][condition] = found | {"weight": beside}
    return rows


def _figures(real: np.ndarray, of_index: np.ndarray, fake: np.ndarray) -> dict[str, object]:
    low, high = interval(auc, real, fake)
    return {
        "pictures": len(fake), "photographs": len(real), "auc": round(auc(real, fake), 4),
        "interval": [round(low, 4), round(high, 4)], "index": round(auc(real[of_index], fake), 4),
        "tpr_at_1": round(tpr_at(real, fake, 0.01), 4), "tpr_at_5": round(tpr_at(real, fake, 0.05), 4),
    }  # fmt: skip


def means(rows: dict[str, dict]) -> dict[str, dict]:
    """The mean over what was left out of each condition and reading: all, and the index against its own photographs."""
    return {
        condition: {
            name: {
                "all": _mean(row[condition][name]["auc"] for row in rows.values()),
                "index": _mean(row[condition][name]["index"] for row in rows.values() if row["family"] not in MADE),
                "tpr_at_5": _mean(row[condition][name]["tpr_at_5"] for row in rows.values()),
            }
            for name in READINGS
        }
        for condition in CONDITIONS
    }


def _mean(values: Iterable[float]) -> float:
    return round(float(np.mean(list(values))), 4)


def markdown(seeds: Sequence[dict]) -> str:
    """A row each: the mean over the seeds of each reading's AUC, matched, and of both after the social chain."""
    cells = [("matched", name) for name in READINGS] + [("social", "both")]
    lines = ["| left out | pictures | texture | appearance | both | both, social |", "| --- " * 6 + "|"]
    for left, first in seeds[0]["left_out"].items():
        found = [[seed["left_out"][left][c][name]["auc"] for seed in seeds] for c, name in cells]
        lines.append(f"| {left} | {first['matched']['both']['pictures']} | {' | '.join(map(_spread, found))} |")
    for title, key in (("mean", "all"), ("mean of the index", "index"), ("mean TPR at 5 %", "tpr_at_5")):
        found = [[seed["means"][c][name][key] for seed in seeds] for c, name in cells]
        lines.append(f"| **{title}** | | {' | '.join(map(_spread, found))} |")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    if min(values) == max(values):
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--leave", choices=list(LEAVE), default="family")
    parser.add_argument("--steps", type=int, default=PLAN.steps, help="batches that each texture learns from")
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[0, 1, 2], help="draws that the appearance is fitted on"
    )
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    looks = table(read(options.manifest), options.work, options.processes)
    if any(not (options.work / f"texture-{fold}.safetensors").exists() for fold in FOLDS):
        store = views(options.manifest, options.work)
        for fold in FOLDS:
            texture_without(fold, store, options.work, replace(PLAN, steps=options.steps))
    shown = measured(options.work, tested(read(options.manifest)), options.processes)
    seeds = []
    for seed in options.seeds:
        rows = left_out(looks, shown, options.leave, seed)
        seeds.append({"seed": seed, "means": means(rows), "left_out": rows})
        print(f"seed {seed}: {seeds[-1]['means']}", flush=True)
        options.out.write_text(json.dumps(seeds, indent=1) + "\n")
    print(markdown(seeds))


if __name__ == "__main__":
    main()
