"""`fauxto bench`: compare systems under a protocol; the table goes to a folder, with figures."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from fauxto.cli.check import require_lab

if TYPE_CHECKING:
    from fauxto.bench.table import Table

Mode = Literal["matrix", "leave-generator-out", "leave-source-out"]
Column = Literal["generator", "family", "source", "content"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Contest:
    """What every protocol asks: who takes part, on what, with how much training.

    Parameters
    ----------
    data
        A manifest (.csv or .parquet) that names generators.
    detectors
        Slugs such as npr, your own Python files, NAME@BACKBONE where one is needed (a folder or file,
        efficientnet-lite0, or tiny), and any of these with =WEIGHTS behind to test it without training.
    out
        Folder for table.md, table.parquet, table.json and the figures; the work of a stopped run lies there too.
    crops
        Training crops shown in each run: the same for every detector.
    crop
        Side of a training crop in pixels.
    seeds
        Seeds of weights, batches and augmentations; the more, the wider the view.
    most
        At most this many test pictures of a class in each test set; 0 for all.
    matched
        The chain that both classes go through beside the raw files.
    patches
        Windows of 256 pixels cut from each training picture.
    window
        Every detector that stands on no backbone reads one central window of this side instead of its own.
    batch_size
        Instead of each detector's published one: with few crops a large batch leaves too few steps.
    workers
        Processes that cut and launder crops.
    json
        Print one JSON object a row instead of the page.
    """

    data: Path
    detectors: tuple[str, ...]
    out: Path
    crops: int = 8000
    crop: int = 96
    seeds: tuple[int, ...] = (0,)
    most: int = 0
    matched: str = "jpeg:90"
    patches: int = 4
    window: int | None = None
    batch_size: int | None = None
    workers: int = 1
    json: bool = False

    def budget(self) -> dict[str, Any]:
        """The arguments that every protocol takes alike."""
        from fauxto.learn.fit import Plan  # noqa: PLC0415

        return {
            "crops": self.crops,
            "plan": Plan(crop=self.crop, batch_size=self.batch_size, precision="32-true", workers=self.workers),
            "seeds": self.seeds,
            "patches": self.patches,
            "most": self.most,
            "matched": self.matched,
        }

    def run(self, protocol: Any) -> int:
        """Run a protocol and save its table; on standard output the page, or rows as JSON, and nothing else."""
        from fauxto.bench.contender import contenders  # noqa: PLC0415
        from fauxto.data.manifest import read  # noqa: PLC0415

        entered, samples = contenders(self.detectors, self.window), read(self.data)
        with redirect_stdout(sys.stderr), _bars() as progress:  # training says how it goes; that is no result
            table: Table = protocol.run(entered, samples, self.out / "work", progress=progress)
        saved = table.save(self.out)
        if self.json:
            from fauxto.bench.table import flat  # noqa: PLC0415

            for mean, rows in ((False, table.rows), (True, table.means)):
                for row in rows:
                    print(_json.dumps(flat(row) | {"mean": mean}, ensure_ascii=False))
        else:
            print((self.out / "table.md").read_text(), end="")
            print(f"\nSaved: {', '.join(map(str, saved))}", file=sys.stderr)
        return 0


def cross_generator(
    contest: Contest,
    *,
    mode: Mode = "leave-generator-out",
    by: Column = "generator",
    held_out_reals: tuple[str, ...] = (),
    together: tuple[str, ...] = (),
) -> int:
    """Train every detector on some generators or sources and test it on others; run it again to go on.

    Parameters
    ----------
    mode
        matrix: train on each generator alone, test on all. The others leave one out.
    by
        The column of the manifest that tells generators (and held-out reals) apart.
    held_out_reals
        Reals with these values of that column are tested on and never trained on.
    together
        Leave several out in one run, to train less: sd15,sdxl is one word; repeat the option for more runs.
    """
    require_lab()
    from fauxto.bench.cross_generator import CrossGenerator  # noqa: PLC0415

    words = tuple(tuple(some.split(",")) for some in together)
    return contest.run(
        CrossGenerator(mode=mode, by=by, held_out_reals=held_out_reals, together=words, **contest.budget())
    )


def aigibench(
    contest: Contest,
    *,
    tasks: tuple[int, ...] = (1, 2, 3, 4),
    first: tuple[str, ...] = (),
    second: tuple[str, ...] = (),
) -> int:
    """AIGIBench's four tasks: a second training source, degraded copies, augmentation, resize against crop.

    The manifest's rows have a generator and the split train or test. Setting II has crops in proportion to its
    generators.

    Parameters
    ----------
    tasks
        Which of the four; detectors with weights of their own take part in 2 and 4.
    first
        Generators of Setting I, instead of ProGAN.
    second
        Generators that Setting II adds, instead of Stable Diffusion 1.4.
    """
    require_lab()
    from fauxto.bench.aigibench import SETTINGS, AIGIBench  # noqa: PLC0415

    one = first or SETTINGS["I"]
    settings = {"I": one, "II": (*one, *(second or SETTINGS["II"][1:]))}
    return contest.run(AIGIBench(tasks=tasks, settings=settings, **contest.budget()))


def imaginet(contest: Contest, *, size: int = 256, largest: int = 1000, calibrated: int = 40) -> int:
    """ImagiNet: re-posted test pictures, calibrated detectors, balanced accuracy by kind of generator and content.

    The manifest's rows have a generator and the split train, test or calibration.

    Parameters
    ----------
    size
        Side of a prepared test picture in pixels.
    largest
        The largest side of the random square that a test picture is cut to before it is scaled.
    calibrated
        Training pictures of each class to calibrate on, where the manifest has no split calibration.
    """
    require_lab()
    from fauxto.bench.imaginet import ImagiNet  # noqa: PLC0415

    return contest.run(ImagiNet(size=size, largest=largest, calibrated=calibrated, **contest.budget()))


def aria(contest: Contest, *, by_category: bool = True) -> int:
    """ARIA: train on one generator and method (column architecture: T2I, I2I), test on all; pairs are never cut.

    Parameters
    ----------
    by_category
        Add a row for each category (column content) of the family that was trained on.
    """
    require_lab()
    from fauxto.bench.aria import ARIA  # noqa: PLC0415

    return contest.run(ARIA(by_category=by_category, **contest.budget()))


def mri_gans(
    *,
    out: Path,
    data: tuple[str, ...] = (),
    models: tuple[str, ...] = ("vanilla", "dcgan", "wgan"),
    degradation: Literal["undersampled", "noisy", "halved"] = "undersampled",
    size: int = 64,
    steps: int = 1000,
    batch_size: int = 32,
    width: int = 64,
    l1: float = 100.0,
    adversarial: float = 1.0,
    speed: float = 1.0,
    seeds: tuple[int, ...] = (0,),
    pooled: bool = False,
    leaky: bool = False,
    frame: int | None = None,
    json: bool = False,
) -> int:
    """GANs that repair slices of patients, beside the input, its median filter, and the same networks under L1 alone.

    Splits by patient, trains, and scores unseen slices by PSNR and SSIM, whole and over the foreground, with rank tests
    over patients. Writes OUT/table.md, table.json and pictures; run it again to go on from OUT/work.

    Parameters
    ----------
    out
        Folder of the study.
    data
        A folder of DICOM, NIfTI or grey pictures for each organ, NAME=FOLDER; without any, phantoms of knee, heart and
        brain.
    models
        Which of vanilla, dcgan, wgan and wgan-gp.
    degradation
        What is to be repaired: a quarter of k-space's lines, Rician noise, or half the resolution.
    size
        Side of the slices in pixels: 32, 64, 128 or 256.
    steps
        Steps of each generator.
    batch_size
        Slices a step.
    width
        Channels of the first convolution; 64 as published.
    l1
        Weight of the L1 term; 0 leaves the adversary alone.
    adversarial
        Weight of the adversary.
    speed
        Multiplies the published learning rates: 10, say, for few steps.
    seeds
        Seeds of weights and batches.
    pooled
        Train one GAN on all organs instead of one on each.
    leaky
        Split by slice instead of by patient, to see how much too good the figures get.
    frame
        Which frame of 4-D NIfTI files.
    json
        Print the report as one JSON object instead of the page.
    """
    require_lab()
    from fauxto.bench.mri_gans import MRIGANs, phantom_organs  # noqa: PLC0415
    from fauxto.cli.data import progress as one_bar  # noqa: PLC0415
    from fauxto.data.slices.slice_set import read_organs  # noqa: PLC0415
    from fauxto.generate.mri_gans import Schedule, named  # noqa: PLC0415

    chosen = tuple(named(model) for model in models)
    with one_bar(None, "reading") as step:
        organs = read_organs(data, size, frame=frame, step=step) if data else phantom_organs(size)
    for organ, slices in organs.items():
        for place, what in slices.problems.shown:
            print(f"left out of {organ}: {place}: {what}", file=sys.stderr)
    study = MRIGANs(
        models=chosen,
        degradation=degradation,
        schedule=Schedule(steps=steps, batch=batch_size, l1=l1, adversarial=adversarial, speed=speed),
        width=width,
        seeds=seeds,
        pooled=pooled,
        twins=bool(l1 and adversarial),
        leaky=leaky,
    )
    with _bars() as progress:
        report = study.run(organs, out, progress=progress)
    saved = report.save(out)
    print(_json.dumps(report.to_dict(), ensure_ascii=False) if json else saved[1].read_text(), end="\n" if json else "")
    print(f"Saved: {', '.join(map(str, saved))}", file=sys.stderr)
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
