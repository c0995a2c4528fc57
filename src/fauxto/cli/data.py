"""`fauxto data`: from a folder of pictures to a manifest; what is in one; its splits; its leaks."""

from __future__ import annotations

import json as _json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fauxto.cli.check import require_lab
from fauxto.cli.parameters import Seed
from fauxto.cli.render import printable
from fauxto.errors import FauxtoError, InputError

if TYPE_CHECKING:
    from fauxto.data.audit import Audit
    from fauxto.data.manifest import Sample
    from fauxto.data.walk import Problems

Flag = Annotated[bool, Parameter(negative="")]
CLEAN, LEAKY = 0, 1


def index(
    folder: Path, /, *, out: Path, layout: str = "", map: Path | None = None, measure: Flag = False, json: Flag = False
) -> int:
    """Write the manifest of a folder: of a public data set as it lies on disk, or of any real/fake folders.

    The layout is guessed from the folders and files that are there, and said; labels are read by name. Exit code 0,
    also where single files had to be left out (they are counted and named).

    Parameters
    ----------
    folder
        Searched recursively. Links that leave it and links to folders are not followed.
    out
        A .csv or .parquet file.
    layout
        genimage, forensynths, wild, ...; folders (any real and fake, 0_real and 1_fake, nature and ai).
        A wrong name lists them all.
    map
        For sets without fixed names (wild): a text file, one `regular expression = field:value, ...` a line.
    measure
        Also read every header: format, width, height, quality, sha256.
    json
        Print one JSON object.
    """
    from fauxto.data import adapters, manifest  # noqa: PLC0415
    from fauxto.data.walk import Problems  # noqa: PLC0415

    problems = Problems()
    found = adapters.index(folder, layout, problems, rules=map)
    samples = measured(found.samples, problems) if measure else found.samples
    tally = adapters.Tally()
    written = manifest.write(tally.counting(samples), out)
    if not written:
        out.unlink()
        raise InputError(
            f"{folder} holds no picture of the layout {found.layout}.",
            fix="Give the folder that holds the set, or leave --layout out to have it guessed.",
        )
    report = {
        "layout": found.layout,
        "pictures": written,
        **tally.to_dict(),
        "left_out": problems.count,
        "problems": [{"path": path, "what": what} for path, what in problems.shown],
        "published": found.published,
        "manifest": str(out),
    }
    if json:
        print(_json.dumps(report))
        return CLEAN
    print(f"layout {found.layout}: {written:,} pictures ({tally.real:,} real, {tally.fake:,} fake) written to {out}")
    for label, examples in tally.examples.items():
        print("".join(f"  {label}  {printable(line)}\n" for line in examples), end="")
    if found.published:
        print(f"published: {found.published}")
    say_problems(problems)
    return CLEAN


def describe(manifest: Path, /, *, measure: Flag = False, json: Flag = False) -> int:
    """Count the pictures of a manifest by class, generator, source, format, quality and split, with their sizes.

    Parameters
    ----------
    manifest
        A .csv or .parquet manifest.
    measure
        Read the header of every picture first, where the manifest does not say format and size.
    json
        Print one JSON object.
    """
    from fauxto.data.describe import describe as count  # noqa: PLC0415
    from fauxto.data.manifest import stream  # noqa: PLC0415
    from fauxto.data.walk import Problems  # noqa: PLC0415

    problems = Problems()
    rows = stream(manifest)
    found = count(measured(rows, problems) if measure else rows)
    if json:
        print(_json.dumps({**found, "left_out": problems.count}))
        return CLEAN
    print(f"{found['pictures']:,} pictures: " + ", ".join(f"{n:,} {label}" for label, n in found["label"].items()))
    for key, by_label in found.items():
        if key in ("pictures", "label", "short_side") or all(set(c) <= {"unknown"} for c in by_label.values()):
            continue
        for label, counts in by_label.items():
            shown = ", ".join(f"{printable(name)} {n:,}" for name, n in list(counts.items())[:12])
            more = f" and {len(counts) - 12} more" if len(counts) > 12 else ""
            print(f"{key:10} {label}  {shown}{more}")
    for label, quantiles in found["short_side"].items():
        print(f"short side {label}  " + "  ".join(f"{float(q):.0%} {side:g}" for q, side in quantiles.items()))
    say_problems(problems)
    return CLEAN


