"""Waiting for a scan as long as the caller prefers (RFC 7240)."""

from __future__ import annotations

import re
import time

from fastapi import Request
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from fauxto.serve import schema, views
from fauxto.serve.problems import ServiceError
from fauxto.serve.service import Service
from fauxto.serve.signals import wait
from fauxto.serve.store import history
from fauxto.serve.store.keys import Caller
from fauxto.serve.store.tables import Scan

DEFAULT, LONGEST = 10.0, 30.0
"""Seconds that a POST waits when it says nothing, and at most."""

_POLL = 1.0
"""Seconds between two looks at the database: another server may have finished the scan."""

_WAIT = re.compile(r"\bwait=(\d{1,6})\b")


def preferred(request: Request, default: float) -> float:
    """How long a caller wants to wait, in seconds."""
    prefer = request.headers.get("prefer", "")
    if "respond-async" in prefer and "wait" not in prefer:
        return 0.0
    found = _WAIT.search(prefer)
    return min(LONGEST, float(found[1])) if found else default


async def finished(service: Service, caller: Caller, scan: str, seconds: float) -> schema.Scan:
    """A scan when it is done, or as it is after `seconds`."""
    until = time.monotonic() + seconds
    with service.signals.listen(scan) as rung:
        while (left := until - time.monotonic()) > 0:
            if await run_in_threadpool(_is_over, service, scan) or await wait(rung, min(left, _POLL)):
                break
    return await run_in_threadpool(look, service, caller, scan)


def look(service: Service, caller: Caller, scan: str) -> schema.Scan:
    """A scan as it is now."""
    with service.database.read() as session:
        row = session.get(Scan, scan)
        if row is None or caller.sees not in (None, row.owner):
            raise missing()
        ahead = history.ahead(session, row) if row.status == "queued" else None
        return views.scan(row, ahead)


def _is_over(service: Service, scan: str) -> bool:
    """Whether there is nothing to wait for: the scan is done, or deleted."""
    with service.database.read() as session:
        return session.scalar(select(Scan.status).where(Scan.id == scan)) in (None, "done")


def missing() -> ServiceError:
    """What is answered for a scan that is not there, and for one of somebody else: nobody learns which."""
    return ServiceError("There is no such scan or job.", fix="It may have been deleted.", code="not_found")
