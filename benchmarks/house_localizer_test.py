"""Test the house localizer on altered pictures that it never saw, and on untouched photographs, and describe it.

    python benchmarks/house_localizer_test.py measure --model RUN --data house.csv --pool POOL --masks DIR \\
        --out rows.jsonl
    python benchmarks/house_localizer_test.py describe --rows rows.jsonl --model RUN --out MODEL

`measure` adds a row a picture to rows.jsonl and goes on where it stopped; `--share 0/2` does every second one.

- untouched: photographs of the calibration split of `house.csv`, each through one history; the reference populations.
- self-made: alterations of photographs of that split, of every kind, lossless and as JPEG 85, with untouched twins.
- composites: the spliced pictures of DeepHarmonization; `--masks` is the folder `data/mask` of its repository.
- inpainted: the DALL-E 2 gallery, where all but one kept person is new; the mask is where its variants disagree.

`describe` writes model.onnx, model.json and results.json into MODEL.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fauxto.data.manifest import Sample, read
from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.tampering import KINDS, compose, past, ship
from fauxto.launder import apply
from fauxto.learn.export import file_sha256
from fauxto.learn.package import HISTORIES
from fauxto.media.crops import cut, take
from fauxto.media.decode import decode
from fauxto.media.tiles import assemble, chances, cut_tile, tile_boxes, top_share
from fauxto.run.backends.openvino import open_mapper
from fauxto.run.model import load
from fauxto.score.bootstrap import clustered_interval
from fauxto.score.masks import PER_IMAGE, Counts, count, mean_interval, pooled
from fauxto.score.roc import auc
from house_localizer_data import history, window

COUNTS = {"web": 110, "people": 110, "corel": 105, "phone": 105, "camera": 30, "graphics": 30}
SIDE = 320
ALIKE = ("", "jpeg:85")
TILE, OVERLAP, MOST, TOP = 256, 32, 40, 0.02


class Localizer:
    """The exported network, read as a scan reads it."""

    def __init__(self, onnx: Path) -> None:
        self.network = open_mapper(onnx)
        self.house = load("house")

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """The map of a whole picture."""
        height, width = pixels.shape[:2]
        boxes = tile_boxes(width, height, TILE, OVERLAP, MOST)
        maps = []
        for box in boxes:
            tile = cut_tile(pixels, box, TILE)[None].transpose(0, 3, 1, 2)
            maps.append(self.network(np.ascontiguousarray(tile, dtype=np.float32) / np.float32(255))[0])
        return assemble(maps, boxes, width, height, TILE)

    def row(self, pixels: np.ndarray, mask: np.ndarray | None = None, detect: bool = False) -> dict[str, Any]:
        """What is kept of one picture: its logit, its area, and of an altered one every metric."""
        logits = self.logits(pixels)
        read_ = ~np.isnan(logits)
        row: dict[str, Any] = {"logit": top_share(logits, TOP), "area": float((logits[read_] > 0).mean())}
        if mask is not None and 0 < mask.mean() < 1:
            map_ = chances(np.nan_to_num(logits, nan=-20.0))
            row |= {name: metric(map_, mask) for name, metric in PER_IMAGE.items()}
            table = count(map_, mask)
            row["counts"] = [table.both, table.called, table.missed, table.neither]
        if detect:
            height, width = pixels.shape[:2]
            row["house"] = self.house.score(take(width, height, self.house.crop, lambda box: cut(pixels, box)))
        return row


def untouched(samples: list[Sample]) -> Iterator[tuple[str, str, Any]]:
    """Every population in turn, so that an interrupted run has some of each."""
    by_family: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if (
            sample.split == "calibration"
            and sample.label == 0
            and len(by_family[sample.family]) < COUNTS[sample.family]
        ):
            by_family[sample.family].append(sample)
    for number in range(max(COUNTS.values())):
        for family in COUNTS:
            if number < len(by_family[family]):
                sample, chain = by_family[family][number], HISTORIES[number % len(HISTORIES)]

                def make(sample: Sample = sample, chain: str = chain) -> tuple[np.ndarray, None]:
                    return apply(decode(Path(sample.path).read_bytes()), chain, seed=0), None

                yield f"untouched/{family}", f"{sample.path}|{chain}", make


def self_made(samples: list[Sample], each: int = 14) -> Iterator[tuple[str, str, Any]]:
    """Alterations of calibration photographs, taken from the end of the split: the references come from its start."""
    photographs = [s for s in samples if s.split == "calibration" and s.family in ("web", "people", "corel", "phone")]
    order = np.random.default_rng(7).permutation(len(photographs))
    for number in range(each):
        for index, kind in enumerate(k for k in KINDS if k != "face-swap"):
            seed = 9_000_000 + number * len(KINDS) + index
            here, there = (photographs[order[(2 * (seed % 5000) + k) % len(order)]] for k in (0, 1))
            for chain in ALIKE:
                for side in ("altered", "untouched"):

                    def make(
                        *, kind: Any = kind, seed: int = seed, here: Sample = here, there: Sample = there,
                        chain: str = chain, side: str = side,
                    ) -> tuple[np.ndarray, np.ndarray | None] | None:  # fmt: skip
                        rng = np.random.default_rng(seed)
                        original = window(decode(Path(here.path).read_bytes()), SIDE, rng)
                        donor = window(decode(Path(there.path).read_bytes()), 192, rng) if kind == "splice" else None
                        if original is None or (kind == "splice" and donor is None):
                            return None
                        original = history(original, past(seed, 3))
                        donor = None if donor is None else history(donor, past(seed, 4))
                        done = ship(compose(original, kind, seed, donor=donor, redraw=held_out_decoder), chain, seed)
                        return (done.pixels, done.mask) if side == "altered" else (done.untouched, None)

                    yield f"self-made {side}/{kind}/{chain or 'lossless'}", f"{seed}", make


def composites(pool: Path, masks: Path) -> Iterator[tuple[str, str, Any]]:
    for row in csv.DictReader((pool / "manifest.csv").open(encoding="utf-8", errors="replace")):
        if row["source"] != "wasidennis/DeepHarmonization":
            continue
        mask = masks / Path(row["repo_path"]).name
        for chain in ALIKE:

            def make(row: dict[str, str] = row, mask: Path = mask, chain: str = chain) -> Any:
                pixels = decode((pool / row["path"]).read_bytes())
                new = np.asarray(Image.open(mask).convert("L")) > 127
                if new.shape != pixels.shape[:2]:
                    return None
                return (apply(pixels, chain) if chain else pixels), new

            yield f"composites/{chain or 'lossless'}", row["path"], make


def inpainted(pool: Path, count_: int = 40) -> Iterator[tuple[str, str, Any]]:
    rows = [r for r in csv.DictReader((pool / "manifest.csv").open(encoding="utf-8", errors="replace"))
            if r["source"] == "videah/dall-e-gallery"]  # fmt: skip
    kept: list[np.ndarray] = []

    def mask() -> np.ndarray:
        if not kept:
            some = np.stack([decode((pool / r["path"]).read_bytes())[::8, ::8] for r in rows[40:52]]).astype(np.float32)
            new = np.median(np.abs(some - np.median(some, 0)), 0).max(2) > 6
            kept.append(np.repeat(np.repeat(new, 8, 0), 8, 1))
        return kept[0]

    for row in rows[:count_]:
        for chain in ALIKE:

            def make(row: dict[str, str] = row, chain: str = chain) -> tuple[np.ndarray, np.ndarray]:
                pixels = decode((pool / row["path"]).read_bytes())
                return (apply(pixels, chain) if chain else pixels), mask()

            yield f"inpainted/{chain or 'lossless'}", row["path"], make


_decoder: list[Any] = []


def held_out_decoder(pixels: np.ndarray) -> np.ndarray:
    """A toy decoder with the up-sampler that training left out."""
    from fauxto.data.worlds.toy_fakes import redraw, train_toy  # noqa: PLC0415

    if not _decoder:
        lessons = [photograph(seed, 64) for seed in range(24)]
        _decoder.append(train_toy(lessons, "bilinear", 5, steps=100, crop=32, batch=8))
    return redraw(_decoder[0], [pixels])[0]


def measure(chosen: argparse.Namespace) -> None:
    done = set()
    if chosen.out.exists():
        done = {(r["set"], r["name"]) for r in map(json.loads, chosen.out.read_text().splitlines())}
    samples = read(chosen.data)
    sources = {
        "composites": lambda: composites(chosen.pool, chosen.masks),
        "untouched": lambda: untouched(samples),
        "self-made": lambda: self_made(samples),
        "inpainted": lambda: inpainted(chosen.pool),
    }
    localizer = Localizer(chosen.model / "model.onnx")
    part, parts = map(int, chosen.share.split("/"))
    with chosen.out.open("a") as file:
        for name in chosen.sets.split(","):
            for number, (set_, picture, make) in enumerate(sources[name]()):
                if number % parts != part or (set_, picture) in done:
                    continue
                try:
                    made = make()
                except Exception as error:  # a picture that cannot be made is said, and left out
                    print(set_, picture, error, flush=True)
                    continue
                if made is None:
                    continue
                row = localizer.row(made[0], made[1], detect=set_.startswith("untouched"))
                file.write(json.dumps({"set": set_, "name": picture, **row}) + "\n")
                file.flush()


DESCRIPTIONS = {
    "camera": "Camera originals; other pictures of the same index were trained on.",
    "corel": "Film photographs scanned by Corel, 481x321 (BSDS500); others of the same set were trained on.",
    "graphics": "Scanned receipts, screenshots, drawings and renders: what is no plain photograph.",
    "people": "Photographs of people from the web; others of the same set were trained on.",
    "phone": "Photographs of objects and pets, mostly by phone (DreamBooth set); a source never trained on.",
    "web": "Photographs from the web (ImageNet samples); others of the same set were trained on.",
}


def describe(chosen: argparse.Namespace) -> None:
    rows = [json.loads(line) for line in chosen.rows.read_text().splitlines()]
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        sets[row["set"]].append(row)
    chosen.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(chosen.model / "model.onnx", chosen.out / "model.onnx")
    populations = {
        name.split("/")[1]: {
            "description": DESCRIPTIONS[name.split("/")[1]],
            "n": len(found),
            "logits": sorted(round(row["logit"], 4) for row in found),
        }
        for name, found in sorted(sets.items())
        if name.startswith("untouched/")
    }
    model = {
        "name": "house-localizer", "version": chosen.version, "system": "house-localizer", "onnx": "model.onnx",
        "sha256": file_sha256(chosen.out / "model.onnx"), "tile": TILE, "overlap": OVERLAP, "most_tiles": MOST,
        "top_share": TOP, "decides": chosen.decides,
        "input": "float32 NCHW in [0, 1], name 'pixels', dynamic batch", "output": "map of logits, and the image logit",
        "populations": populations,
    }  # fmt: skip
    (chosen.out / "model.json").write_text(json.dumps(model, indent=1) + "\n")
    results = {"maps": maps_of(sets), "pictures": pictures_of(sets), "false alarms": false_alarms(sets)}
    (chosen.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


def maps_of(sets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Every named metric of every set of altered pictures, with intervals over pictures."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, found in sets.items():
        masked = [row for row in found if "counts" in row]
        if masked:
            groups[name] += masked
        if masked and name.startswith("self-made"):
            groups[f"self-made altered/all/{name.rsplit('/', 1)[1]}"] += masked
    table: dict[str, Any] = {}
    for name, found in sorted(groups.items()):
        total = pooled([Counts(*row["counts"]) for row in found])
        table[name] = {"n": len(found)} | {
            metric: [round(v, 3) for v in mean_interval([row[metric] for row in found])] for metric in PER_IMAGE
        }
        table[name] |= {"f1@0.5/pooled": round(total.f1, 3), "iou@0.5/pooled": round(total.iou, 3)}
        table[name]["share altered"] = round(
            float(np.mean([(r["counts"][0] + r["counts"][2]) / sum(r["counts"]) for r in found])), 3
        )
    return table


def pictures_of(sets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The image rule: AUC against twins (self-made) or against photographs, and how many pass the shipped bounds."""
    photographs = {
        name: np.array([r["logit"] for r in found]) for name, found in sets.items() if name.startswith("untouched/")
    }
    everything = np.concatenate(list(photographs.values()))
    table: dict[str, Any] = {}
    for chain in ("lossless", "jpeg:85"):
        altered = [r for n, f in sets.items() if n.startswith("self-made altered") and n.endswith(chain) for r in f]
        twins = [r for n, f in sets.items() if n.startswith("self-made untouched") and n.endswith(chain) for r in f]
        if altered and twins:
            table[f"self-made/{chain}"] = _rank(
                twins, altered, [r["name"] for r in twins], [r["name"] for r in altered]
            )
    for name, found in sets.items():
        if name.startswith(("composites", "inpainted")):
            real = [{"logit": z} for z in everything]
            table[f"{name} against photographs"] = _rank(
                real, found, [str(i) for i in range(len(real))], [r["name"] for r in found]
            )
    for name, row in table.items():
        row["called % at 1 %"], row["called % at 0.5 %"] = (
            round(100 * float(np.mean([_p(z, photographs, bound) <= bound for z in row["logits"]])), 1)
            for bound in (0.01, 0.005)
        )
        del table[name]["logits"]
    return table


