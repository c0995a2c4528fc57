"""Measure the shipped model and write its card.

    python benchmarks/house_card.py --manifest all.csv --held-out-manifest manifest.csv --held-out-model MODEL \\
        --head benchmarks/house_card_head.md

Every picture that was not trained on is shipped through each condition and scored as a scan would score it, with the
int8 model; some conditions by the thorough reading as well. The last steps of training saw every family, so two models
stand in the card: what ships, on unseen pictures of generators that it knows, and the same network before those steps
(`house_train.py` keeps its weights; package them), on whole families that it never saw. Tables: each generator against
all photographs; each population of photographs, how often it is called at the shipped bound, thresholds taken from
random halves of the references and rates from the other halves. Intervals are 95 % percentile bootstrap over pictures.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fauxto.data.manifest import Sample, read
from fauxto.errors import FauxtoError
from fauxto.launder import apply
from fauxto.media.crops import cut, take
from fauxto.media.decode import decode, probe
from fauxto.run.model import Model, load
from fauxto.score.calibration_error import reliability
from fauxto.score.roc import auc, interval, tpr_at
from fauxto.verdict.conformal import threshold

CONDITIONS = {
    "raw": "png", "matched": "jpeg:90", "jpeg 75": "jpeg:75", "jpeg 50": "jpeg:50", "webp 80": "webp:80",
    "resize 0.75": "resize:0.75|jpeg:90", "resize 0.5": "resize:0.5|jpeg:90", "blur 1": "blur:1.0|jpeg:90",
    "social": "fit:1280|jpeg:80",
}  # fmt: skip
MOST, FEWER = 50, 12
"""Pictures per generator or population as they lie and matched; and in the other conditions."""
THOROUGH = ("raw", "matched", "social")
"""The conditions that the thorough reading is measured in."""
BANDS = {"below 512": (0, 512), "512 to 1023": (512, 1024), "1024 and more": (1024, 10**6)}
"""Short sides, in pixels."""
FPR = 0.01
KINDS = {"packages/art": "games, artwork, wallpapers", "packages/photos": "sites, galleries, demos"}
OTHERS = "templates, manuals, tests"
"""What strangers are, by source."""


def measure(model: Model, samples: list[Sample], out: Path) -> None:
    """Score every picture in every condition and keep the logits as JSON."""
    thorough = load(model.folder, thorough=True)
    rows, seen, failed = [], defaultdict(int), []
    for sample in sorted(samples, key=lambda s: zlib.crc32(s.path.encode())):
        group = sample.generator or f"{sample.family} {sample.split}"
        if seen[group] >= (MOST if sample.label or sample.split != "test" else 10**6):
            continue
        try:
            data = Path(sample.path).read_bytes()
            header, pixels = probe(data), decode(data)
        except (FauxtoError, OSError) as error:
            failed.append(str(error))
            continue
        seen[group] += 1
        logits: dict[str, float] = {}
        slowly: dict[str, float] = {}
        for name, chain in CONDITIONS.items():
            if seen[group] > FEWER and name not in ("raw", "matched"):
                continue
            shipped = apply(pixels, chain)
            logits[name] = _score(model, shipped)
            if name in THOROUGH:
                slowly[name] = _score(thorough, shipped)
        rows.append({
            "label": sample.label, "family": sample.family, "generator": sample.generator, "split": sample.split,
            "source": sample.source, "package": sample.content if sample.source.startswith("packages/") else "",
            "format": header.format, "short_side": min(header.width, header.height),
            "logits": logits, "thorough": slowly,
        })  # fmt: skip
    out.write_text(json.dumps({"model": model.identity, "failed": failed, "rows": rows}))


def _score(model: Model, pixels: np.ndarray) -> float:
    height, width = pixels.shape[:2]
    return round(model.score(take(width, height, model.crop, lambda box: cut(pixels, box)), lambda: pixels).logit, 4)


def figures(real: np.ndarray, fake: np.ndarray) -> str:
    """AUC with its interval and TPR at 1 % and 5 % FPR, as cells of a table."""
    low, high = interval(auc, real, fake)
    return (
        f"{len(fake)} | {auc(real, fake):.3f} ({low:.3f} to {high:.3f}) | "
        f"{100 * tpr_at(real, fake, 0.01):.0f} | {100 * tpr_at(real, fake, 0.05):.0f}"
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """A model, the pictures that it is measured on (rows of the scores), and what these are to it."""

    model: Model
    rows: list[dict]
    split: str
    title: str


def generators(both: list[Measured]) -> list[str]:
    """Each generator in the matched and social conditions; families that were never trained on come first."""
    lines = []
    for measured in both:
        rows, split, title = measured.rows, measured.split, measured.title.capitalize()
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


def conditions(both: list[Measured]) -> list[str]:
    """All fakes against all photographs, condition by condition."""
    lines = ["| condition | never trained on: AUC | TPR % at 1 % | at 5 % | known: AUC | TPR % at 1 % | at 5 % |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for condition in CONDITIONS:
        cells = []
        for each in both:
            real, fake = logits(each.rows, condition, label=0), logits(each.rows, condition, label=1, split=each.split)
            cells.append(figures(real, fake).split(" | ", 1)[1])
        lines.append(f"| {condition} | {' | '.join(cells)} |")
    return lines


def readings(both: list[Measured]) -> list[str]:
    """The standard and the thorough reading side by side, on the same pictures, each at its own bound."""
    lines = [
        "| fakes, condition | reading | pictures | AUC (95 %) | TPR % at 1 % FPR | at 5 % | called % at the bound |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for each in both:
        thorough = load(each.model.folder, thorough=True)
        for condition in THOROUGH:
            for name, key, model in (("standard", "logits", each.model), ("thorough", "thorough", thorough)):
                rows = [row for row in each.rows if condition in row["thorough"]]
                real = logits(rows, condition, key, label=0)
                fake = logits(rows, condition, key, label=1, split=each.split)
                called = 100 * float(np.mean(fake > threshold(model.populations, FPR)))
                lines.append(f"| {each.title}, {condition} | {name} | {figures(real, fake)} | {called:.1f} |")
    return lines


def bands(both: list[Measured]) -> list[str]:
    """Fakes against photographs of the same band of short sides, matched."""
    lines = [
        "| fakes, short side | photographs | pictures | AUC (95 %) | TPR % at 1 % FPR | at 5 % |",
        "| --- " * 6 + "|",
    ]
    for each in both:
        for name, (low, high) in BANDS.items():
            rows = [row for row in each.rows if low <= row["short_side"] < high]
            real, fake = logits(rows, "matched", label=0), logits(rows, "matched", label=1, split=each.split)
            if min(len(real), len(fake)) >= 20:
                lines.append(f"| {each.title}, {name} | {len(real)} | {figures(real, fake)} |")
    return lines


def reliabilities(both: list[Measured], bins: int = 5) -> list[str]:
    """Probabilities against frequencies, matched, photographs and fakes drawn to equal shares."""
    lines = ["| fakes | expected calibration error | mean probability: share of fakes, in bins of equal mass |"]
    lines.append("| --- | --- | --- |")
    for each in both:
        calibration = each.model.calibration
        scaled = [
            calibration["slope"] * logits(each.rows, "matched", label=label, **wanted) + calibration["intercept"]
            for label, wanted in ((0, {}), (1, {"split": each.split}))
        ]
        most = min(map(len, scaled))
        rng = np.random.default_rng(0)
        found = reliability(*(rng.permutation(own)[:most] for own in scaled), bins, "mass")
        pairs = zip(found.probability, found.frequency, strict=True)
        shown = ", ".join(f"{p:.2f}: {f:.2f}" for p, f in pairs)
        lines.append(f"| {each.title} | {found.expected_error:.3f} | {shown} |")
    return lines


def strangers(measured: Measured) -> list[str]:
    """Pictures of sources that were neither trained on nor references: how often each reading calls them."""
    rows = [row for row in measured.rows if not row["label"] and row["split"] == "test"]
    thorough = load(measured.model.folder, thorough=True)
    lines = [
        "| what | packages | pictures | called % as they lie | matched | thorough, as they lie | matched |",
        "| --- " * 7 + "|",
    ]
    kinds = {KINDS.get(row["source"], OTHERS) for row in rows}
    for name in [*sorted(kinds), "**all**"]:
        own = [row for row in rows if name in ("**all**", KINDS.get(row["source"], OTHERS))]
        cells = []
        for key, model in (("logits", measured.model), ("thorough", thorough)):
            bar = threshold(model.populations, FPR)
            cells += [f"{100 * float(np.mean(logits(own, c, key) > bar)):.1f}" for c in ("raw", "matched")]
        lines.append(f"| {name} | {len({row['package'] for row in own})} | {len(own)} | {' | '.join(cells)} |")
    return lines


def populations(both: list[Measured], rounds: int = 50) -> list[str]:
    """How often each population is called at the bound, its thresholds and its rates never from the same picture."""
    model = both[-1].model
    rng = np.random.default_rng(0)
    names = sorted(model.populations)
    called: dict[str, list[float]] = defaultdict(list)
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
            called[name].append(float(np.mean(rest[name] > bar)))
    lines = ["| population | photographs | called % at the 1 % bound (held-out halves) |", "| --- | --- | --- |"]
    for name in names:
        lines.append(f"| {name} | {len(model.populations[name]['logits'])} | {100 * np.mean(called[name]):.2f} |")
    lines += [
        "",
        f"Threshold of the shipped references at the 1 % bound: logit {threshold(model.populations, FPR):.3f}.",
    ]
    lines += ["", "| fakes | called % at the 1 % bound | at the 5 % bound |", "| --- | --- | --- |"]
    for each in both:
        bars = [threshold(each.model.populations, fpr) for fpr in (FPR, 0.05)]
        for condition in CONDITIONS:
            fake = logits(each.rows, condition, label=1, split=each.split)
            rates = [f"{100 * float(np.mean(fake > bar)):.1f}" for bar in bars]
            lines.append(f"| {each.title}, {condition} | {' | '.join(rates)} |")
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


def logits(rows: list[dict], condition: str, reading: str = "logits", **wanted: object) -> np.ndarray:
    """The logits of the rows that match, in one condition, by the standard reading ("logits") or the "thorough" one."""
    return np.asarray([
        r[reading][condition] for r in rows
        if condition in r[reading] and all(r[key] == value for key, value in wanted.items())
    ])  # fmt: skip


def scored(folder: str, manifest: Path, scores: Path) -> tuple[Model, list[dict]]:
    """A model and its scores of what it was not trained on, measured where there are none yet."""
    model = load(folder)
    if not scores.exists():
        measure(model, [s for s in read(manifest) if s.split in ("calibration", "test")], scores)
    found = json.loads(scores.read_text())
    if found["model"]["sha256"] != model.sha256:
        raise SystemExit(f"{scores} holds the scores of another model: remove it.")
    return model, found["rows"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--manifest", type=Path, required=True, help="the rows of the model that ships")
    parser.add_argument("--model", default="house")
    parser.add_argument("--scores", type=Path, default=Path("benchmarks/results/house_scores.json"))
    parser.add_argument("--held-out-manifest", type=Path, required=True, help="with whole families as split test")
    parser.add_argument("--held-out-model", required=True, help="the same network before it saw those families")
    parser.add_argument("--held-out-scores", type=Path, default=Path("benchmarks/results/house_held_out_scores.json"))
    parser.add_argument("--head", type=Path, required=True, help="the hand-written part of the card")
    options = parser.parse_args()
    unseen = scored(options.held_out_model, options.held_out_manifest, options.held_out_scores)
    known = scored(options.model, options.manifest, options.scores)
    both = [
        Measured(*unseen, "test", "families never trained on"),
        Measured(*known, "calibration", "unseen pictures of known generators"),
    ]
    parts = [
        options.head.read_text().rstrip(), "",
        "## False alarms, and what is found at the shipped threshold", "", *populations(both), "",
        "Photographs from packages whose pictures were neither trained on nor are references:", "",
        *strangers(both[-1]), "",
        "## Standard and thorough", "",
        "`--thorough` reads up to twelve windows instead of two; both readings on the same pictures.", "",
        *readings(both), "",
        "## By condition", "", "All photographs and all fakes shipped alike.", "", *conditions(both), "",
        "## By size", "", *bands(both), "",
        "## Probabilities", "",
        "A probability is fitted to the calibration pictures; at other shares of fakes it has to be corrected.",
        "", *reliabilities(both), "",
        "## By generator", *generators(both), "",
        "## Sources", "", *sources(read(options.manifest)),
    ]  # fmt: skip
    (known[0].folder / "CARD.md").write_text("\n".join(parts) + "\n")
    print(known[0].folder / "CARD.md")


if __name__ == "__main__":
    main()
