"""Isolated workers: many requests in, one answer each out, in order, whatever happens to a worker.

Why not a library: every process pool that we know of returns results as pickles, and unpickling is
executing. Here a reply is bytes, which the caller parses as data.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from fauxto.errors import FauxtoError, ResourceError
from fauxto.run import worker

K = TypeVar("K")

WINDOW = 1024
"""So many requests are under way at most: one slow file does not stop the others, and memory is bounded."""

MAX_ANSWER = 64 * 2**20
"""Bytes; no honest worker answers more."""

_AHEAD = 2
"""Requests in a worker's hands: it works on one while the next lies ready."""

_START = 120.0
"""Seconds that a worker has to import its libraries and to open its model."""

_GRACE = 5.0
"""Seconds after a worker's own alarm should have ended it."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without an answer: its worker died, was over time, or reports a fault of the program."""

    code: Literal["worker_died", "timeout", "internal"]
    what: str


@dataclass(slots=True, eq=False)
class _Job(Generic[K]):
    key: K
    request: bytes | None
    answer: bytes | Failure | None = None
    done: bool = False

    def settle(self, answer: bytes | Failure | None) -> None:
        self.answer, self.done = answer, True


@dataclass(slots=True, eq=False)
class _Worker(Generic[K]):
    process: subprocess.Popen[bytes]
    deadline: float
    ready: bool = False
    jobs: deque[_Job[K]] = field(default_factory=deque)
    received: bytearray = field(default_factory=bytearray)


