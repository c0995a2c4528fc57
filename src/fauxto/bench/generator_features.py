"""From files to features, as they stream: decode, resize and compute on all cores, each content once."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from fauxto.bench.cache import Cache
from fauxto.data.walk import Problems
from fauxto.errors import FauxtoError, InputError
from fauxto.learn.engine import Engine
from fauxto.media.decode import open_picture
from fauxto.score.generative.resize import RESIZINGS

CHUNK = 4
"""Pictures that one thread prepares and pushes through the network together; more is not faster on a CPU."""

GRAY, ALPHA = {"1", "L", "I", "I;16", "I;16B", "I;16L"}, {"LA", "La", "PA", "RGBA", "RGBa"}

Facts = dict[str, Any]


@dataclass(slots=True)
class Survey:
    """What the pictures of one set are like: what a resizing hides, and what a score then silently measures."""

    pictures: int = 0
    gray: int = 0
    alpha: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    contents: set[bytes] = field(default_factory=set)

    def add(self, content: str, facts: Facts) -> None:
        """Count one picture."""
        self.pictures += 1
        self.gray += facts["mode"] in GRAY
        self.alpha += facts["mode"] in ALPHA
        self.formats[facts["format"]] += 1
        self.sizes[facts["width"], facts["height"]] += 1
        self.contents.add(bytes.fromhex(content[:32]))

    def to_dict(self) -> dict[str, Any]:
        """As JSON, with the five commonest sizes."""
        return {
            "pictures": self.pictures,
            "distinct": len(self.contents),
            "gray": self.gray,
            "alpha": self.alpha,
            "formats": dict(self.formats),
            "sizes": len(self.sizes),
            "commonest_sizes": {f"{w}x{h}": count for (w, h), count in self.sizes.most_common(5)},
        }


@dataclass(frozen=True, slots=True)
class Preparation:
    """How pixels become what a network reads, and who reads them: the key under which features are kept."""

    engine: Engine
    network: str
    size: int
    resizing: str

    def pixels(self, picture: np.ndarray) -> np.ndarray:
        """uint8 `(h, w, 3)` to float32 `(3, size, size)` in 0 to 255."""
        return np.ascontiguousarray(RESIZINGS[self.resizing](picture, self.size).transpose(2, 0, 1))

    @property
    def name(self) -> str:
        """For caches."""
        return f"{self.resizing}-{self.size}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Features `(n, d)` of some pictures and the names of their class folders, in the order of the list."""

    features: np.ndarray
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Job:
    path: str
    name: str
    content: str
    data: bytes
    known: tuple[Facts, np.ndarray] | None


@dataclass(frozen=True, slots=True)
class _Done:
    job: _Job
    result: tuple[Facts, np.ndarray] | str


def stream(
    folder: Path,
    paths: Sequence[str],
    preparation: Preparation,
    survey: Survey,
    problems: Problems,
    *,
    cache: Cache | None = None,
    threads: int = 1,
    step: Callable[[int], object] = lambda pictures: None,
) -> Iterator[Batch]:
    """Features of the pictures at `paths` below `folder`, in their order, a batch at a time; memory does not grow.

    What cannot be decoded goes into `problems` and is left out. With a `cache` a content that is known for this network
    and resizing is neither decoded nor computed, whatever its name.
    """
    waiting: deque[Future[list[_Done]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            jobs = _jobs(folder, paths, preparation, problems, cache)
            while chunk := list(islice(jobs, CHUNK)):
                waiting.append(pool.submit(_compute, chunk, preparation))
                if len(waiting) > 2 * threads:
                    yield from _collect(waiting.popleft().result(), preparation, survey, problems, cache)
                    step(CHUNK)
            while waiting:
                yield from _collect(waiting.popleft().result(), preparation, survey, problems, cache)
                step(CHUNK)
        finally:
            pool.shutdown(cancel_futures=True)


def _jobs(
    folder: Path, paths: Sequence[str], preparation: Preparation, problems: Problems, cache: Cache | None
) -> Iterator[_Job]:
    for name in paths:
        path = os.path.join(folder, name)
        try:
            status = os.stat(path)
            stamp = status.st_size, status.st_mtime_ns
            content = cache.content(path, stamp) if cache else None
            known = cache.feature(content, preparation.network, preparation.name) if cache and content else None
            data = b""
            if content is None or known is None:
                data = Path(path).read_bytes()
                content = sha256(data).hexdigest()
                if cache:
                    cache.put_content(path, stamp, content)
                    known = cache.feature(content, preparation.network, preparation.name)
        except OSError as error:
            problems.add(name, f"it cannot be read: {error.strerror or error}")
            continue
        yield _Job(path, name, content, data, known)


def _compute(jobs: Sequence[_Job], preparation: Preparation) -> list[_Done]:
    """One thread's work on a chunk: what is known passes, the rest is decoded, resized and pushed through together."""
    done: list[_Done] = []
    fresh: list[tuple[int, Facts, np.ndarray]] = []
    for index, job in enumerate(jobs):
        done.append(_Done(job, job.known or ""))
        if job.known is None:
            try:
                opened = open_picture(job.data)
                head = opened.header
                facts = {"format": head.format, "width": head.width, "height": head.height, "mode": head.mode}
                fresh.append((index, facts, preparation.pixels(opened.read())))
            except FauxtoError as error:
                done[index] = _Done(job, str(error))
    if fresh:
        features = preparation.engine(np.stack([pixels for *_, pixels in fresh]))
        for (index, facts, _), row in zip(fresh, features, strict=True):
            done[index] = _Done(jobs[index], (facts, row))
    return done


def _collect(
    found: list[_Done],
    preparation: Preparation,
    survey: Survey,
    problems: Problems,
    cache: Cache | None,
) -> Iterator[Batch]:
    rows, classes = [], []
    for one in found:
        if isinstance(one.result, str):
            problems.add(one.job.name, one.result)
            continue
        facts, row = one.result
        if not np.isfinite(row).all():
            raise InputError(
                f"The network gives NaN or infinity for {one.job.name}.",
                fix="Its weights are damaged, or do not fit the network: check --weights.",
                code="not_finite",
            )
        if cache and one.job.known is None:
            cache.put_feature(one.job.content, preparation.network, preparation.name, facts, row)
        survey.add(one.job.content, facts)
        rows.append(row)
        classes.append(os.path.dirname(one.job.name))
    if rows:
        yield Batch(np.stack(rows), tuple(classes))
