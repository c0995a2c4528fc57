"""Measure the shipped model and write its card.

    python benchmarks/house_card.py --manifest manifest.csv --search search.jsonl --head benchmarks/house_card_head.md

Every picture of the manifest that was not trained on is shipped through each condition and scored as a scan would
score it, with the int8 model of the package. Three tables follow: each generator against all photographs (whole
families that were never trained on stand apart from unseen pictures of known generators); each population of
photographs (how often it is called at the shipped bound, thresholds taken from random halves of the references and
rates from the other halves); and the leave-groups-out search. Intervals are 95 % percentile bootstrap over pictures.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from fauxto.data.manifest import Sample, read
from fauxto.errors import FauxtoError
from fauxto.launder import apply
from fauxto.media.crops import cut, take
from fauxto.media.decode import decode, probe
from fauxto.run.model import Model, load
from fauxto.score.roc import auc, interval, tpr_at
from fauxto.verdict.conformal import threshold

CONDITIONS = {
    "raw": "png", "matched": "jpeg:90", "jpeg 75": "jpeg:75", "jpeg 50": "jpeg:50", "webp 80": "webp:80",
    "resize 0.75": "resize:0.75|jpeg:90", "resize 0.5": "resize:0.5|jpeg:90", "blur 1": "blur:1.0|jpeg:90",
    "social": "fit:1280|jpeg:80",
}  # fmt: skip
MOST, FEWER = 60, 20
"""Pictures per generator or population as they lie and matched; and in the other conditions."""
FPR = 0.01


def measure(model: Model, samples: list[Sample], out: Path) -> None:
    """Score every picture in every condition and keep the logits as JSON."""
    rows, seen, failed = [], defaultdict(int), []
    for sample in sorted(samples, key=lambda s: zlib.crc32(s.path.encode())):
        group = sample.generator or sample.family
        if seen[group] >= MOST:
            continue
        try:
            data = Path(sample.path).read_bytes()
            header, pixels = probe(data), decode(data)
        except (FauxtoError, OSError) as error:
            failed.append(str(error))
            continue
        seen[group] += 1
        logits = {}
        for name, chain in CONDITIONS.items():
            if seen[group] > FEWER and name not in ("raw", "matched"):
                continue
            shipped = apply(pixels, chain)
            height, width = shipped.shape[:2]
            crops = take(width, height, model.crop, lambda box, p=shipped: cut(p, box))
            logits[name] = round(model.score(crops), 4)
        rows.append({
            "label": sample.label, "family": sample.family, "generator": sample.generator, "split": sample.split,
            "source": sample.source, "format": header.format, "pixels": header.width * header.height, "logits": logits,
        })  # fmt: skip
    out.write_text(json.dumps({"model": model.identity, "failed": failed, "rows": rows}))


def figures(real: np.ndarray, fake: np.ndarray) -> str:
    """AUC with its interval and TPR at 1 % and 5 % FPR, as cells of a table."""
    low, high = interval(auc, real, fake)
    return (
        f"{len(fake)} | {auc(real, fake):.3f} ({low:.3f} to {high:.3f}) | "
        f"{100 * tpr_at(real, fake, 0.01):.0f} | {100 * tpr_at(real, fake, 0.05):.0f}"
    )


def generators(rows: list[dict]) -> list[str]:
    """Each generator in the matched and social conditions; families that were never trained on come first."""
    lines = []
    for split, title in (("test", "Families never trained on"), ("calibration", "Unseen pictures of known generators")):
        for condition in ("matched", "social"):
            real = logits(rows, condition, label=0)
            lines += [
                "", f"**{title}, {condition}**", "",
                "| generator | pictures | AUC (95 %) | TPR % at 1 % FPR | at 5 % |", "| --- | --- | --- | --- | --- |",
            ]  # fmt: skip
            names = sorted({r["generator"] for r in rows if r["label"] and r["split"] == split})
            for name in names:
                lines.append(f"| {name} | {figures(real, logits(rows, condition, generator=name, split=split))} |")
            lines.append(f"| **all** | {figures(real, logits(rows, condition, label=1, split=split))} |")
    return lines


def conditions(rows: list[dict]) -> list[str]:
    """All fakes against all photographs, condition by condition."""
    lines = ["| condition | never trained on: AUC | TPR % at 1 % | at 5 % | known: AUC | TPR % at 1 % | at 5 % |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for condition in CONDITIONS:
        real = logits(rows, condition, label=0)
        cells = [
            figures(real, logits(rows, condition, label=1, split=split)).split(" | ", 1)[1]
            for split in ("test", "calibration")
        ]
        lines.append(f"| {condition} | {' | '.join(cells)} |")
    return lines


def populations(rows: list[dict], model: Model, rounds: int = 50) -> list[str]:
    """How often each population is called at the bound, its thresholds and its rates never from the same picture."""
    rng = np.random.default_rng(0)
    names = sorted(model.populations)
    called: dict[tuple[str, str], list[float]] = defaultdict(list)
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        reference, rest = {}, {}
        for name in names:
            own = np.asarray(model.populations[name]["logits"])
            order = rng.permutation(len(own))
            cut_at = min(len(own) - 1, max(99, len(own) // 2)) if len(own) > 99 else len(own) // 2
            reference[name] = {"logits": sorted(own[order[:cut_at]].tolist())}
            rest[name] = own[order[cut_at:]]
        bar = threshold(reference, FPR)
        for name in names:
            called[name, "reference histories"].append(float(np.mean(rest[name] > bar)))
        for split in ("test", "calibration"):
            for condition in ("matched", "social"):
                found[f"{split} {condition}"].append(
                    float(np.mean(logits(rows, condition, label=1, split=split) > bar))
                )
    shipped = threshold(model.populations, FPR)
    lines = ["| population | photographs | called % at the 1 % bound (held-out halves) |", "| --- | --- | --- |"]
    for name in names:
        rate = 100 * float(np.mean(called[name, "reference histories"]))
        lines.append(f"| {name} | {len(model.populations[name]['logits'])} | {rate:.2f} |")
    lines += ["", f"Threshold of the shipped references at the 1 % bound: logit {shipped:.3f}.", ""]
    lines += ["| fakes | called % at the shipped threshold |", "| --- | --- |"]
    for split, title in (("test", "families never trained on"), ("calibration", "known generators")):
        for condition in CONDITIONS:
            fake = logits(rows, condition, label=1, split=split)
            lines.append(f"| {title}, {condition} | {100 * float(np.mean(fake > shipped)):.1f} |")
    return lines


def sources(samples: list[Sample]) -> list[str]:
    """Where the pictures come from, under which licence, and what they were used for."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for s in samples:
        counts[s.source, s.generator or "photographs", s.license or "see the package"][s.split] += 1
    lines = ["| source | pictures | licence | trained on | calibration | never trained on |", "| --- " * 6 + "|"]
    for (source, what, licence), split in sorted(counts.items()):
        lines.append(f"| {source} | {what} | {licence} | {split['train']} | {split['calibration']} | {split['test']} |")
    return lines


