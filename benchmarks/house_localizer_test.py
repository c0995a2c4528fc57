"""Test the house localizer on altered pictures that it never saw, and on untouched photographs, and describe it.

    python benchmarks/house_localizer_test.py measure --model RUN --data house.csv --pool POOL --masks DIR \\
        --out rows.jsonl
    python benchmarks/house_localizer_test.py tools --pool POOL --data house.csv --masks DIR --out tools.jsonl
    python benchmarks/house_localizer_test.py describe --rows rows.jsonl [--before old.jsonl] [--tools tools.jsonl] \\
        --model RUN --out MODEL --results FILE [--detector-scores house_scores.json] [--decides]

`measure` adds a row a picture to rows.jsonl and goes on where it stopped; RUN is what `house_localizer.py` wrote, or
the folder of a shipped localizer, to compare with. `tools` asks the forensic tools of the same pictures.

- untouched: photographs of the calibration split of `house.csv`, each through one history; the reference populations.
  `--trained` names the manifest that the training data was made from, if another: what it trained on is left out.
- strangers: those of its test split, which are references neither here nor of the detector.
- self-made: alterations of photographs of sources never trained on (phone, portfolio), of every kind but faces,
  lossless and as JPEG 85, with untouched twins; every second thing spliced in comes from generators never trained on.
- composites: the spliced pictures of DeepHarmonization; `--masks` is the folder `data/mask` of its repository.
- inpainted: the DALL-E 2 gallery, where all but one kept person is new; the mask is where its variants disagree.
- upscaled: pictures of BSRGAN, re-made as a whole: nothing in them differs from the rest.

`describe` writes model.onnx and model.json into MODEL, and what was measured into the file `--results`;
`house_localizer_bounds.py` counts what is called at a bound.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fauxto.backends.openvino import open_mapper
from fauxto.data.manifest import Sample, read
from fauxto.data.worlds.camera import photograph
from fauxto.data.worlds.tampering import KINDS, compose, past, ship
from fauxto.launder import apply
from fauxto.learn.export import file_sha256
from fauxto.learn.package import HISTORIES
from fauxto.media.crops import cut, take
from fauxto.media.decode import decode
from fauxto.media.tiles import assemble, chances, cut_tile, fill_tile, tile_boxes, top_share
from fauxto.run.model import load
from fauxto.score.bootstrap import clustered_interval
from fauxto.score.masks import PER_IMAGE, Counts, count, mean_interval, pooled
from fauxto.score.roc import auc
from house_data import digest
from house_localizer_bounds import by_population, calls, price, references
from house_localizer_data import history, shrunk, window

MOST = 210
"""Photographs of a population: with 199 and more it speaks at half of a bound of 1 in 100, and not by one of them alone
at half of 1 in 50."""
SIDE = 448
ALIKE = ("", "jpeg:85")
DEFAULTS = {"tile": 1024, "overlap": 64, "most_tiles": 4, "step": 16, "top_share": 0.02}
"""How pictures are read, of a model that is not described yet."""
DESCRIPTIONS = json.loads(Path(__file__).with_name("house_populations.json").read_text()) | {
    "packages": "Photographs, figures and drawings that software packages carry (web templates, galleries, manuals, "
    "test pictures); the localizer trained on none of these packages.",
}


class Localizer:
    """The exported network, read as a scan reads it."""

    def __init__(self, folder: Path) -> None:
        described = folder / "model.json"
        self.reading = DEFAULTS | {"step": None} if described.exists() else DEFAULTS
        if described.exists():
            self.reading = self.reading | json.loads(described.read_text())
        self.network = open_mapper(folder / "model.onnx")
        self.house = load("house")

    def logits(self, pixels: np.ndarray) -> np.ndarray:
        """The map of a whole picture."""
        height, width = pixels.shape[:2]
        tile, step = self.reading["tile"], self.reading["step"]
        boxes = tile_boxes(width, height, tile, self.reading["overlap"], self.reading["most_tiles"])
        maps = []
        for box in boxes:
            part = cut_tile(pixels, box, tile, step)[None].transpose(0, 3, 1, 2)
            found = self.network(np.ascontiguousarray(part, dtype=np.float32) / np.float32(255))[0]
            maps.append(fill_tile(found, tile))
        return assemble(maps, boxes, width, height, tile)

    def row(self, pixels: np.ndarray, mask: np.ndarray | None = None, detect: bool = False) -> dict[str, Any]:
        """What is kept of one picture: its logit, its area, and of an altered one every metric."""
        started = time.process_time()
        logits = self.logits(pixels)
        seconds = time.process_time() - started
        read_ = ~np.isnan(logits)
        row: dict[str, Any] = {"logit": top_share(logits, self.reading["top_share"])}
        row |= {"area": float((logits[read_] > 0).mean()), "pixels": pixels.shape[0] * pixels.shape[1]}
        row["cpu"] = round(seconds, 3)
        if mask is not None and 0 < mask.mean() < 1:
            row |= metrics(chances(np.nan_to_num(logits, nan=-20.0)), mask)
        if detect:
            height, width = pixels.shape[:2]
            crops = take(width, height, self.house.crop, lambda box: cut(pixels, box))
            row["house"] = self.house.score(crops, lambda: pixels).logit
        return row


def metrics(map_: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """Every named metric of one altered picture, and its counts."""
    table = count(map_, mask)
    return {name: metric(map_, mask) for name, metric in PER_IMAGE.items()} | {
        "counts": [table.both, table.called, table.missed, table.neither]
    }


def untouched(samples: list[Sample], trained: set[str]) -> Iterator[tuple[str, str, Any]]:
    """References of every population and strangers in turn, so that an interrupted run has some of each.

    Strangers are photographs of packages that were neither trained on nor are references, of the detector's either. No
    picture has the content of one in `trained`.
    """
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.label == 0 and sample.split != "train":
            groups[f"{'strangers' if sample.split == 'test' else 'untouched'}/{sample.family}"].append(sample)
    for group in groups.values():
        np.random.default_rng(3).shuffle(group)  # type: ignore[arg-type]
    for number, name in sorted((i, name) for name, group in groups.items() for i in range(len(group))):
        sample, chain = groups[name][number], HISTORIES[number % len(HISTORIES)]
        if number >= MOST or digest(sample) in trained:
            continue

        def make(sample: Sample = sample, chain: str = chain) -> tuple[np.ndarray, None]:
            return apply(decode(Path(sample.path).read_bytes()), chain, seed=0), None

        yield name, f"{sample.path}|{chain}", make


def self_made(samples: list[Sample], each: int = 5) -> Iterator[tuple[str, str, Any]]:
    """Alterations of photographs of whole sources that were never trained on."""
    photographs = [s for s in samples if s.split == "calibration" and s.label == 0
                   and s.source in ("google/dreambooth", "shantrm/photo-portfolio")]  # fmt: skip
    generated = [s for s in samples if s.split == "test" and s.label == 1]
    order = np.random.default_rng(7).permutation(len(photographs))
    for number in range(each):
        for index, kind in enumerate(k for k in KINDS if k != "face-swap"):
            seed = 9_000_000 + number * len(KINDS) + index
            here, there = (photographs[order[(2 * (seed % 5000) + k) % len(order)]] for k in (0, 1))
            if number % 2:
                there = generated[seed % len(generated)]
            for chain in ALIKE:
                for side in ("altered", "untouched"):

                    def make(
                        *, kind: Any = kind, seed: int = seed, here: Sample = here, there: Sample = there,
                        chain: str = chain, side: str = side,
                    ) -> tuple[np.ndarray, np.ndarray | None] | None:  # fmt: skip
                        rng = np.random.default_rng(seed)
                        original = window(shrunk(decode(Path(here.path).read_bytes()), rng), SIDE, rng)
                        donor = window(decode(Path(there.path).read_bytes()), 384, rng) if kind == "splice" else None
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


def inpainted(pool: Path, count_: int = 10) -> Iterator[tuple[str, str, Any]]:
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


def upscaled(pool: Path, count_: int = 10) -> Iterator[tuple[str, str, Any]]:
    rows = csv.DictReader((pool / "manifest.csv").open(encoding="utf-8", errors="replace"))
    for row in [r for r in rows if r["source"] == "cszn/BSRGAN"][:count_]:

        def make(row: dict[str, str] = row) -> tuple[np.ndarray, None]:
            return decode((pool / row["path"]).read_bytes()), None

        yield "upscaled/lossless", row["path"], make


_decoder: list[Any] = []


def held_out_decoder(pixels: np.ndarray) -> np.ndarray:
    """A toy decoder with the up-sampler that training left out."""
    from fauxto.data.worlds.toy_fakes import redraw, train_toy  # noqa: PLC0415

    if not _decoder:
        lessons = [photograph(seed, 64) for seed in range(24)]
        _decoder.append(train_toy(lessons, "bilinear", 5, steps=100, crop=32, batch=8))
    return redraw(_decoder[0], [pixels])[0]


def sources_of(chosen: argparse.Namespace) -> dict[str, Any]:
    samples = read(chosen.data)
    trained = {digest(s) for s in read(chosen.trained or chosen.data) if s.split == "train" and s.label == 0}
    return {
        "composites": lambda: composites(chosen.pool, chosen.masks),
        "untouched": lambda: untouched(samples, trained),
        "self-made": lambda: self_made(samples),
        "inpainted": lambda: inpainted(chosen.pool),
        "upscaled": lambda: upscaled(chosen.pool),
    }


def pictures(chosen: argparse.Namespace) -> Iterator[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """The pictures of the sets that were asked for and are not in the output yet."""
    done = set()
    if chosen.out.exists():
        done = {(r["set"], r["name"]) for r in map(json.loads, chosen.out.read_text().splitlines())}
    sources = sources_of(chosen)
    for name in chosen.sets.split(","):
        for set_, picture, make in sources[name]():
            if (set_, picture) in done or chosen.only not in set_:
                continue
            try:
                made = kept(chosen.keep, f"{set_}|{picture}", make)
            except Exception as error:  # a picture that cannot be made is said, and left out
                print(set_, picture, error, flush=True)
                continue
            if made is not None:
                yield set_, picture, *made


def kept(folder: Path | None, name: str, make: Any) -> tuple[np.ndarray, np.ndarray | None] | None:
    """What `make()` gives, from the folder where it was made before."""
    if folder is None:
        made: tuple[np.ndarray, np.ndarray | None] | None = make()
        return made
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.npz"
    if not file.exists():
        found = make()
        if found is None:
            return None
        mask = np.zeros((0, 0), bool) if found[1] is None else found[1]
        np.savez(file.with_suffix(".part.npz"), pixels=found[0], mask=mask)
        file.with_suffix(".part.npz").rename(file)
    with np.load(file) as arrays:
        mask = arrays["mask"]
        return arrays["pixels"], mask if mask.size else None


def make_only(chosen: argparse.Namespace) -> None:
    """Make the pictures of the sets and keep them."""
    for _ in pictures(chosen):
        pass


def measure(chosen: argparse.Namespace) -> None:
    localizer = Localizer(chosen.model)
    with chosen.out.open("a") as file:
        for set_, picture, pixels, mask in pictures(chosen):
            row = localizer.row(pixels, mask, detect=not chosen.no_detector)
            file.write(json.dumps({"set": set_, "name": picture, **row}) + "\n")
            file.flush()


def ask_tools(chosen: argparse.Namespace) -> None:
    """What the forensic tools say of the same pictures: their number, and the metrics of their maps."""
    from fauxto.forensics.examination import examine  # noqa: PLC0415
    from fauxto.media.encode import encode  # noqa: PLC0415

    names = tuple(chosen.names.split(","))
    with chosen.out.open("a") as file:
        for set_, picture, pixels, mask in pictures(chosen):
            row: dict[str, Any] = {"set": set_, "name": picture, "tools": {}}
            for item in examine(encode(pixels, "png"), names):
                found: dict[str, Any] = {"number": item.trace.number}
                if mask is not None and item.trace.map is not None and 0 < mask.mean() < 1:
                    found |= metrics(item.trace.map, mask)
                row["tools"][item.trace.name] = found
            file.write(json.dumps(row) + "\n")
            file.flush()


def sets_of(file: Path | None) -> dict[str, list[dict[str, Any]]]:
    """The rows of a file by set."""
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    if file is not None:
        for line in file.read_text().splitlines():
            row = json.loads(line)
            sets[row["set"]].append(row)
    return sets


def describe(chosen: argparse.Namespace) -> None:
    sets = sets_of(chosen.rows)
    chosen.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(chosen.model / "model.onnx", chosen.out / "model.onnx")
    populations = {
        name: {"description": DESCRIPTIONS[name], "n": len(logits), "logits": [round(z, 4) for z in logits]}
        for name, logits in references(by_population(sets), "logit").items()
    }
    model = {
        "name": "house-localizer", "version": chosen.version, "system": "house-localizer", "onnx": "model.onnx",
        "sha256": file_sha256(chosen.out / "model.onnx"), **DEFAULTS, "decides": chosen.decides,
        "input": "float32 NCHW in [0, 1], name 'pixels', sides multiples of 16", "output": "map of logits",
        "populations": populations,
    }  # fmt: skip
    (chosen.out / "model.json").write_text(json.dumps(model, indent=1) + "\n")
    results: dict[str, Any] = {"maps": maps_of(sets), "pictures": pictures_of(sets)}
    detector = load("house")
    known = {name: own["logits"] for name, own in detector.populations.items()}
    results |= {"calls": calls(sets, known), "marked of untouched photographs": marked_of(sets)}
    results |= {"detector": detector.identity, "cpu seconds a megapixel": speed(sets)}
    if chosen.detector_scores is not None:
        results["generated pictures called by the detector"] = price(chosen.detector_scores, known)
    before = sets_of(chosen.before)
    if before:
        results["before"] = {"maps": maps_of(before), "pictures": pictures_of(before)}
    if chosen.tools is not None:
        results["forensic tools"] = tools_of(sets_of(chosen.tools), sets)
    chosen.results.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


def speed(sets: dict[str, list[dict[str, Any]]]) -> float:
    rows = [row for found in sets.values() for row in found]
    return round(sum(row["cpu"] for row in rows) / sum(min(row["pixels"], 4 * 2**20) for row in rows) * 1e6, 3)


def maps_of(sets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Every named metric of every set of altered pictures, with intervals over pictures."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, found in sets.items():
        masked = [row for row in found if "counts" in row]
        if masked:
            groups[name] += masked
        if masked and name.startswith("self-made"):
            groups[f"self-made altered/all/{name.rsplit('/', 1)[1]}"] += masked
    return {name: _map_row(found) for name, found in sorted(groups.items())}


def _map_row(found: list[dict[str, Any]]) -> dict[str, Any]:
    total = pooled([Counts(*row["counts"]) for row in found])
    share = float(np.mean([(r["counts"][0] + r["counts"][2]) / sum(r["counts"]) for r in found]))
    return {
        "n": len(found),
        **{m: [round(v, 3) for v in mean_interval([row[m] for row in found])] for m in PER_IMAGE},
        "f1@0.5/pooled": round(total.f1, 3),
        "iou@0.5/pooled": round(total.iou, 3),
        "f1 of an all-altered map": round(
            float(np.mean([_all_altered((r["counts"][0] + r["counts"][2]) / sum(r["counts"])) for r in found])), 3
        ),
        "share altered": round(share, 3),
    }


def _all_altered(share: float) -> float:
    return 2 * share / (1 + share)


def tools_of(asked: dict[str, list[dict[str, Any]]], ours: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The forensic tools and the localizer on the same pictures: metrics of the maps, AUC of the numbers."""
    table: dict[str, Any] = {}
    for kind in ("self-made altered", "composites"):
        for chain in ("lossless", "jpeg:85"):
            names = [n for n in asked if n.startswith(kind) and n.endswith(chain)]
            if not names:
                continue
            rows = [row for n in names for row in asked[n]]
            seen = {(n, row["name"]) for n in names for row in asked[n]}
            same = [row for n in names for row in ours.get(n, []) if (n, row["name"]) in seen and "counts" in row]
            untouched_too = [n for n in asked if n.startswith("self-made untouched") and n.endswith(chain)]
            twins = [row for n in untouched_too for row in asked[n]] if kind.startswith("self") else []
            here: dict[str, Any] = {"localizer": _map_row(same)} if same else {}
            for tool in rows[0]["tools"]:
                found = [row["tools"][tool] for row in rows if "counts" in row["tools"].get(tool, {})]
                here[tool] = _map_row(found) if found else {}
                numbers = [[r["tools"].get(tool, {}).get("number") for r in group] for group in (twins, rows)]
                a, b = ([number for number in group if number is not None] for group in numbers)
                if a and b:
                    here[tool]["picture AUC against twins"] = round(auc(np.array(a), np.array(b)), 3)
            table[f"{kind}/{chain}"] = here
    return table