def split(
    manifest: Path,
    /,
    *,
    out: Path,
    by: str = "source,parent,duplicate",
    share: tuple[str, ...] = ("train=0.8", "calibration=0.1", "test=0.1"),
    hold_out: tuple[str, ...] = (),
    hold_out_split: str = "test",
    near: bool = True,
    seed: Seed = 0,
    json: Flag = False,
) -> int:
    """Write the manifest again with splits that cut nothing that belongs together.

    Parameters
    ----------
    manifest
        A .csv or .parquet manifest.
    out
        A .csv or .parquet file.
    by
        What must not be in two splits, separated by commas: generator, source, parent, duplicate.
    share
        A split and its share of each class, as train=0.8; give it once for each split.
    hold_out
        Name of a generator that only the split of --hold-out-split may have; may be given more than once. Generators
        whose names only contain it go into no split.
    hold_out_split
        Where the held-out generators go.
    near
        With duplicate in --by: also decode every picture and keep near-duplicates together.
    seed
        Another seed, another split.
    json
        Print one JSON object.
    """
    from fauxto.data.describe import describe as count  # noqa: PLC0415
    from fauxto.data.manifest import read, write  # noqa: PLC0415
    from fauxto.data.split import split as divide  # noqa: PLC0415
    from fauxto.data.walk import Problems  # noqa: PLC0415

    keys = [key.strip() for key in by.split(",")]
    shares = read_shares(share)
    samples = read(manifest)
    problems = Problems()
    pairs: list[tuple[int, int]] = []
    if near and "duplicate" in keys:
        from fauxto.data.similar import looks, near_duplicates  # noqa: PLC0415

        with progress(len(samples), "looking") as step:
            pairs = near_duplicates(list(looks(samples, problems, step)))
    done = divide(
        samples, shares=shares, by=keys, held_out=hold_out, held_out_split=hold_out_split, pairs=pairs, seed=seed
    )
    write(done.samples, out)
    table: dict[str, dict[str, int]] = count(done.samples)["split"]
    path, size = done.largest
    report = {
        "groups": done.groups,
        "near_duplicates": len(pairs),
        "largest_group": {"path": path, "pictures": size},
        "splits": table,
        "unread": problems.count,
        "manifest": str(out),
    }
    if json:
        print(_json.dumps(report))
        return CLEAN
    print(
        f"{len(done.samples):,} pictures in {done.groups:,} groups (by {', '.join(keys)}); the largest holds {size:,}"
    )
    for label, counts in table.items():
        print(f"  {label}  " + ", ".join(f"{name} {n:,}" for name, n in counts.items()))
    print(f"written to {out}")
    say_problems(problems)
    return CLEAN


def audit(manifest: Path, /, *, near: bool = True, most: int = 20_000, seed: Seed = 0, json: Flag = False) -> int:
    """Ask stupid probes to tell the classes apart by what is no trace of a generator: container, size, metadata, ...

    Exit code 0: no leak found. 1: the set is leaky. 2: it cannot be audited.

    Parameters
    ----------
    manifest
        A .csv or .parquet manifest.
    near
        Also decode every picture to look for near-duplicates.
    most
        Pictures of each class that are read.
    seed
        Seed of the choice and of the cross-validation.
    json
        Print one JSON object.
    """
    require_lab()
    from fauxto.data.audit import audit as run  # noqa: PLC0415
    from fauxto.data.manifest import read  # noqa: PLC0415

    samples = read(manifest)
    with progress(len(samples), "auditing") as step:
        found = run(samples, near=near, most=most, seed=seed, step=step)
    print(_json.dumps(found.to_dict()) if json else report(found))
    return LEAKY if found.leaky else CLEAN


def report(found: Audit) -> str:
    """An audit as a table, the bleeds, and what to do."""
    lines = [f"{'probe':10} {'AUC':>6} {'99 % interval':>15} {'new sources':>12}  {'worst generator':28}"]
    for row in found.probes:
        if row.auc is None or row.interval is None:
            lines.append(f"{row.name:10} {'-':>6}  {row.status} ({row.pictures:,} pictures)")
            continue
        new = f"{row.new_sources:.3f}" if row.new_sources is not None else "-"
        worst = f"{printable(row.worst)[:20]} {row.worst_auc:.3f}" if row.worst else "-"
        mark = "LEAKY" if row.leaky else ""
        spread = f"{row.interval[0]:.3f} to {row.interval[1]:.3f}"
        lines.append(f"{row.name:10} {row.auc:6.3f} {spread:>15} {new:>12}  {worst:28} {mark}".rstrip())
    for bleed in found.bleeds:
        if bleed.count:
            lines.append(f"{bleed.count:,} x {bleed.name} ({bleed.what}){' LEAKY' if bleed.leaky else ''}")
            lines += [f"    {printable(example)}" for example in bleed.examples]
    unread = "".join(f", {count:,} {reason}" for reason, count in found.unread.items())
    lines.append(f"{found.pictures:,} pictures read{unread}, {found.seconds:.0f} s, seed {found.seed}")
    lines.append(
        "This set is LEAKY: a detector can be right for the wrong reason." if found.leaky else "No leak found."
    )
    lines += [f"  {one}" for one in found.advice]
    return "\n".join(lines)


def read_shares(texts: Sequence[str]) -> dict[str, float]:
    """Splits and shares from texts such as "train=0.8". Errors: InputError."""
    shares: dict[str, float] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            shares[name.strip()] = float(value)
        except ValueError:
            raise InputError(f"{text!r} is not a split and its share.", fix="For example: --share train=0.8") from None
    return shares


def measured(samples: Iterable[Sample], problems: Problems) -> Iterator[Sample]:
    """The samples with the facts of their headers; those that cannot be read are left out and named."""
    from fauxto.data.measure import measured as one  # noqa: PLC0415

    for sample in samples:
        if sample.format and sample.width and sample.sha256:
            yield sample
            continue
        try:
            yield one(sample)
        except (FauxtoError, OSError) as error:
            problems.add(sample.path, str(error))


def say_problems(problems: Problems) -> None:
    """Count on standard error what was left out, and name the first few."""
    if problems.count:
        print(f"{problems.count:,} left out:", file=sys.stderr)
        for path, what in problems.shown[:10]:
            print(f"  {printable(path)}: {printable(what)}", file=sys.stderr)


@contextmanager
def progress(total: int | None, what: str) -> Iterator[Callable[[], object]]:
    """A step function; a bar runs on standard error when that is a terminal, without an end where `total` is None."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