class Pool(Generic[K]):
    """At most `workers` processes; each runs what `target(settings)` returns, a function from bytes to bytes.

    `target` is a function at the top of a module, found again by its name. `seconds` is the wall time for
    one request, `memory` what one worker may allocate, in bytes. Close it, or use it in a `with`: then no
    process remains.
    """

    def __init__(
        self,
        target: Callable[[str], worker.Handler],
        settings: str,
        *,
        workers: int,
        seconds: float,
        memory: int,
        show_errors: bool = False,
    ) -> None:
        self._charge: worker.Charge = {
            "target": f"{target.__module__}:{target.__qualname__}",
            "settings": settings,
            "seconds": seconds,
            "memory": memory,
        }
        self._limit, self._seconds = max(1, workers), seconds
        self._stderr = None if show_errors else subprocess.DEVNULL
        self._workers: list[_Worker[K]] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker, at once."""
        while self._workers:
            self._end(self._workers[-1])
        self._selector.close()

    def map(self, jobs: Iterable[tuple[K, bytes | None]]) -> Iterator[tuple[K, bytes | Failure | None]]:
        """Answer each `(key, request)` with `(key, answer)`, in order; a request None gets the answer None.

        Raises `ResourceError` if a worker cannot even start, and whatever error its set-up raised.
        """
        coming = iter(jobs)
        window: deque[_Job[K]] = deque()
        waiting: deque[_Job[K]] = deque()
        exhausted = False
        while True:
            while not exhausted and len(window) < WINDOW and len(waiting) < self._limit * _AHEAD:
                item = next(coming, None)
                if item is None:
                    exhausted = True
                    break
                job = _Job(*item)
                window.append(job)
                if job.request is None:
                    job.settle(None)
                else:
                    waiting.append(job)
            self._hand_out(waiting)
            while window and window[0].done:
                job = window.popleft()
                yield job.key, job.answer
            if exhausted and not window:
                return
            if window and (exhausted or len(window) >= WINDOW or waiting):
                self._wait(waiting)

    def _hand_out(self, waiting: deque[_Job[K]]) -> None:
        """Give waiting jobs to the workers that hold least, starting workers while all are busy."""
        while waiting:
            idle = min(self._workers, key=lambda w: len(w.jobs), default=None)
            if (idle is None or idle.jobs) and len(self._workers) < self._limit:
                idle = self._start()
            if idle is None or len(idle.jobs) >= _AHEAD:
                return
            self._give(idle, waiting.popleft(), waiting)

    def _give(self, to: _Worker[K], job: _Job[K], waiting: deque[_Job[K]]) -> None:
        assert to.process.stdin is not None and job.request is not None
        if not to.jobs and to.ready:
            to.deadline = time.monotonic() + self._seconds + _GRACE
        to.jobs.append(job)
        try:
            worker.send(to.process.stdin, job.request)
        except BrokenPipeError:
            self._bury(to, waiting)

    def _start(self) -> _Worker[K]:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", worker.__name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                env={**os.environ, **_ONE_THREAD, "PYTHONPATH": _search_path()},
            )
        except OSError as error:
            raise ResourceError(
                f"A worker process could not start ({error.strerror or error}).",
                fix=f"Use fewer --workers, and check that {sys.executable or 'Python'} may be run.",
                code="worker_died",
            ) from error
        started: _Worker[K] = _Worker(process, time.monotonic() + _START)
        self._workers.append(started)
        assert process.stdin is not None and process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, started)
        with contextlib.suppress(BrokenPipeError):  # it died at once: the end of its answers will tell
            worker.send(process.stdin, json.dumps(self._charge).encode())
        return started

    def _wait(self, waiting: deque[_Job[K]]) -> None:
        """Take in what has come from the workers; bury the dead and those that are over time."""
        nearest = min(w.deadline for w in self._workers if w.jobs)
        heard = self._selector.select(max(0.0, nearest - time.monotonic()))
        for entry, _ in heard:
            self._take_in(entry.data, waiting)
        now, talking = time.monotonic(), [entry.data for entry, _ in heard]
        for late in [w for w in self._workers if w.jobs and w.deadline <= now and w not in talking]:
            self._bury(late, waiting, late=True)

    def _take_in(self, speaker: _Worker[K], waiting: deque[_Job[K]]) -> None:
        assert speaker.process.stdout is not None
        block = os.read(speaker.process.stdout.fileno(), 1 << 20)
        speaker.received += block
        honest = all(self._hear(speaker, message) for message in _messages(speaker.received))
        if not block or not honest or len(speaker.received) > MAX_ANSWER:
            self._bury(speaker, waiting)

    def _hear(self, speaker: _Worker[K], message: bytes) -> bool:
        """One message of a worker; False if it has no business to say that."""
        kind, rest = message[:1], message[1:]
        if kind == worker.REFUSED and not speaker.ready:
            raise _refusal(rest)
        if kind == worker.READY and not speaker.ready:
            speaker.ready = True
        elif kind == worker.ANSWER and speaker.ready and speaker.jobs:
            speaker.jobs.popleft().settle(rest)
        elif kind == worker.FAULT and speaker.ready and speaker.jobs:
            speaker.jobs.popleft().settle(Failure("internal", rest[:500].decode("utf-8", "replace")))
        else:
            return False
        speaker.deadline = time.monotonic() + self._seconds + _GRACE
        return True

    def _bury(self, dead: _Worker[K], waiting: deque[_Job[K]], late: bool = False) -> None:
        """End a worker. The job at its head is lost; those behind go back to the front of the queue."""
        if dead not in self._workers:
            return
        code = self._end(dead)
        if not dead.ready:
            raise ResourceError(
                f"A worker process could not start ({_cause(code)}).",
                fix="Run again with --debug to see its messages.",
                code="worker_died",
            )
        if dead.jobs:
            if late or code == -signal.SIGALRM:
                failure = Failure("timeout", f"It took more than {self._seconds:g} seconds.")
            else:
                failure = Failure("worker_died", f"The process that read it died ({_cause(code)}).")
            dead.jobs.popleft().settle(failure)
        waiting.extendleft(reversed(dead.jobs))

    def _end(self, ended: _Worker[K]) -> int:
        """Kill a worker if it still lives and wait for it; its exit status."""
        process = ended.process
        assert process.stdin is not None and process.stdout is not None
        self._workers.remove(ended)
        self._selector.unregister(process.stdout)
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # the last request may still be in the buffer
            process.stdin.close()
        return process.wait()


def _messages(received: bytearray) -> Iterator[bytes]:
    """Cut the complete messages off the front of what was received."""
    while len(received) >= 4:
        (length,) = struct.unpack_from(">I", received)
        if len(received) < 4 + length:
            return
        message = bytes(received[4 : 4 + length])
        del received[: 4 + length]
        yield message


def _refusal(message: bytes) -> FauxtoError:
    code, what, fix = json.loads(message)
    return ResourceError(what, fix=fix, code=code)


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    name = signal.Signals(-code).name
    return f"{name}, perhaps out of memory" if name == "SIGKILL" else name


def _search_path() -> str:
    """Where the parent finds modules, the child shall too; the current folder is not among them unasked."""
    package = str(Path(__file__).resolve().parents[2])
    return os.pathsep.join([*dict.fromkeys(path for path in sys.path if path), package])
