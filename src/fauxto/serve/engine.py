"""The scanning half of the service: threads that lease scans from the queue, each with a worker process of its own."""

from __future__ import annotations

import json
import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace

from fauxto.finding import Finding
from fauxto.run.pool import Failure, Pool
from fauxto.run.scan import cores, finding_of
from fauxto.serve import task
from fauxto.serve.files import Files
from fauxto.serve.metrics import Metrics
from fauxto.serve.options import keywords
from fauxto.serve.settings import Settings
from fauxto.serve.signals import Signals
from fauxto.serve.store import history, queue
from fauxto.serve.store.database import Database, now

LEASE = 15.0
"""Seconds after which the scans of a server that gives no sign of life go back into the queue."""

_BEAT = 4.0
_POLL = 1.0
_PATIENCE = 5.0

_log = logging.getLogger(__name__)

_GIVEN_UP = {
    "code": "worker_died",
    "what": f"The scan was begun {queue.ATTEMPTS} times, and each time the process that did it died.",
    "fix": "The file may be crafted to do harm: handle it with care.",
}


class Engine:
    """Scans what is in the queue, with at most `workers` processes, until it is stopped."""

    def __init__(self, database: Database, files: Files, settings: Settings, signals: Signals, metrics: Metrics):
        self._database, self._files, self._settings = database, files, settings
        self._signals, self._metrics = signals, metrics
        self.server = secrets.token_hex(16)
        self._stop, self._work = threading.Event(), threading.Condition()
        self.workers = settings.workers or cores()
        self._ready: set[int] = set()
        self._threads: list[threading.Thread] = []

    @property
    def ready(self) -> bool:
        """Whether at least one worker has opened its model."""
        return bool(self._ready)

    def start(self, *, alone: bool) -> None:
        """Begin. `alone` says that no other server can hold a lease: what is leased was lost in a crash."""
        if alone:
            self._reclaim(server=self.server)
        for name, target in [("beat", self._beat), *((f"scan-{i}", self._scan) for i in range(self.workers))]:
            thread = threading.Thread(target=target, name=f"fauxto-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the pictures in hand, if that takes a moment only; the others go back into the queue."""
        self._stop.set()
        with self._work:
            self._work.notify_all()
        for thread in self._threads:
            thread.join(_PATIENCE)

    def wake(self, scans: int = 1) -> None:
        """Tell that so many scans have come into the queue."""
        with self._work:
            self._work.notify(scans)

    def _scan(self) -> None:
        """The life of one worker: however often it dies or refuses to start, there is another."""
        options = self._settings.options
        while not self._stop.is_set():
            pool: Pool[None] = Pool(
                task.open_scanner,
                options.to_json(),
                workers=1,
                seconds=options.limits.seconds,
                memory=options.memory,
            )
            try:
                with pool:
                    self._ask(pool, task.READY)
                    self._ready.add(threading.get_ident())
                    while not self._stop.is_set():
                        self._next(pool)
            except Exception:
                _log.exception("A worker of the service cannot be used; another one is started.")
                self._stop.wait(_POLL)
            finally:
                self._ready.discard(threading.get_ident())

    def _next(self, pool: Pool[None]) -> None:
        with self._work:
            with self._database.write(lasting=False) as session:
                lease = queue.take(session, self.server, LEASE)
            if lease is None:
                self._work.wait(_POLL)
                return
        try:
            finding = self._run(pool, lease)
        except BaseException:
            self._give_back(lease, counts=False)  # no fault of the picture
            raise
        if finding is None:
            self._metrics.worker_deaths.inc()
            self._give_back(lease, counts=True)
        else:
            self._finish(lease, finding)

    def _run(self, pool: Pool[None], lease: queue.Lease) -> Finding | None:
        """The Finding of a leased scan; None where its worker died and another attempt is due."""
        path = self._files.original(lease.scan)
        asked = task.request(path, keywords(json.loads(lease.options)), lease.address)
        answer = self._ask(pool, asked)
        if isinstance(answer, Failure) and answer.code == "worker_died" and lease.attempt < queue.ATTEMPTS:
            return None
        return replace(finding_of(lease.name, answer), path=lease.name)

    def _ask(self, pool: Pool[None], asked: bytes) -> bytes | Failure | None:
        [(_, answer)] = pool.map([(None, asked)])
        return answer

    def _finish(self, lease: queue.Lease, finding: Finding) -> None:
        retention = self._settings.retention
        expires = None if retention is None else now() + int(retention * 1e6)
        original = self._files.original(lease.scan)
        size = original.stat().st_size if lease.address is not None and original.exists() else None
        with self._database.write() as session:
            finished = queue.finish(session, lease, finding, size=size, expires=expires)
        if finished is None:  # deleted, or another server's by now
            self._sweep_if_deleted(lease.scan)
            return
        self._metrics.scans.labels(finished.outcome).inc()
        self._metrics.scan_seconds.observe(finding.seconds or 0.0)
        self._signals.ring(lease.scan)
        if finished.job is not None:
            self._signals.ring(finished.job)

    def _sweep_if_deleted(self, scan: str) -> None:
        """A fetch may have written into the folder of a scan that was deleted meanwhile."""
        with self._database.read() as session:
            if not history.known(session, [scan]):
                self._files.delete([scan])

    def _give_back(self, lease: queue.Lease, *, counts: bool) -> None:
        with self._database.write() as session:
            queue.give_back(session, lease, counts=counts)

    def _beat(self) -> None:
        """Keep the leases of this server, and put back those of servers that are gone."""
        while not self._stop.wait(_BEAT):
            self._guarded(self._renew)
            self._guarded(self._reclaim)

    def _renew(self) -> None:
        with self._database.write(lasting=False) as session:
            queue.renew(session, self.server, LEASE)

    def _reclaim(self, server: str | None = None) -> None:
        with self._database.write() as session:
            hopeless = queue.reclaim(session, server=server)
        for lease in hopeless:
            self._finish(lease, Finding(lease.name, status="error", error=_GIVEN_UP))
        self.wake()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            _log.exception("The queue cannot be tended; it is tried again.")
