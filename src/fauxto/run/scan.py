"""Scan one picture here, or many in isolated workers, with a journal where the results are kept."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from fauxto import __version__
from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.finding import Finding
from fauxto.run import paths as listing
from fauxto.run.answer import read_answer
from fauxto.run.options import OptionKeywords, Options
from fauxto.run.pool import Failure, Pool
from fauxto.run.source import MAX_NAME, readable
from fauxto.run.task import open_scanner, settings_of

if TYPE_CHECKING:
    import numpy as np

    from fauxto.run.journal import Journal, Stamp
    from fauxto.run.pipeline import Scanner

Findings = Generator[Finding, None, None]

_log = logging.getLogger(__name__)


def scan(
    picture: str | os.PathLike[str] | np.ndarray,
    *,
    isolate: bool = False,
    **options: Unpack[OptionKeywords],
) -> Finding:
    """The Finding of one file, address or array of pixels (uint8, height x width x 3, RGB).

    A file that cannot be read gives a Finding whose status is "error"; options that make no sense, a broken
    model or an array of another kind raise. The picture is decoded in this process: quick to repeat, but a
    codec that crashes takes the process along, and no wall time is kept. `isolate=True` has a worker process
    read the file instead. `options` are the fields of `fauxto.run.options.Options`.
    """
    chosen = Options(**options)
    if not isinstance(picture, str | os.PathLike):
        _check_array(picture)
        return _opened(chosen).scan_pixels(picture)
    if isolate:
        with closing(scan_sources([os.fspath(picture)], chosen, workers=1)) as found:
            return next(found)
    return _opened(chosen).scan(os.fspath(picture))


def scan_many(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    workers: int | None = None,
    out: str | os.PathLike[str] | None = None,
    **options: Unpack[OptionKeywords],
) -> Findings:
    """A Finding for every file that `paths` mean (files, folders, patterns, addresses; one or many), in order.

    Each file is read in one of `workers` processes (one a core if not given); one that crashes, hangs or
    runs out of memory costs that file only. Memory is bounded however many files there are. Closing the
    iterator ends the workers. With `out`, see `scan_into`.
    """
    named = [paths] if isinstance(paths, str | bytes | os.PathLike) else paths  # a text is no list of its letters
    sources, chosen = listing.expand(named), Options(**options)
    if out is not None:
        return scan_into(Path(out), sources, chosen, workers=workers)
    return scan_sources(sources, chosen, workers=workers)


def scan_into(
    out: Path,
    sources: Iterable[str],
    options: Options,
    *,
    workers: int | None = None,
    show_errors: bool = False,
) -> Findings:
    """Scan into the Parquet file `out`, which appears when the last Finding has been taken.

    `out`.journal remembers every file on the way: interrupted at any moment, the same call goes on, and every
    file is in `out` exactly once. `out` holds the files of the latest call only. Raises `PolicyError` for an
    `out` or a journal that is not ours.
    """
    from fauxto.run import parquet  # noqa: PLC0415
    from fauxto.run.journal import Journal  # noqa: PLC0415
    from fauxto.run.model import load  # noqa: PLC0415

    parquet.check_target(out)
    model = load(options.model, options.backend, thorough=options.thorough)
    described = model.description_sha256
    if options.localize:
        from fauxto.run.localizer import load_localizer  # noqa: PLC0415

        described += load_localizer(backend=options.backend).description_sha256
    fingerprint = options.fingerprint(described, __version__)
    about = {"version": __version__, "fingerprint": fingerprint, **model.identity}
    with Journal(journal_of(out), fingerprint) as journal:
        if journal.set_aside:
            _log.warning("The journal was damaged and is now %s; all files are scanned again.", journal.set_aside)
        yield from scan_sources(sources, options, workers=workers, journal=journal, show_errors=show_errors)
        parquet.write(out, journal.findings(), about)


def journal_of(out: Path) -> Path:
    """The journal that belongs to a results file."""
    return out.with_name(out.name + ".journal")


def scan_sources(
    sources: Iterable[str],
    options: Options,
    *,
    workers: int | None = None,
    journal: Journal | None = None,
    show_errors: bool = False,
) -> Findings:
    """Scan what is already expanded; `show_errors` lets the workers write to standard error."""
    known = (journal.path, journal.fingerprint) if journal else None
    with Pool[_Item](
        open_scanner,
        settings_of(options, known),
        workers=workers or cores(),
        seconds=options.limits.seconds,
        memory=options.memory,
        show_errors=show_errors,
    ) as pool:
        for item, answer in pool.map((item, item.request()) for item in _items(sources, journal)):
            finding = item.known or finding_of(item.source, answer)
            if journal and not item.known:
                journal.record(item.source, item.stamp, finding)
            yield finding


def cores() -> int:
    """The number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class _Item:
    """A source on its way; `known` where the journal has its Finding already."""

    source: str
    stamp: Stamp | None = None
    known: Finding | None = None

    def request(self) -> bytes | None:
        """What a worker has to do for it, if anything."""
        request = os.fsencode(self.source)
        return request if self.known is None and len(request) <= MAX_NAME else None


def _items(sources: Iterable[str], journal: Journal | None) -> Iterator[_Item]:
    if journal is None:
        yield from map(_Item, sources)
        return
    from fauxto.run.journal import stamp  # noqa: PLC0415

    for source in sources:
        if journal.enter(source):
            now = stamp(source)
            yield _Item(source, now, journal.recall(source, now))


@functools.lru_cache(maxsize=4)
def _opened(options: Options) -> Scanner:
    from fauxto.run.pipeline import Scanner  # noqa: PLC0415

    return Scanner(options)


_FIXES = {
    "worker_died": "The file may be crafted to do harm: handle it with care.",
    "timeout": "If you trust the file, raise the limit with --limit-seconds.",
    "internal": "This is a fault of fauxto: run again with --debug and report what it says.",
}


def finding_of(source: str, answer: bytes | Failure | None) -> Finding:
    """Read a worker's answer on a source, which may be anything: a hostile picture may have taken the worker over."""
    path = readable(source)
    if answer is None:
        too_long = InputError("The path is too long.", fix="Check the list of paths.", code="not_found")
        return _failed(path, too_long)
    if isinstance(answer, Failure):
        return _failed(path, ResourceError(answer.what, fix=_FIXES[answer.code], code=answer.code))
    try:
        return replace(read_answer(answer), path=path)
    except ValueError:
        strange = ResourceError("Its worker's answer is no Finding.", fix=_FIXES["internal"], code="internal")
        return _failed(path, strange)


def _check_array(picture: object) -> None:
    import numpy as np  # noqa: PLC0415

    if not isinstance(picture, np.ndarray):
        raise InputError(
            f"Expected a path or an array of pixels; got {type(picture).__name__}.",
            fix="Give the path of the file, or np.asarray(image.convert('RGB')).",
        )


def _failed(path: str, error: FauxtoError) -> Finding:
    return Finding(path, status="error", error={"code": error.code, "what": error.what, "fix": error.fix})
