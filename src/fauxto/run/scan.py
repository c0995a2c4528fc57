"""Scan one picture here, or many in isolated workers."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

from fauxto.errors import FauxtoError, InputError, ResourceError
from fauxto.finding import Finding
from fauxto.run import paths as listing
from fauxto.run.options import OptionKeywords, Options
from fauxto.run.pool import Failure, Pool
from fauxto.run.source import MAX_NAME, readable
from fauxto.run.task import open_scanner

if TYPE_CHECKING:
    import numpy as np

    from fauxto.run.pipeline import Scanner


def scan(
    picture: str | os.PathLike[str] | np.ndarray,
    *,
    isolate: bool = False,
    **options: Unpack[OptionKeywords],
) -> Finding:
    """The Finding of one file, address or array of pixels (uint8, height x width x 3, RGB).

    A file that cannot be read gives a Finding whose status is "error"; options that make no sense, a broken model or an
    array of another kind raise. The picture is decoded in this process: fast to repeat, but a codec that crashes takes it
    along and no wall time is kept. `isolate=True` reads a file in a worker process instead. `options`: see
    `fauxto.run.options.Options`.
    """
    chosen = Options(**options)
    if not isinstance(picture, str | os.PathLike):
        return _opened(chosen).scan_pixels(picture)
    if isolate:
        return next(scan_sources([os.fspath(picture)], chosen, workers=1))
    return _opened(chosen).scan(os.fspath(picture))


def scan_many(
    paths: Iterable[str | os.PathLike[str]],
    *,
    workers: int | None = None,
    **options: Unpack[OptionKeywords],
) -> Iterator[Finding]:
    """A Finding for every file that `paths` mean (files, folders, patterns, addresses), in order, as they come.

    Each file is read by one of `workers` processes (one a core if not given), which a crash, a hang or a bomb costs that
    file only. Memory is bounded however many files there are. Closing the iterator ends the workers.
    """
    return scan_sources(listing.expand(paths), Options(**options), workers=workers)


def scan_sources(
    sources: Iterable[str],
    options: Options,
    *,
    workers: int | None = None,
    show_errors: bool = False,
) -> Iterator[Finding]:
    """`scan_many` for sources that are already expanded; `show_errors` lets the workers write to standard error."""
    with Pool[str](
        open_scanner,
        options.to_json(),
        workers=workers or cores(),
        seconds=options.limits.seconds,
        memory=options.memory,
        show_errors=show_errors,
    ) as pool:
        for source, answer in pool.map((source, _request(source)) for source in sources):
            yield _finding(source, answer)


def cores() -> int:
    """The number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.lru_cache(maxsize=4)
def _opened(options: Options) -> Scanner:
    from fauxto.run.pipeline import Scanner  # noqa: PLC0415

    return Scanner(options)


def _request(source: str) -> bytes | None:
    request = os.fsencode(source)
    return request if len(request) <= MAX_NAME else None


def _finding(source: str, answer: bytes | Failure | None) -> Finding:
    """Read a worker's answer, which may be anything: a hostile picture may have taken the worker over."""
    path = readable(source)
    if answer is None:
        return _failed(path, InputError("The path is too long.", code="not_found"))
    if isinstance(answer, Failure):
        return _failed(path, ResourceError(answer.what, fix=_FIXES[answer.code], code=answer.code))
    try:
        return replace(Finding.from_dict(json.loads(answer)), path=path)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return _failed(
            path,
            ResourceError("Its worker gave an answer that is no Finding.", fix=_FIXES["internal"], code="internal"),
        )


_FIXES = {
    "worker_died": "The file may be crafted to do harm: handle it with care.",
    "timeout": "If you trust the file, raise the limit with --limit-seconds.",
    "internal": "This is a fault of fauxto: run again with --debug and report what it says.",
}


def _failed(path: str, error: FauxtoError) -> Finding:
    return Finding(
        path, status="error", error={"code": error.code, "what": error.what, "fix": error.fix}
    )