def false_alarms(sets: dict[str, list[dict[str, Any]]], rounds: int = 200) -> dict[str, Any]:
    """Share of photographs called by the localizer, the detector and both together, references and tested halves apart.

    The detector is asked with the references that it ships; its halves are drawn anew as well, from these photographs.
    """
    rng = np.random.default_rng(0)
    names = sorted(name for name in sets if name.startswith("untouched/"))
    local = {n: np.array([r["logit"] for r in sets[n]]) for n in names}
    house = {n: np.array([r["house"] for r in sets[n]]) for n in names}
    tables: dict[str, dict[str, list[float]]] = {}
    for bound in (0.02, 0.05):
        for _ in range(rounds):
            order = {n: rng.permutation(len(local[n])) for n in names}
            reference = {n: order[n][: len(order[n]) // 2] for n in names}
            for n in names:
                tested = order[n][len(order[n]) // 2 :]
                sides = []
                for logits in (local, house):
                    halves = {m: logits[m][reference[m]] for m in names}
                    sides.append([[_p(z, halves, b) <= b for z in logits[n][tested]] for b in (bound, bound / 2)])
                alone = tables.setdefault(f"{n.split('/')[1]} at {bound:.0%}", defaultdict(list))
                alone["localizer"].append(float(np.mean(sides[0][0])))
                alone["detector"].append(float(np.mean(sides[1][0])))
                alone["either, bound split"].append(float(np.mean(np.logical_or(sides[0][1], sides[1][1]))))
                alone["either, not split"].append(float(np.mean(np.logical_or(sides[0][0], sides[1][0]))))
    areas = {n.split("/")[1]: [round(v, 4) for v in mean_interval([r["area"] for r in sets[n]])] for n in names}
    called = {k: {a: round(100 * float(np.mean(v)), 2) for a, v in t.items()} for k, t in tables.items()}
    return {"called % of held-out halves": called, "fpr_area at 0.5": areas}


def _p(logit: float, populations: dict[str, np.ndarray], bound: float) -> float:
    """`conformal.p_value` at a bound."""
    speaking = [(1 + int((z >= logit).sum())) / (len(z) + 1) for z in populations.values() if 1 / (len(z) + 1) <= bound]
    objecting = [int((z >= logit).sum()) / (len(z) + 1) for z in populations.values() if 1 / (len(z) + 1) > bound]
    return max(speaking + objecting) if speaking else 1.0


def _rank(
    real: list[dict[str, Any]], fake: list[dict[str, Any]], of_real: list[str], of_fake: list[str]
) -> dict[str, Any]:
    a, b = (np.array([r["logit"] for r in rows]) for rows in (real, fake))
    low, high = clustered_interval(auc, a, b, of_real, of_fake, rounds=300)
    return {"n": len(b), "auc": [round(auc(a, b), 3), round(low, 3), round(high, 3)], "logits": b.tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("measure")
    for name in ("model", "data", "pool", "masks", "out"):
        one.add_argument(f"--{name}", type=Path, required=True)
    one.add_argument("--sets", default="composites,untouched,self-made,inpainted")
    one.add_argument("--share", default="0/1")
    one.set_defaults(run=measure)
    two = verbs.add_parser("describe")
    for name in ("rows", "model", "out"):
        two.add_argument(f"--{name}", type=Path, required=True)
    two.add_argument("--decides", action="store_true")
    two.add_argument("--version", default="local")
    two.set_defaults(run=describe)
    chosen = parser.parse_args()
    chosen.run(chosen)


if __name__ == "__main__":
    main()