def search(path: Path) -> list[str]:
    """The leave-groups-out comparison as a table of mean AUC per held-out group; means over groups that all have."""
    table: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for line in path.read_text().splitlines():
        row = json.loads(line)
        for group, (area, _) in row["auc_tpr5"].items():
            table[row["condition"], group][row["recipe"]].append(area)
    recipes = sorted({recipe for values in table.values() for recipe in values})
    lines = [f"| condition | held-out group | {' | '.join(recipes)} |", "| --- " * (len(recipes) + 2) + "|"]
    for (condition, group), values in sorted(table.items()):
        cells = [f"{np.mean(values[r]):.3f}" if values.get(r) else "-" for r in recipes]
        lines.append(f"| {condition} | {group} | {' | '.join(cells)} |")
    for condition in sorted({c for c, _ in table}):
        cells = []
        for recipe in recipes:
            areas = [a for (c, _), v in table.items() if c == condition and len(v) == len(recipes) for a in v[recipe]]
            cells.append(f"**{np.mean(areas):.3f}**" if areas else "-")
        lines.append(f"| {condition} | **mean** | {' | '.join(cells)} |")
    return lines


def logits(rows: list[dict], condition: str, **wanted: object) -> np.ndarray:
    """The logits of the rows that match, in one condition."""
    return np.asarray([
        r["logits"][condition] for r in rows
        if condition in r["logits"] and all(r[key] == value for key, value in wanted.items())
    ])  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--search", type=Path, required=True)
    parser.add_argument("--head", type=Path, required=True, help="the hand-written part of the card")
    parser.add_argument("--scores", type=Path, default=Path("benchmarks/results/house_scores.json"))
    parser.add_argument("--model", default="house")
    options = parser.parse_args()
    model = load(options.model)
    if not options.scores.exists():
        samples = [s for s in read(options.manifest) if s.split in ("calibration", "test")]
        measure(model, samples, options.scores)
    rows = json.loads(options.scores.read_text())["rows"]
    parts = [
        options.head.read_text().rstrip(), "",
        "## False alarms, and what is found at the shipped threshold", "", *populations(rows, model), "",
        "## By condition", "", "All photographs and all fakes shipped alike.", "", *conditions(rows), "",
        "## By generator", *generators(rows), "",
        "## The search: whole generators and whole sources left out", "",
        "AUC of pictures of held-out generators against photographs of held-out sources. Means are over groups that",
        "all recipes have. Values below one half: what was learned there is how soft a picture is, and camera",
        "originals, held out as well, are softer than re-sampled web photographs. The",
        "shipped model was trained longer and on more soft photographs; which of the two helped was not measured.", "",
        *search(options.search), "",
        "## Sources", "", *sources(read(options.manifest)),
    ]  # fmt: skip
    (model.folder / "CARD.md").write_text("\n".join(parts) + "\n")
    print(model.folder / "CARD.md")


if __name__ == "__main__":
    main()