def pictures_of(sets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The image rule: AUC against twins (self-made) or against all untouched photographs."""
    real = [row for found in by_population(sets).values() for row in found]
    table: dict[str, Any] = {}
    for chain in ("lossless", "jpeg:85"):
        twins = [r for n, f in sets.items() if n.startswith("self-made untouched") and n.endswith(chain) for r in f]
        for kind in ("", *(k for k in KINDS if k != "face-swap")):
            start = f"self-made altered/{kind}"
            altered = [r for n, f in sets.items() if n.startswith(start) and n.endswith(chain) for r in f]
            if altered and twins:
                names = [[r["name"] for r in rows] for rows in (twins, altered)]
                table[f"self-made/{kind or 'all'}/{chain}"] = _rank(twins, altered, *names)
    for name, found in sets.items():
        if name.startswith(("composites", "inpainted", "upscaled")) and real:
            table[f"{name} against photographs"] = _rank(real, found, *([r["name"] for r in f] for f in (real, found)))
    return table


def marked_of(sets: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """The share of untouched photographs that a map marks although nothing was altered (`fpr_area`)."""
    names = [name for name in sets if name.startswith(("untouched/", "strangers/"))]
    return {name: [round(v, 4) for v in mean_interval([r["area"] for r in sets[name]])] for name in names}


def _rank(
    real: list[dict[str, Any]], fake: list[dict[str, Any]], of_real: list[str], of_fake: list[str]
) -> dict[str, Any]:
    a, b = (np.array([r["logit"] for r in rows]) for rows in (real, fake))
    low, high = clustered_interval(auc, a, b, of_real, of_fake, rounds=300)
    return {"n": len(b), "auc": [round(auc(a, b), 3), round(low, 3), round(high, 3)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    one, tools, two, keep = (verbs.add_parser(name) for name in ("measure", "tools", "describe", "make"))
    for verb in (one, tools, keep):
        for name in ("data", "pool", "masks", "out"):
            verb.add_argument(f"--{name}", type=Path, required=True)
        verb.add_argument("--trained", type=Path, help="the manifest that the training data was made from")
        verb.add_argument("--sets", default="composites,self-made,inpainted,upscaled,untouched")
        verb.add_argument("--only", default="", help="sets whose name contains this")
        verb.add_argument("--keep", type=Path, help="a folder in which pictures are kept once they were made")
    keep.set_defaults(run=make_only)
    one.add_argument("--model", type=Path, required=True)
    one.add_argument("--no-detector", action="store_true", help="leave the detector's scores of photographs out")
    one.set_defaults(run=measure)
    tools.add_argument("--names", default="error-level,jpeg-ghosts,jpeg-grid,noise,demosaicing,copy-move")
    tools.set_defaults(run=ask_tools)
    for name in ("rows", "model", "out", "results"):
        two.add_argument(f"--{name}", type=Path, required=True)
    two.add_argument("--before", type=Path)
    two.add_argument("--tools", type=Path)
    two.add_argument("--detector-scores", type=Path, help="benchmarks/results/house_scores.json of the same detector")
    two.add_argument("--decides", action="store_true")
    two.add_argument("--version", default="local")
    two.set_defaults(run=describe)
    chosen = parser.parse_args()
    chosen.run(chosen)


if __name__ == "__main__":
    main()
