"""All that a running service holds: opened once, closed once, asked by the routes."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import math
import threading
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from fauxto.errors import InputError, PolicyError
from fauxto.finding import Finding
from fauxto.run.model import load
from fauxto.run.preview import Previews
from fauxto.serve.access import Limiter
from fauxto.serve.engine import Engine
from fauxto.serve.files import Files
from fauxto.serve.layers import Layers
from fauxto.serve.metrics import Metrics
from fauxto.serve.settings import Settings
from fauxto.serve.signals import Signals
from fauxto.serve.store import history, queue
from fauxto.serve.store.database import Database
from fauxto.serve.store.tables import Job, Scan
from fauxto.serve.turnstile import Turnstile

SWEEP = 5.0
"""Seconds between two looks for scans whose time is over."""

_log = logging.getLogger(__name__)


class Service:
    """The parts of a service and their lives. Raises what `Database`, the model and the folder raise."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        model = load(settings.options.model, settings.options.backend)
        self.model, self.reads_thoroughly = model.identity, model.reads_thoroughly
        self._lock = _own(settings.folder) if settings.url.startswith("sqlite") else None
        self.files = Files(settings.folder)
        self.database = Database(settings.url)
        self.signals, self.limiter = Signals(), Limiter()
        self.metrics = Metrics(self.depth)
        self.engine = Engine(self.database, self.files, settings, self.signals, self.metrics)
        self._ends = contextlib.ExitStack()
        self._previews, self._previewing = self._ends.enter_context(Previews(settings.options)), Turnstile()
        self.layers = self._ends.enter_context(contextlib.closing(Layers(self.files, settings.options)))
        self.uploading = self.streams = 0
        self._owed = True  # a crash may have come between a deletion and its end
        self._stop = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, name="fauxto-sweep", daemon=True)

    def start(self) -> None:
        """Begin to scan and to sweep."""
        self.engine.start(alone=self._lock is not None)
        self._sweeper.start()

    def close(self) -> None:
        """End everything; what was not finished stays in the queue."""
        self._stop.set()
        self.engine.stop()
        if self._sweeper.is_alive():
            self._sweeper.join(SWEEP)
        self._ends.close()
        self.database.close()
        if self._lock is not None:
            self._lock.close()

    def depth(self) -> int:
        """Scans that are not finished."""
        with self.database.read() as session:
            return queue.waiting(session)

    def check_room(self, kind: type[Scan] | type[Job], owner: str, key: str | None) -> None:
        """Raise `queue.FullError` while the queue is full, before a body is read.

        Whoever repeats a request that was accepted before is let in: it asks for no room.
        """
        with self.database.read() as session:
            if key is None or not queue.is_known(session, kind, owner, key):
                queue.check_room(session, 1, self.settings.queue)

    def retry_after(self) -> int:
        """Seconds after which a full queue will have room: a tenth of it, at the mean time of a scan so far."""
        seconds = self.settings.queue / 10 * self.metrics.mean_scan_seconds() / self.engine.workers
        return max(1, min(60, math.ceil(seconds)))

    def preview(self, finding: Finding, scan: str) -> np.ndarray | None:
        """The pixels of a scanned picture, decoded in a worker.

        Raises `ResourceError` where that fails, `ServiceError` "busy" where too many wait for it.
        """
        with self._previewing:
            return self._previews(replace(finding, path=str(self.files.original(scan))))

    def forget(self, scans: list[str]) -> None:
        """Remove the files of scans whose rows are gone, and what the database remembers of those."""
        self.files.delete(scans)
        self._owed = True
        with contextlib.suppress(SQLAlchemyError):  # the next sweep does it
            self._owed = not self.database.forget_deleted()

    def _sweep(self) -> None:
        """Delete what is over, and rubbish that a crash has left."""
        rounds = 0
        while not self._stop.wait(SWEEP if rounds else 0.1):
            try:
                self.sweep(orphans=rounds % 100 == 0)
            except Exception:
                _log.exception("Scans whose time is over could not be deleted; it is tried again.")
            rounds += 1

    def sweep(self, *, orphans: bool = False) -> None:
        """Delete scans whose time is over; with `orphans`, folders without a row too."""
        with self.database.write() as session:
            over = history.expire(session)
        if over or self._owed:
            self.metrics.deleted.inc(len(over))
            self.forget(over)
        if orphans:
            self.files.sweep(self._known)

    def _known(self, ids: list[str]) -> set[str]:
        with self.database.read() as session:
            return history.known(session, ids)


def _own(folder: Path) -> IO[str]:
    """Lock the folder for this process: SQLite serves one server. The lock ends with the process, however it ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = open(folder / "server.lock", "w", encoding="ascii")  # noqa: SIM115  # held as long as we live
    except OSError as error:
        raise InputError(
            f"The folder {folder} cannot be used: {error.strerror}.", fix="Choose another --folder.", code="usage"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise PolicyError(
            f"Another service uses {folder}.", fix="Stop it, or choose another --folder and --port.", code="usage"
        ) from error
    return lock
