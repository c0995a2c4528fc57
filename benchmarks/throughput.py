"""How fast a scan is, against the loops that published detectors come with and against what the machine could do.

    python benchmarks/throughput.py --pictures MANIFEST or FOLDER [--rounds 5] [--seconds 3] [--out FILE.json]

Pictures are real photographs: a manifest's (label real), or all below a folder. From them four sets are made (see
`throughput_sets`). Arms, in images a second on two cores, all on the same files and windows in one run:

- `torch`: what the shipped model computes, as published evaluation scripts run their detectors: PIL, ImageNet
  normalisation, 1 or 32 windows a forward pass, two threads. `npr` likewise, for the network of that detector alone.
- `network`: windows a second of the same network alone, float and int8, by both backends; a process a core.
- `scan`: the command `fauxto scan --json --workers 2`, steady state and whole command; `scan full decode` decodes
  whole pictures.
- `decode`: whole pictures and the band of the windows alone; a process a core.
- `bound`: what arithmetic and decoding leave of two cores, were everything else free. Arithmetic of what the scan
  computes (`work`, means): the look of the whole settles some pictures, look and texture others; the loops read all
  windows of all pictures.

Every round runs every arm once in another order, so what disturbs the machine disturbs all; ratios are taken within a
round. CPU milliseconds count all processes of an arm: on a busy machine they are the better witness.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import machine
import throughput_arms as arms
import throughput_sets as sets
from fauxto.run.model import Model, load
from throughput_arms import Cost, Work

WORKERS = 2
BATCHES = (1, 32)
PACKAGES = ("fauxto", "torch", "openvino", "onnxruntime", "numpy", "pillow", "simplejpeg")
Costs = dict[str, list[Cost]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, required=True, help="a manifest, or a folder of photographs")
    parser.add_argument("--model", default="house", help="the model that `fauxto scan --model` is given")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each arm and round")
    parser.add_argument("--count", type=int, help="pictures of each set")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/throughput.json"))
    arguments = parser.parse_args()
    model = load(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        for report in measure(model, arguments, Path(folder)):
            arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    show(report)
    print(f"wrote {arguments.out}")


def measure(model: Model, arguments: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """The report so far after each round, so that a long run that is interrupted leaves what it has."""
    paths = sets.sources(arguments.pictures)
    pictures = {kind.name: sets.make(kind, paths, folder / kind.name, arguments.count) for kind in sets.KINDS}
    about = machine.describe(*PACKAGES)
    work = _arms(model, pictures, folder, arguments.seconds)
    needed = {name: arms.work_of(model, files) for name, files in pictures.items()}
    costs: Costs = {}
    busy, own, start = machine.busy_cpu(), machine.own_cpu(), time.perf_counter()
    for number in range(arguments.rounds):
        for name in random.Random(number).sample(sorted(work), len(work)):
            got = work[name]()
            for part, cost in got.items() if isinstance(got, dict) else [("", got)]:
                costs.setdefault(f"{name}{part}", []).append(cost)
        wall, own_share = time.perf_counter() - start, machine.own_cpu() - own
        others = None if busy is None else max(0.0, machine.busy_cpu() - busy - own_share) / wall
        print(f"round {number + 1} of {arguments.rounds} done after {wall:.0f} s", flush=True)
        yield {
            **about,
            "model": {**model.identity, "windows": model.crop.count, "window": model.crop.size},
            "rounds": number + 1,
            "cores_taken_by_others": None if others is None else round(others, 2),
            "sets": {name: _about(files) | {"work": asdict(needed[name])} for name, files in pictures.items()},
            **_results(costs, needed),
        }


def _arms(
    model: Model, pictures: dict[str, list[Path]], folder: Path, seconds: float
) -> dict[str, Callable[[], Cost | dict[str, Cost]]]:
    """Every arm by name, as a call without arguments."""
    from fauxto.catalog.discover import find  # noqa: PLC0415
    from fauxto.learn.export import export_onnx  # noqa: PLC0415

    system = json.loads((model.folder / "model.json").read_text())["system"]
    shipped = find(system)(model.crop)
    floating, int8 = folder / "float.onnx", model.folder / json.loads((model.folder / "model.json").read_text())["onnx"]
    export_onnx(shipped.network(), floating, model.crop.size)
    views = None if model.appearance is None else model.appearance.views
    loops = {"torch": arms.TorchLoop(shipped, views), "npr": arms.TorchLoop(find("npr")())}
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(arms.FULL_DECODE)
    work: dict[str, Callable[[], Cost | dict[str, Cost]]] = {
        "help": arms.help_text,
        "first verdict": partial(arms.first_verdict, pictures["1080x1350 jpeg"][0], str(model.folder)),
    }
    for backend in ("openvino", "onnxruntime"):
        for kind, onnx in (("float", floating), ("int8", int8)):
            call = (arms.run_network, backend, str(onnx), 1, model.crop.size)
            work[f"network {backend} {kind}"] = partial(arms.side_by_side, *call, seconds=seconds)
    if model.appearance is not None:
        call = (arms.run_network, "openvino", str(model.appearance.onnx), 1, model.appearance.views.size)
        work["network openvino appearance"] = partial(arms.side_by_side, *call, seconds=seconds)
    for name, files in pictures.items():
        for label, loop in loops.items():
            for batch in BATCHES:
                work[f"{name} | {label} batch {batch}"] = partial(loop.run, files, batch, seconds)
        repeats = max(2, round(40 * seconds / len(files)))
        work[f"{name} | scan "] = partial(arms.scan, files, repeats, WORKERS, str(model.folder))
        work[f"{name} | scan full decode "] = partial(arms.scan, files, repeats, WORKERS, str(model.folder), site)
        texts = [str(path) for path in files]
        for label, crop in (("whole", None), ("band", model.crop)):
            work[f"{name} | decode {label}"] = partial(
                arms.side_by_side, arms.decode_pictures, texts, crop, seconds=seconds / 2
            )
    return work


def _results(costs: Costs, needed: dict[str, Work]) -> dict[str, Any]:
    """Rates and CPU times of each arm, and the ratios that the targets speak of, round by round; work by set."""
    results: dict[str, Any] = {
        "help": _seconds(costs["help"]),
        "first_verdict": _seconds(costs["first verdict"]),
        "network_windows_a_second": {
            name.removeprefix("network "): _rates(found) for name, found in costs.items() if name.startswith("network ")
        },
        "images_a_second": {},
        "ratios": {},
    }
    for name, work in needed.items():
        own = {key.removeprefix(f"{name} | "): found for key, found in costs.items() if key.startswith(f"{name} | ")}
        parts = [(work.windows, costs["network openvino int8"])]
        parts += [(work.whole, own["decode whole"])] if work.whole else [(1.0, own["decode band"])]
        if work.views:
            parts.append((work.views, costs["network openvino appearance"]))
        bound = [_together(parts, number) for number in range(len(own["decode band"]))]
        steady, loops = own["scan steady"], [key for key in own if key.startswith(("torch", "npr"))]
        results["images_a_second"][name] = {key: _rates(found) for key, found in (own | {"bound": bound}).items()}
        results["ratios"][name] = {
            **{f"scan / {key}": _ratio(steady, own[key]) for key in loops},
            "scan / bound": _ratio(steady, bound),
            "scan / scan full decode": _ratio(steady, own["scan full decode steady"]),
        }
    return results


def _together(parts: list[tuple[float, list[Cost]]], number: int) -> Cost:
    """All that one picture takes, one after the other on the same cores: how often, and what it cost in that round."""
    wall = sum(times / costs[number].rate for times, costs in parts)
    return Cost(1, wall, sum(times * costs[number].cpu_ms for times, costs in parts) / 1000)


def _ratio(ours: list[Cost], theirs: list[Cost]) -> dict[str, Any]:
    """How many times faster ours is, by the clock and by CPU time."""
    pairs = list(zip(ours, theirs, strict=True))
    return {
        "by_clock": _spread(a.rate / b.rate for a, b in pairs),
        "by_cpu": _spread(b.cpu_ms / a.cpu_ms for a, b in pairs),
    }


def _rates(costs: list[Cost]) -> dict[str, Any]:
    return {"rate": _spread(cost.rate for cost in costs), "cpu_ms": _spread(cost.cpu_ms for cost in costs)}


def _seconds(costs: list[Cost]) -> dict[str, Any]:
    return {"wall": _spread(cost.wall for cost in costs), "cpu": _spread(cost.cpu for cost in costs)}


def _spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "min": float(f"{ordered[0]:.4g}"),
        "median": float(f"{statistics.median(ordered):.4g}"),
        "max": float(f"{ordered[-1]:.4g}"),
    }


def _about(files: list[Path]) -> dict[str, Any]:
    return {
        "pictures": len(files),
        "mean_bytes": round(statistics.mean(path.stat().st_size for path in files)),
        "enlarged": sum("enlarged" in path.name for path in files),
    }


def show(report: dict[str, Any]) -> None:
    """The medians, for people."""
    print(f"\n{report['cpu']} ({', '.join(report['flags'])}), {report['cores_taken_by_others']} cores taken by others")
    for key in ("help", "first_verdict"):
        print(f"{key:30} {report[key]['wall']['median']:8.3f} s   {report[key]['cpu']['median']:8.3f} s CPU")
    for key, row in report["network_windows_a_second"].items():
        print(f"{key:30} {row['rate']['median']:8.1f} /s  {row['cpu_ms']['median']:8.1f} ms CPU a window")
    for name, rows in report["images_a_second"].items():
        print(f"\n{name}: {report['sets'][name]}")
        for key, row in rows.items():
            print(f"{key:30} {row['rate']['median']:8.1f} /s  {row['cpu_ms']['median']:8.1f} ms CPU")
        for key, row in report["ratios"][name].items():
            print(f"{key:30} {row['by_clock']['median']:8.2f}    {row['by_cpu']['median']:8.2f} by CPU")


if __name__ == "__main__":
    main()
