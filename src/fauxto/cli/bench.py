"""`fauxto bench`: compare detectors under a protocol; the table goes to a folder as Parquet, Markdown and figures."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from fauxto.cli.check import require_lab

if TYPE_CHECKING:
    from fauxto.bench.contender import Contender
    from fauxto.bench.table import Table

Mode = Literal["matrix", "leave-generator-out", "leave-source-out"]
Column = Literal["generator", "family", "source", "content"]


def cross_generator(
    *,
    data: Path,
    detectors: tuple[str, ...],
    out: Path,
    mode: Mode = "leave-generator-out",
    by: Column = "generator",
    held_out_reals: tuple[str, ...] = (),
    together: tuple[str, ...] = (),
    crops: int = 8000,
    crop: int = 96,
    seeds: tuple[int, ...] = (0,),
    most: int = 0,
    matched: str = "jpeg:90",
    patches: int = 4,
    window: int | None = None,
    batch_size: int | None = None,
    workers: int = 1,
    json: bool = False,
) -> int:
    """Train every detector on some generators or sources and test it on others; run it again to go on.

    Parameters
    ----------
    data
        A manifest (.csv or .parquet).
    detectors
        Slugs such as npr, your own Python files, or NAME=WEIGHTS to test without training.
    out
        Folder for table.md, table.parquet, table.json and the figures; the work of a stopped run lies there too.
    mode
        matrix: train on each generator alone, test on all. The others leave one out.
    by
        The column of the manifest that tells generators (and held-out reals) apart.
    held_out_reals
        Reals with these values of that column are tested on and never trained on.
    together
        Leave several out in one run, to train less: sd15,sdxl is one word; repeat the option for more runs.
    crops
        Training crops shown in each run: the same for every detector.
    crop
        Side of a training crop in pixels.
    seeds
        Seeds of weights, batches and augmentations; the more, the wider the view.
    most
        At most this many test pictures of a class and generator; 0 for all.
    matched
        The chain that both classes go through beside the raw files.
    patches
        Windows of 256 pixels cut from each training picture.
    window
        Every detector reads one central window of this side instead of its own: equal evidence, and quicker.
    batch_size
        Instead of each detector's published one: with few crops a large batch leaves too few steps.
    workers
        Processes that cut and launder crops.
    json
        Print one JSON object a row instead of the page.
    """
    require_lab()
    from fauxto.bench.contender import contenders  # noqa: PLC0415
    from fauxto.bench.cross_generator import CrossGenerator  # noqa: PLC0415
    from fauxto.learn.fit import Plan  # noqa: PLC0415

    protocol = CrossGenerator(
        mode=mode,
        by=by,
        held_out_reals=held_out_reals,
        together=tuple(tuple(some.split(",")) for some in together),
        crops=crops,
        plan=Plan(crop=crop, batch_size=batch_size, precision="32-true", workers=workers),
        seeds=seeds,
        patches=patches,
        most=most,
        matched=matched,
    )
    return _run(protocol, data, contenders(detectors, window), out, json)


def aigibench(
    *,
    data: Path,
    detectors: tuple[str, ...],
    out: Path,
    tasks: tuple[int, ...] = (1, 2, 3, 4),
    first: tuple[str, ...] = (),
    second: tuple[str, ...] = (),
    crops: int = 8000,
    crop: int = 96,
    seeds: tuple[int, ...] = (0,),
    most: int = 0,
    matched: str = "jpeg:90",
    patches: int = 4,
    window: int | None = None,
    batch_size: int | None = None,
    workers: int = 1,
    json: bool = False,
) -> int:
    """AIGIBench's four tasks: a second training source, degraded copies, augmentation, resize against crop.

    Parameters
    ----------
    data
        A manifest whose rows have a generator and the split train or test.
    detectors
        Slugs such as npr, your own Python files, or NAME=WEIGHTS to test without training (tasks 2 and 4).
    out
        Folder for table.md, table.parquet, table.json and the figures; the work of a stopped run lies there too.
    tasks
        Which of the four.
    first
        Generators of Setting I, instead of ProGAN.
    second
        Generators that Setting II adds, instead of Stable Diffusion 1.4.
    crops
        Training crops of Setting I; Setting II has them in proportion to its generators.
    crop
        Side of a training crop in pixels.
    seeds
        Seeds of weights, batches and augmentations.
    most
        At most this many pictures of a class in each test subset; 0 for all.
    matched
        The chain that both classes go through beside the raw files.
    patches
        Windows of 256 pixels cut from each training picture.
    window
        Every detector reads one central window of this side instead of its own: equal evidence, and quicker.
    batch_size
        Instead of each detector's published one: with few crops a large batch leaves too few steps.
    workers
        Processes that cut and launder crops.
    json
        Print one JSON object a row instead of the page.
    """
    require_lab()
    from fauxto.bench.aigibench import SETTINGS, AIGIBench  # noqa: PLC0415
    from fauxto.bench.contender import contenders  # noqa: PLC0415
    from fauxto.learn.fit import Plan  # noqa: PLC0415

    one = first or SETTINGS["I"]
    protocol = AIGIBench(
        tasks=tasks,
        settings={"I": one, "II": (*one, *(second or SETTINGS["II"][1:]))},
        crops=crops,
        plan=Plan(crop=crop, batch_size=batch_size, precision="32-true", workers=workers),
        seeds=seeds,
        patches=patches,
        most=most,
        matched=matched,
    )
    return _run(protocol, data, contenders(detectors, window), out, json)


def _run(protocol: Any, data: Path, entered: list[Contender], out: Path, as_json: bool) -> int:
    """Run a protocol and save its table; on standard output the page, or rows as JSON, and nothing else."""
    from fauxto.data.manifest import read  # noqa: PLC0415

    samples = read(data)
    with redirect_stdout(sys.stderr), _bars() as progress:  # training says how it goes; that is no result
        table: Table = protocol.run(entered, samples, out / "work", progress=progress)
    saved = table.save(out)
    if as_json:
        from fauxto.bench.table import flat  # noqa: PLC0415

        for mean, rows in ((False, table.rows), (True, table.means)):
            for row in rows:
                print(_json.dumps(flat(row) | {"mean": mean}, ensure_ascii=False))
    else:
        print((out / "table.md").read_text(), end="")
        print(f"\nSaved: {', '.join(map(str, saved))}", file=sys.stderr)
    return 0


@contextmanager
def _bars() -> Iterator[Callable[[str, int], Callable[[], object]]]:
    """Progress bars on standard error; nothing where that is no terminal."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:

        def start(what: str, total: int) -> Callable[[], object]:
            bar = progress.add_task(what, total=total)
            return lambda: progress.advance(bar)

        yield start
